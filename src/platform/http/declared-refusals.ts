import { type RouteConfig, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { ERRORS, type ErrorCode } from "../error-codes.ts";
import type { ProblemStatus } from "./errors.ts";

// Which problems an operation can answer with, as its entry in the OpenAPI document lists them.

/** A code whose problem documents have members of their own: a named schema in the OpenAPI document. */
export interface DeclaredRefusal {
  code: ErrorCode;
  name: string;
  members: z.ZodRawShape;
}

/** The parts of a route's policy that decide which refusals it declares. */
interface Refusing {
  isPublic: boolean;
  isLimited: boolean;
  /** The refusals of its handler, except those that follow from the form of the route. */
  refuses: readonly (ErrorCode | DeclaredRefusal)[];
}

/** Something that a path names may not exist, or not for this caller. */
const MISSING: Readonly<Record<string, ErrorCode>> = {
  course: "course_not_found",
  version: "version_not_found",
  chapter: "item_not_found",
  problem: "item_not_found",
  item: "item_not_found",
  enrollment: "not_enrolled",
  submission: "submission_not_found",
};

const codesOf = new WeakMap<object, readonly ErrorCode[]>();

/** Notes which problems a middleware answers with: every route that uses it declares them. */
export function refusing<M extends MiddlewareHandler>(codes: readonly ErrorCode[], middleware: M): M {
  codesOf.set(middleware, codes);
  return middleware;
}

/** Every code that a route can answer with: those from its form and its middleware, and those it declares. */
export function refusalsOf(rest: Refusing, config: RouteConfig): (ErrorCode | DeclaredRefusal)[] {
  const { request } = config;
  const takesJson = request?.body?.content["application/json"] !== undefined;
  const takesBody = request?.body !== undefined;
  const refusals: (ErrorCode | DeclaredRefusal)[] = [
    "invalid_input",
    ...(takesJson ? (["malformed_json"] as const) : []),
    ...(hasField(request?.query, "cursor") ? (["invalid_cursor"] as const) : []),
    ...(rest.isPublic ? [] : (["unauthenticated", "forbidden"] as const)),
    ...namesIn(config.path).flatMap((name) => MISSING[name] ?? []),
    ...(takesBody ? (["body_too_large", "unsupported_media_type"] as const) : []),
    ...(rest.isLimited ? (["rate_limited"] as const) : []),
    ...(hasField(request?.headers, "idempotency-key") ? (["idempotency_key_reused"] as const) : []),
    ...middlewareOf(config).flatMap((one) => codesOf.get(one) ?? []),
    ...rest.refuses,
    "internal",
    "unavailable",
  ];
  return [...new Set(refusals)];
}

/** The responses for these refusals, one for each status, with its codes. */
export function refusalResponses(
  refusals: readonly (ErrorCode | DeclaredRefusal)[],
  problem: z.ZodObject,
): Record<number, object> {
  const codeOf = (one: ErrorCode | DeclaredRefusal) => (typeof one === "string" ? one : one.code);
  const byStatus = Map.groupBy(refusals, (one): ProblemStatus => ERRORS[codeOf(one)].status);
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => {
      const codes = [...new Set(found.map(codeOf))];
      const forms = found.flatMap((one) => (typeof one === "string" ? [] : [formOf(one, problem)]));
      const schema = forms.length === 0 ? problem : z.union([...forms, problem]);
      return [
        status,
        {
          description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(" "),
          content: { "application/problem+json": { schema } },
          ...(status === 429 || status === 503 ? { headers: RETRY_AFTER } : {}),
          "x-codes": codes,
        },
      ];
    }),
  );
}

const RETRY_AFTER = {
  "retry-after": { description: "Seconds after which to retry.", schema: { type: "integer" } },
} as const;

const forms = new WeakMap<DeclaredRefusal, z.ZodType>();

/** The schema of a refusal with members of its own. It is made once, so that the document has it once. */
function formOf(refusal: DeclaredRefusal, problem: z.ZodObject): z.ZodType {
  let form = forms.get(refusal);
  if (form === undefined) {
    form = problem.extend({ code: z.literal(refusal.code), ...refusal.members }).openapi(refusal.name);
    forms.set(refusal, form);
  }
  return form;
}

/** Names of the parameters of a path. */
function namesIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) => name ?? []);
}

function hasField(schema: unknown, name: string): boolean {
  return typeof schema === "object" && schema !== null && "shape" in schema && name in Object(schema.shape);
}

function middlewareOf({ middleware }: RouteConfig): object[] {
  return middleware === undefined ? [] : [middleware].flat();
}
