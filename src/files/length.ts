import type { MiddlewareHandler } from "hono";
import { respond } from "../platform/http/answers.ts";
import type { AppEnv } from "../platform/http/context.ts";
import { refuse } from "../platform/results.ts";
import { wholeNumber } from "./limits.ts";

/**
 * Demands that the length is said beforehand. R2 takes streams of known length only, the quota is reserved before the
 * first byte, and a body of unknown length would be gathered in memory by the limit on bodies.
 */
export const demandLength: MiddlewareHandler<AppEnv> = async (c, next) => {
  const isKnown = wholeNumber(c.req.header("content-length")) !== null;
  if (isKnown && c.req.header("transfer-encoding") === undefined) return next();
  return respond(c, refuse("length_required").refusal);
};

/** The route itself refuses anonymous callers, and says nothing more. */
export const demandLengthOfUsers: MiddlewareHandler<AppEnv> = (c, next) =>
  c.get("actor") === null ? next() : demandLength(c, next);
