import type { MiddlewareHandler } from "hono";
import { respond } from "../platform/http/answers.ts";
import type { AppEnv } from "../platform/http/context.ts";
import { refuse } from "../platform/results.ts";
import { wholeNumber } from "./limits.ts";

/**
 * Requires the length before the body. R2 accepts only streams of known length, the quota is reserved before the first
 * byte, and the limit on bodies would collect a body of unknown length in memory.
 */
export const demandLength: MiddlewareHandler<AppEnv> = async (c, next) => {
  const isKnown = wholeNumber(c.req.header("content-length")) !== null;
  if (isKnown && c.req.header("transfer-encoding") === undefined) return next();
  return respond(c, refuse("length_required").refusal);
};

/** The route itself refuses callers without a token, with no further information. */
export const demandLengthOfUsers: MiddlewareHandler<AppEnv> = (c, next) =>
  c.get("actor") === null ? next() : demandLength(c, next);
