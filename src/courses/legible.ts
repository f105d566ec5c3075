import type { FieldError } from "../platform/results.ts";
import { type CourseDocument, courseDocumentSchema } from "./document.ts";

/** How often what is left out may uncover another fault of form. */
const ROUNDS = 4;

/** Stands for what could not be read: no course of a person has this name. */
const UNREADABLE = "x--unreadable--x";

/** Whether something is said of a part that could not be read. */
export function isOfUnreadable({ message }: FieldError): boolean {
  return message.includes(UNREADABLE);
}

type Json = Record<string, unknown> | unknown[];

/**
 * What can be read of a document that breaks rules of its form, so that what is wrong with its meaning can be said in the
 * same answer. Parts that cannot be read are left out so that nothing false is claimed of the rest: an item whose rule is
 * malformed has none, a malformed id stands for an item that nobody names. Positions in lists stay, because paths count them.
 *
 * @param input the document as it was sent; it is not changed.
 * @returns null when it cannot be read at all.
 */
export function legibleDocument(input: unknown): CourseDocument | null {
  const copy: unknown = structuredClone(input);
  for (let round = 0; round < ROUNDS; round += 1) {
    const parsed = courseDocumentSchema.safeParse(copy);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      if (issue.code === "unrecognized_keys") for (const key of issue.keys) leaveOut(copy, [...issue.path, key]);
      else leaveOut(copy, issue.path);
    }
  }
  return null;
}

function leaveOut(document: unknown, path: readonly PropertyKey[]): void {
  const rule = path.indexOf("rule");
  // A rule is read whole or not at all: half of one would say something else.
  const place = rule === -1 ? path : path.slice(0, rule + 1);
  const last = place.at(-1);
  const parent = place
    .slice(0, -1)
    .reduce<unknown>((node, step) => (isJson(node) ? Reflect.get(node, step) : undefined), document);
  if (last === undefined || !isJson(parent)) return;
  if (last === "id") Reflect.set(parent, last, `${UNREADABLE}.${place.slice(0, -1).join("-")}`);
  else if (last === "slug") Reflect.set(parent, last, UNREADABLE);
  else if (last === "title") Reflect.set(parent, last, "?");
  else if (Array.isArray(parent)) Reflect.set(parent, last, { id: `${UNREADABLE}.${place.join("-")}`, title: "?" });
  else Reflect.deleteProperty(parent, last);
}

function isJson(node: unknown): node is Json {
  return typeof node === "object" && node !== null;
}
