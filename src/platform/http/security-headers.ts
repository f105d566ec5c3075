import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./context.ts";

/**
 * The security headers of every answer of the Worker. The pages are assets with headers of their own in `_headers`, see
 * scripts/lib/pages.ts. Answers are data: if a browser shows one as a page by mistake, it loads nothing, runs nothing
 * and appears in no frame.
 */
const HEADERS: readonly (readonly [string, string])[] = [
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
  // Two years, the minimum for the preload lists of browsers; ignored over plain HTTP, so it does not disturb a local
  // start.
  ["strict-transport-security", "max-age=63072000; includeSubDomains"],
];

/** Sets the headers above if an answer has no stricter one of its own. */
export function securityHeaders(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const { headers } = c.res;
    for (const [name, value] of HEADERS) if (!headers.has(name)) headers.set(name, value);
  };
}
