import { z } from "@hono/zod-openapi";
import { courseSlugSchema, enrollmentIdSchema } from "../platform/ids.ts";
import { MAX_GROUP } from "./contract.ts";

/**
 * Bodies of queue messages. They have only ids and hints, so that any of them may arrive twice, late or in another
 * order.
 */
export const projectionMessageSchema = z.object({
  type: z.literal("project"),
  enrollment_id: enrollmentIdSchema,
  /** Announced in the same message. A consumer that does not know this field leaves them to their alarms. */
  others: z
    .array(enrollmentIdSchema)
    .max(MAX_GROUP - 1)
    .optional(),
});

export const refreshMessageSchema = z.discriminatedUnion("type", [
  /** Refreshes one snapshot; `stale_mark` is the mark to clear, null when there is none. */
  z.object({
    type: z.literal("refresh"),
    enrollment_id: enrollmentIdSchema,
    stale_mark: z.int().nullable(),
    force: z.boolean().default(false),
    /** What was invalidated; for the metrics. */
    scope: z.enum(["course", "problems"]).default("course"),
  }),
  /**
   * Refreshes the recently active learners of a course after a publish, a page at a time; without a step, from the
   * first.
   */
  z.object({
    type: z.literal("warm"),
    course: courseSlugSchema,
    activation: z.int(),
    cursor: z.object({ last_active_at: z.int(), id: enrollmentIdSchema }).nullable(),
    step: z.int().optional(),
  }),
  /**
   * Marks a course's enrollments stale, a page at a time; D1 has the progress. With `at` it means exactly the page that
   * begins there; without, the next one.
   */
  z.object({
    type: z.literal("mark"),
    course: courseSlugSchema,
    at: z.object({ generation: z.int(), user: z.string() }).optional(),
  }),
  /**
   * A sweep besides that of the minute: the half-minute pass, or (until an instant, with its step) the next page of a
   * backlog.
   */
  z.object({
    type: z.literal("sweep"),
    scope: z.enum(["course", "problems"]),
    until: z.int().optional(),
    step: z.int().optional(),
  }),
  /** One page of the nightly clean-up. */
  z.object({ type: z.literal("cleanup") }),
]);

export type ProjectionMessage = z.infer<typeof projectionMessageSchema>;
export type RefreshMessage = z.input<typeof refreshMessageSchema>;
