import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./context.ts";

/**
 * What every answer of the Worker says to browsers. The pages are assets and say theirs in `_headers`, see
 * scripts/lib/pages.ts. Answers are data: shown as a page by mistake, they load nothing, run nothing and stand in no
 * frame.
 */
const HEADERS: readonly (readonly [string, string])[] = [
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
  // Two years, the least that browsers' preload lists take; ignored over plain HTTP, so it harms no local start.
  ["strict-transport-security", "max-age=63072000; includeSubDomains"],
];

/** Sets the headers above where an answer has no stricter one of its own. */
export function securityHeaders(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    for (const [name, value] of HEADERS) if (!headers.has(name)) headers.set(name, value);
  };
}
