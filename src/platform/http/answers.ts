import { z } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";
import type { JSONParsed } from "hono/utils/types";
import type { Refusal } from "../results.ts";
import type { AppEnv } from "./context.ts";
import { type ProblemStatus, problemResponse } from "./errors.ts";

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .openapi("Problem");

/** Every code is declared by its status; this is for a code that a later release may add. */
export const OTHER_PROBLEM = {
  description: "A problem document (RFC 9457); `code` is from the registry in docs/developers/errors.md.",
  content: { "application/problem+json": { schema: problemSchema } },
};

/** The answer that any route may give instead of its own, declared by {@link defineRoute} under `default`. */
export type ProblemAnswer = Response & TypedResponse<JSONParsed<z.infer<typeof problemSchema>>, ProblemStatus, "json">;

/** Answers with the problem document of a refusal. */
export function respond(c: Context<AppEnv>, refusal: Refusal): ProblemAnswer {
  // SAFETY: TypedResponse has no members at run time; the body is the problem document of its schema.
  return problemResponse(refusal, c.get("requestId") ?? "") as ProblemAnswer;
}

/** An answer that fits every declared one, see {@link passOn}. */
export type PassedOn = Response & TypedResponse<never, never, never>;

/**
 * An answer whose body is sent unchanged: bytes, or JSON that was made in the declared form before. The compiler cannot
 * check it; the tests of the Worker compare every answer with its schema.
 */
export function passOn(response: Response): PassedOn {
  // SAFETY: TypedResponse has no members at run time.
  return response as PassedOn;
}
