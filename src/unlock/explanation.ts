import { z } from "@hono/zod-openapi";
import { COMPLETION_STATES } from "./rules.ts";

// The form of an explanation: the core makes it, the API answers with it and the pages show it.

const REASON_CODES = [
  "not_completed",
  "not_attempted",
  "score_too_low",
  "score_too_high",
  "not_scored",
  "points_too_low",
  "points_too_high",
  "not_passed",
  "not_viewed",
  "not_submitted",
  "not_marked",
  "not_contributed",
  "children_incomplete",
  "progress_too_low",
  "average_too_low",
  "average_too_high",
  "total_too_low",
  "total_too_high",
  "opens_later",
  "closed",
  "enrolled_too_recently",
  "waiting_period",
  "not_in_cohort",
  "profile_differs",
  "course_not_completed",
  "missing",
  "excluded",
  "chapter_locked",
  "previous_chapter_not_completed",
  "tutorial_not_completed",
  "locked_by_staff",
  "paused",
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

/**
 * One failing leaf. Units: scores and percentages 0 to 100, days for drips; instants RFC 3339. Numbers are for people,
 * with two decimals at most; comparisons use the exact numbers.
 */
const reasonFields = {
  code: z.enum(REASON_CODES),
  item: z.string().optional(),
  title: z.string().optional(),
  required: z.union([z.number(), z.string()]).optional().openapi({
    description:
      "The required value. A score or percentage is rounded up to two decimals, so that reaching it is enough. The comparison uses the value without rounding.",
  }),
  actual: z.union([z.number(), z.string()]).nullable().optional().openapi({
    description:
      "The learner's value. A score is rounded down to two decimals, so that it is never shown too high. A percentage is rounded to the nearest value.",
  }),
  remaining: z.number().optional().openapi({
    description: "For a score, what is missing, rounded up to two decimals. For progress, how many items are missing.",
  }),
  available_at: z.string().nullable().optional().openapi({
    description: "When this reason ends by waiting alone; null if it never does, or if that would not open the item.",
  }),
  note: z.string().optional().openapi({ description: "For a pause: why." }),
  items: z.array(z.string()).optional().openapi({
    description: "For progress over a list, and for a chapter's items: the items that are not completed yet.",
  }),
};

/** What must still be done for an item's completion requirement. */
export const missingSchema = z.object(reasonFields).openapi("MissingPart");

/** How far the learner is with an item's completion requirement; only for items that have one. */
export const completionSchema = z
  .object({
    state: z.enum(COMPLETION_STATES),
    takes_mark: z.boolean().openapi({ description: "The learner is asked to mark it as done." }),
    missing: z.array(missingSchema).openapi({ description: "What is still missing; empty when the item is complete." }),
    description: z.string().openapi({ description: "The same in one sentence." }),
  })
  .openapi("ItemCompletion");
export type CompletionView = z.infer<typeof completionSchema>;

export const reasonSchema = z
  .object({
    ...reasonFields,
    missing: z.array(missingSchema).optional().openapi({
      description: "For an item that has to be complete: what its own requirement still asks for.",
    }),
  })
  .openapi("Reason");
export type Reason = z.infer<typeof reasonSchema>;

/** One thing to do, or to wait for. */
const stepSchema = z
  .object({
    action: z.enum([
      "complete",
      "attempt",
      "score",
      "pass",
      "view",
      "submit",
      "mark",
      "contribute",
      "complete_course",
      "wait",
    ]),
    item: z.string().optional(),
    course: z.string().optional().openapi({ description: "complete_course: another course." }),
    title: z.string().optional(),
    min_score: z
      .number()
      .optional()
      .openapi({ description: "Rounded up to two decimals: reaching this score is enough." }),
    below_score: z.number().optional().openapi({ description: "The score has to be less than this." }),
    min_points: z.number().optional().openapi({ description: "For a condition on points instead of a percentage." }),
    below_points: z.number().optional(),
    until: z.string().optional(),
  })
  .openapi("Step");
export type Step = z.infer<typeof stepSchema>;

const sentence = z.object({ en: z.string(), zh: z.string() });

/** One condition of an item's rule, and whether it holds. Below a `not` the wording is the denial. */
const conditionSchema = z
  .object({ met: z.boolean(), item: z.string().optional(), title: z.string().optional(), text: sentence })
  .openapi("Condition");
export type Condition = z.infer<typeof conditionSchema>;

/** The part of an explanation that says how the lock can end. */
export const lockFields = {
  conditions: z.array(conditionSchema).openapi({
    description: "Every condition of the rule, in order, and whether it is met. Empty if the item is open.",
  }),
  reasons: z
    .array(reasonSchema)
    .openapi({ description: "Every condition that is not met, in the order of the rule. Empty if the item is open." }),
  to_unlock: z.array(stepSchema).nullable().openapi({
    description:
      "The shortest list of steps that opens the item, in order: each step is possible after the steps before it. Null if the item cannot open, whatever the learner does or waits for. Waits are counted from now, as if all steps before them were done at once.",
  }),
  do_next: z.array(stepSchema).openapi({
    description: "The steps that can be done right now; if there are none, the first wait.",
  }),
};

export const explanationSchema = z.object({ item: z.string(), is_locked: z.boolean(), ...lockFields, sentence });
export type Explanation = z.infer<typeof explanationSchema>;
