import { z } from "@hono/zod-openapi";
import { courseSlugSchema, userIdSchema } from "../../platform/ids.ts";

// The form of requests and answers is that of OpenFeature's Remote Evaluation Protocol 0.3 (OFREP, 2026). Each item of a
// course is a flag: its key is the item's id, and its value says whether the learner may open it.

/** Seconds by which an answer may be old at most, as for reads. */
const MAX_STALE_SECONDS = 3_600;
/** Seconds after which a page in the background closes its stream of change notices. */
const INACTIVITY_S = 120;

// What else a client's context holds changes nothing: the protocol's contexts are open.
const context = z.looseObject({
  targetingKey: userIdSchema.openapi({ description: "The learner." }),
  min_seq: z.int().min(0).optional().openapi({
    description: "The answer includes the write that returned this progress_seq.",
  }),
  max_stale: z.int().min(1).max(MAX_STALE_SECONDS).optional().openapi({
    description: "The answer may be this many seconds old.",
  }),
});

export const flagRequestSchema = z.looseObject({ context }).openapi("FlagRequest");
export const flagsRequestSchema = z
  .looseObject({ context: context.extend({ course: courseSlugSchema }) })
  .openapi("FlagsRequest");

export const flagSchema = z
  .object({
    key: z.string(),
    value: z.boolean().openapi({ description: "Whether the learner may open the item." }),
    reason: z.literal("TARGETING_MATCH"),
    variant: z.enum(["locked", "unlocked", "started", "completed", "not_enrolled"]).openapi({
      description: "The state of the item. One flag alone says `unlocked` of every item that is open.",
    }),
    metadata: z
      .object({
        why: z.string().optional().openapi({ description: "Of a locked item: the sentence for the learner." }),
      })
      .optional(),
  })
  .openapi("Flag");
export type Flag = z.infer<typeof flagSchema>;

export const flagsSchema = z
  .object({
    flags: z.array(flagSchema),
    metadata: z.object({ course: z.string(), snapshot_version: z.int(), course_version: z.int(), source: z.string() }),
    eventStreams: z
      .array(z.object({ type: z.literal("sse"), url: z.url(), inactivityDelaySec: z.literal(INACTIVITY_S) }))
      .optional()
      .openapi({
        description: "Of the caller's own flags: a stream that says when to ask again. Do not log its address.",
      }),
  })
  .openapi("Flags");

/** One stream of notices, as an answer names it. */
export const eventStream = (url: string) => ({ type: "sse" as const, url, inactivityDelaySec: INACTIVITY_S });
