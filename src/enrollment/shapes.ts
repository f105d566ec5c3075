import { z } from "@hono/zod-openapi";
import { instantSchema } from "../platform/instants.ts";
import { type Result, refuse } from "../platform/results.ts";

/** The content of a pause, for one learner or for many. */
export const pauseFields = {
  reason: z.string().trim().min(3).max(500).openapi({ description: "The learner reads it." }),
  until: instantSchema
    .nullable()
    .default(null)
    .openapi({ description: "When the pause ends by itself; null: it lasts until it is ended." }),
};

/** A requested pause; refused if it would end before it begins. */
export function pauseAsked(
  { reason, until }: { reason: string; until: string | null },
  now: number,
): Result<{ reason: string; until: number | null }> {
  const at = until === null ? null : Date.parse(until);
  if (at === null || at > now) return { ok: true, value: { reason, until: at } };
  const message = "The pause would end before it begins.";
  return refuse("invalid_input", { errors: [{ path: "until", rule: "in_past", message }] });
}
