import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { createApi } from "../../../src/api.ts";

// Compares the answers of the API with what its OpenAPI document declares, made from the same route definitions: every
// test of the Worker is a test of the document too.

interface Operation {
  id: string;
  method: string;
  /** Parts of the path; null: a parameter. */
  parts: (string | null)[];
  responses: RouteConfig["responses"];
}

let known: readonly Operation[] | undefined;
const faults = new Set<string>();

/** Every operation with what it declares, made once. */
async function operations(): Promise<readonly Operation[]> {
  known ??= (await createApi().whole()).openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== "route") return [];
    const { route } = definition;
    const parts = route.path.split("/").map((part) => (/^\{\w+\}$/.test(part) ? null : part));
    return [{ id: route.operationId ?? "", method: route.method.toUpperCase(), parts, responses: route.responses }];
  });
  return known;
}

/** The operation that answers a request: of those that fit, the one whose path says most. */
async function operationOf(method: string, path: string): Promise<Operation | undefined> {
  const parts = path.replace(/\/$/, "").split("/");
  const fitting = (await operations()).filter(
    (one) =>
      one.method === method &&
      one.parts.length === parts.length &&
      one.parts.every((part, index) => part === null || part === parts[index]),
  );
  const params = (one: Operation) => one.parts.filter((part) => part === null).length;
  return fitting.toSorted((a, b) => params(a) - params(b))[0];
}

/** Compares an answer with what its operation declares, notes where they differ, and passes the answer on. */
export async function checkedAnswer(request: Request, answer: Response): Promise<Response> {
  const operation = await operationOf(request.method, new URL(request.url).pathname);
  if (operation === undefined || answer.status === 101) return answer;
  const type = answer.headers.get("content-type")?.split(";")[0] ?? null;
  // Read here: what belongs to one request cannot be read from outside of it.
  const text = type !== null && /json$/.test(type) ? await answer.text() : null;
  const fault = faultOf(operation, answer.status, type, text);
  if (fault !== null) faults.add(fault);
  return text === null ? answer : new Response(text, answer);
}

/** What of the answers since the last call was not declared, a line each. */
export function undeclaredAnswers(): string[] {
  const found = [...faults];
  faults.clear();
  return found;
}

function faultOf(operation: Operation, status: number, type: string | null, text: string | null): string | null {
  const at = `${operation.id} answered ${status}`;
  const declared = operation.responses[status];
  const told: unknown = text === null || text === "" ? undefined : JSON.parse(text);
  if (declared === undefined) return `${at}, which is not declared (${codeOf(told) ?? type ?? "no body"})`;
  const hasBody = status !== 204 && status !== 304;
  if ("$ref" in declared || type === null || !hasBody) return null;
  const content = declared.content?.[type] ?? declared.content?.["*/*"];
  if (content === undefined || "$ref" in content) return `${at} with ${type}, which is not declared`;
  if (type === "application/problem+json") {
    const codes: unknown = Reflect.get(declared, "x-codes");
    const code = codeOf(told);
    if (!Array.isArray(codes) || !codes.includes(code)) return `${at} ${code}, which is not declared`;
  }
  if (told === undefined || !(content.schema instanceof z.ZodType)) return null;
  const read = content.schema.safeParse(told);
  if (!read.success) return `${at} in another form: ${read.error.issues.map(issueText).join("; ").slice(0, 400)}`;
  const extra = undeclaredMembers(told, read.data, "");
  return extra.length === 0 ? null : `${at} with undeclared members: ${[...new Set(extra)].slice(0, 10).join(", ")}`;
}

function issueText({ path, message }: z.core.$ZodIssue): string {
  return `${path.map((part) => (typeof part === "number" ? "[]" : String(part))).join(".")}: ${message}`;
}

function codeOf(told: unknown): string | undefined {
  return z.looseObject({ code: z.string() }).safeParse(told).data?.code;
}

/** Paths of what a schema dropped because it does not know it. */
function undeclaredMembers(told: unknown, read: unknown, path: string): string[] {
  if (Array.isArray(told) && Array.isArray(read)) {
    return told.flatMap((one: unknown, index) => undeclaredMembers(one, read[index], `${path}[]`));
  }
  if (!isObject(told) || !isObject(read)) return [];
  return Object.entries(told).flatMap(([name, value]) =>
    name in read ? undeclaredMembers(value, Reflect.get(read, name), `${path}.${name}`) : [`${path}.${name}`],
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
