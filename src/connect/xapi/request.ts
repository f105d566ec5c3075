import type { MiddlewareHandler } from "hono";
import { publicOrigin } from "../../mail/index.ts";
import type { AppContext, AppEnv } from "../../platform/http/context.ts";
import { toInstant } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";

// What is common to all requests of record stores: 1.0.3 part 3, sections 1.3 (alternate syntax) and 3.3 (versions).

export const VERSIONS = ["1.0.3", "2.0.0"] as const;
const VERSION_HEADER = "x-experience-api-version";
export const THROUGH_HEADER = "x-experience-api-consistent-through";

/** A request as the specification has it, whichever syntax it came in. */
export interface XapiRequest {
  method: string;
  major: 1 | 2;
  query: ReadonlyMap<string, string>;
  headers: Headers;
  body: () => Promise<Uint8Array>;
}

const wrongVersion = (message: string) =>
  refuse("invalid_input", { errors: [{ path: "header.x-experience-api-version", rule: "version", message }] });

/** A field that stands for a header holds what a header may hold. */
const badField = (name: string) =>
  refuse("invalid_input", {
    errors: [{ path: name, rule: "header", message: "one line of at most 2,000 ASCII characters" }],
  });

function majorOf(version: string | null): 1 | 2 | null {
  if (version === null) return null;
  if (/^1\.0(?:\.\d+)?$/.test(version)) return 1;
  return /^2\.0(?:\.\d+)?$/.test(version) ? 2 : null;
}

/** Headers that every answer has, refusals too. Set last, so that they say which version answered. */
export function xapiHeaders(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const major = majorOf(c.req.header(VERSION_HEADER) ?? null);
    // Whoever names no version is told of the first one, which is what they are likely to speak.
    c.res.headers.set(VERSION_HEADER, major === 2 ? VERSIONS[1] : VERSIONS[0]);
    // Clients compare it with Consistent-Through. The platform sets it, a local installation does not.
    if (!c.res.headers.has("date")) c.res.headers.set("date", new Date().toUTCString());
    c.res.headers.set("vary", "x-experience-api-version");
    if (!c.res.headers.has(THROUGH_HEADER)) c.res.headers.set(THROUGH_HEADER, toInstant(Date.now()));
    if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
  };
}

/** Fields of a form that stand for headers in the alternate syntax. */
const FORM_HEADERS = [
  "authorization",
  "x-experience-api-version",
  "content-type",
  "content-length",
  "if-match",
  "if-none-match",
  "accept-language",
];

/**
 * A request in either syntax. The alternate one is a POST with the method as its only parameter and everything else in a form;
 * 2.0 has it no more.
 */
export async function xapiRequest(c: AppContext): Promise<Result<XapiRequest>> {
  const url = new URL(c.req.url);
  const method = url.searchParams.get("method");
  if (method === null) {
    const major = majorOf(c.req.header(VERSION_HEADER) ?? null);
    if (major === null) return wrongVersion("names the version: 1.0.x or 2.0.x");
    return ok({
      method: c.req.method === "HEAD" ? "GET" : c.req.method,
      major,
      query: new Map(url.searchParams),
      headers: c.req.raw.headers,
      body: async () => new Uint8Array(await c.req.arrayBuffer()),
    });
  }
  if (c.req.method !== "POST" || !["GET", "PUT", "POST", "DELETE"].includes(method)) {
    return refuse("invalid_input", {
      errors: [{ path: "query.method", rule: "method", message: "a POST names GET, PUT, POST or DELETE" }],
    });
  }
  if ([...url.searchParams.keys()].length > 1) {
    const message = "in this syntax, all parameters but method are fields of the form";
    return refuse("invalid_input", { errors: [{ path: "query", rule: "unrecognized_keys", message }] });
  }
  return alternate(c, method);
}

async function alternate(c: AppContext, method: string): Promise<Result<XapiRequest>> {
  const form = new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
  const headers = new Headers(c.req.raw.headers);
  headers.delete("content-type");
  const query = new Map<string, string>();
  for (const [name, value] of form) {
    if (name === "content") continue;
    if (!FORM_HEADERS.includes(name.toLowerCase())) query.set(name, value);
    else if (/^[\t\x20-\x7e]{0,2000}$/.test(value)) headers.set(name, value);
    else return badField(name.toLowerCase());
  }
  const major = majorOf(headers.get(VERSION_HEADER));
  if (major === null) return wrongVersion("names the version: 1.0.x or 2.0.x");
  if (major === 2) return wrongVersion("version 2.0 has no alternate request syntax");
  const content = form.get("content");
  if (content === null && (method === "PUT" || method === "POST")) {
    return refuse("invalid_input", { errors: [{ path: "content", rule: "required", message: "the body as a field" }] });
  }
  if (content !== null && !headers.has("content-type")) headers.set("content-type", "application/json");
  return ok({ method, major, query, headers, body: async () => new TextEncoder().encode(content ?? "") });
}

/** Parameters of a resource that a request may have, and those it must. */
export function checkParameters(
  { query }: XapiRequest,
  known: readonly string[],
  required: readonly string[] = [],
): Result<null> {
  const errors = [
    ...[...query.keys()]
      .filter((name) => !known.includes(name))
      .slice(0, 10)
      .map((name) => ({ path: `query.${name}`, rule: "unrecognized_keys", message: "there is no such parameter" })),
    ...required
      .filter((name) => !query.has(name))
      .map((name) => ({ path: `query.${name}`, rule: "required", message: "this parameter is needed" })),
  ];
  return errors.length === 0 ? ok(null) : refuse("invalid_input", { errors });
}

/** Where this installation is reached: the home page of its own accounts. */
export function originOf(c: AppContext): string {
  return publicOrigin(c.env, c.req.url) ?? new URL(c.req.url).origin;
}
