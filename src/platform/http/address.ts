import { z } from "@hono/zod-openapi";
import { type Refusal, refuse } from "../results.ts";

/** At most this many unknown query parameters are named in a refusal. */
const MAX_UNKNOWN = 10;

/** Names of the query parameters a route declares. */
export function namesOf(query: unknown): ReadonlySet<string> {
  return new Set(query instanceof z.ZodObject ? Object.keys(query.shape) : []);
}

/** Whether each name is written exactly like a known one. Nearly every query is, and then it need not be decoded. */
function arePlainlyKnown(query: string, known: ReadonlySet<string>): boolean {
  return query.split("&").every((pair) => known.has(pair.slice(0, (pair.indexOf("=") + 1 || pair.length + 1) - 1)));
}

/** A misspelt `dry_run` must not publish, and a misspelt `state` must not list everything. */
export function unknownParameters(url: string, known: ReadonlySet<string>): Refusal | null {
  const start = url.indexOf("?");
  if (start < 0 || arePlainlyKnown(url.slice(start + 1), known)) return null;
  const unknown = [...new Set(new URL(url).searchParams.keys())].filter((name) => !known.has(name));
  if (unknown.length === 0) return null;
  const errors = unknown.slice(0, MAX_UNKNOWN).map((name) => ({
    path: `query.${name}`,
    rule: "unrecognized_keys",
    message: "this address has no such parameter",
  }));
  return refuse("invalid_input", { errors }).refusal;
}

/** An address whose percent signs do not decode to UTF-8 could be read as a different one. */
export function spellingOf(url: string): Refusal | null {
  if (!url.includes("%")) return null;
  const { pathname, search } = new URL(url);
  for (const [path, part] of [
    ["path", pathname],
    ["query", search],
  ] as const) {
    try {
      decodeURIComponent(part);
    } catch {
      const message = "a percent sign that is not followed by UTF-8 in hex digits";
      return refuse("invalid_input", { errors: [{ path, rule: "percent_encoding", message }] }).refusal;
    }
  }
  return null;
}
