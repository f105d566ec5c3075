import { type ScimPatchOperation, scimPatch } from "scim-patch";
import { z } from "zod";
import { ok, type Result } from "../../platform/results.ts";
import { ENTERPRISE_PARTS, ENTERPRISE_SCHEMA, spelled, spelledValue, USER_SCHEMA, type UserDoc } from "./attributes.ts";
import { scimFault } from "./filter.ts";
import { ignoredIn, isKept, type ResourceName, type Said } from "./known.ts";

const objectSchema = z.record(z.string(), z.unknown());

/** Operations of one request, and characters of a path. */
const MAX_OPERATIONS = 1_000;
const MAX_PATH = 1_000;

const operationSchema = z.object({
  op: z
    .string()
    .transform((op) => op.toLowerCase())
    .pipe(z.enum(["add", "remove", "replace"])),
  path: z.string().max(MAX_PATH).optional(),
  value: z.unknown().optional(),
});
export type Operation = z.output<typeof operationSchema>;

const patchSchema = z.object({ Operations: z.array(operationSchema).min(1).max(MAX_OPERATIONS) });

/** Operations with the names of attributes as the standard spells them, and which of those are not kept. */
export interface Patch {
  operations: Operation[];
  ignored: string[];
}

/** The operations of a PATCH of a resource. @returns `invalid_input` with the rule `invalidPath` where no schema knows a name. */
export function readPatch(resource: ResourceName, body: Readonly<Record<string, unknown>>): Result<Patch> {
  const named = Object.entries(body).find(([name]) => name.toLowerCase() === "operations");
  const read = patchSchema.safeParse({ Operations: named?.[1] });
  if (!read.success) {
    return scimFault(
      "invalidSyntax",
      "A patch has a list `Operations` of {op, path, value}; op is add, remove or replace.",
    );
  }
  const given = read.data.Operations.flatMap(namingOne);
  const said = given.flatMap(({ path, value }): Said[] => (path === undefined ? [] : [[path, value]]));
  const ignored = ignoredIn(resource, said, "invalidPath");
  if (!ignored.ok) return ignored;
  const operations = given
    .filter(({ path }) => path === undefined || isKept(resource, path))
    .map(({ op, path, value }) => ({
      op,
      ...(path === undefined ? {} : { path: spelled(path) }),
      value: spelledValue(value),
    }));
  return ok({ operations, ignored: ignored.value });
}

/** Without a path, the value names the attributes: one operation for each. */
function namingOne(operation: Operation): Operation[] {
  const { op, path, value } = operation;
  const given = objectSchema.safeParse(value);
  if (path !== undefined || op === "remove" || !given.success) return [operation];
  return Object.entries(given.data).map(([name, inner]) => ({ op, path: name, value: inner }));
}

/** Attributes with parts: a patch of some parts leaves the others (RFC 7644, section 3.5.2.3). */
const COMPLEX = ["name", ENTERPRISE_SCHEMA];

/** The same operation in steps that name one part each: the library drops the parts that a value leaves out. */
function inParts({ op, path, value }: Operation): Operation[] {
  if (path === ENTERPRISE_SCHEMA && (op === "remove" || value === null)) {
    return ENTERPRISE_PARTS.map((part) => ({ op: "remove", path: `${path}:${part}` }));
  }
  const given = objectSchema.safeParse(value);
  if (op === "remove" || path === undefined || !COMPLEX.includes(path) || !given.success) {
    return [{ op, ...(path === undefined ? {} : { path }), value }];
  }
  const mark = path === ENTERPRISE_SCHEMA ? ":" : ".";
  return Object.entries(given.data).map(([name, inner]) => ({ op, path: `${path}${mark}${name}`, value: inner }));
}

/**
 * Applies a patch to a person (RFC 7644, section 3.5.2), whose paths {@link readPatch} has checked.
 * @returns the person as changed, not yet checked; `invalid_input` with the rule that RFC 7644 names.
 */
export function patchUser(doc: UserDoc, operations: readonly Operation[]): Result<unknown> {
  const fault = unfit(operations);
  if (fault !== null) return fault;
  const now = new Date(0);
  const resource = { schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA], meta: { created: now, lastModified: now }, ...doc };
  const acts = operations.flatMap(inParts).map(({ op, path, value }): ScimPatchOperation => {
    if (op === "remove") return { op, path: path ?? "", value };
    return path === undefined ? { op, value } : { op, path, value };
  });
  try {
    const changed = scimPatch(structuredClone(resource), acts, { mutateDocument: true, treatMissingAsAdd: true });
    return ok({ ...changed, emails: tidied(changed.emails, doc.emails ?? []) });
  } catch (fault) {
    const code = z.looseObject({ scimCode: z.string() }).safeParse(fault).data?.scimCode ?? "invalidPath";
    return scimFault(code, "The patch cannot be applied: a path leads to nothing, or its value does not fit.");
  }
}

/** What the library would take for a change of something else, or of nothing. */
function unfit(operations: readonly Operation[]): Result<never> | null {
  if (operations.some(({ op, path }) => op === "remove" && path === "active")) {
    return scimFault("invalidValue", "Whether somebody is active cannot be removed. Send true or false.", "active");
  }
  return null;
}

const addressSchema = z.looseObject({
  value: z.string(),
  type: z.unknown().optional(),
  primary: z.unknown().optional(),
});

/** Each address once, and the one that became primary is the only one (RFC 7644, sections 3.5.2 and 3.5.2.1). */
function tidied(emails: unknown, before: NonNullable<UserDoc["emails"]>): unknown {
  const read = z.array(addressSchema).safeParse(emails);
  if (!read.success) return emails;
  const once = new Map(read.data.map((one) => [`${one.value.toLowerCase()} ${String(one.type)}`, one]));
  const list = [...once.values()];
  const primaries = list.filter(({ primary }) => primary === true || primary === "True" || primary === "true");
  if (primaries.length < 2) return list;
  const were = new Set(before.filter(({ primary }) => primary === true).map(({ value }) => value));
  const chosen = primaries.findLast(({ value }) => !were.has(value)) ?? primaries.at(-1);
  return list.map((one) => ({ ...one, primary: one === chosen }));
}
