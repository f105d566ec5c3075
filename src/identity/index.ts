import type { MiddlewareHandler } from "hono";
import { type AppEnv, newRouter } from "../shared/http.ts";

/** Placeholder of the contract: sets `actor` or `tokenRefusal` from the Authorization header. */
export function authentication(): MiddlewareHandler<AppEnv> {
  return async (_c, next) => next();
}

export function identityRoutes() {
  return newRouter();
}
