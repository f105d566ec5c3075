import { z } from "@hono/zod-openapi";

// The forms of an enrollment's answers: the object makes them, and the API passes them on.

/** The source of an answer, and the numbers of its freshness. */
export const snapshotSchema = z
  .object({
    version: z.int(),
    source: z.enum(["snapshot", "recomputed", "realtime", "staff", "edge"]),
    computed_at: z.string(),
    progress_seq: z.int(),
    policy_seq: z.int(),
    course_version: z.int(),
    engine: z.int(),
    valid_until: z.string().nullable(),
    stale_since: z.string().optional().openapi({
      description: "Present if the answer is known to be older than the course or the policy.",
    }),
    as_of: z.string().optional().openapi({
      description:
        "With the source `edge`: when the enrollment object gave this answer. The header Age has the seconds since.",
    }),
  })
  .openapi("Snapshot");
export type SnapshotInfo = z.infer<typeof snapshotSchema>;

const deltaFields = {
  enrollment_id: z.string(),
  progress_seq: z.int(),
  policy_seq: z.int(),
  version: z.int(),
  course_version: z.int(),
  unlocked: z
    .array(z.string())
    .openapi({ description: "Items that this write opened; never one that was open before." }),
  locked: z.array(z.string()),
  completed: z.array(z.string()).optional().openapi({
    description: "Items that this write completed, including chapters that became complete with them.",
  }),
};

/** Only inside Latchkey: an earlier request with the same Idempotency-Key stored this answer. */
interface Replayed {
  replayed?: boolean;
}

export const writeAnswerSchema = z.object(deltaFields).openapi("WriteAnswer");
export type WriteAnswer = z.infer<typeof writeAnswerSchema> & Replayed;

export const submitAnswerSchema = z
  .object({
    ...deltaFields,
    submission_id: z.string(),
    item: z.string(),
    status: z.enum(["pending", "passed", "failed"]),
    score: z.number().nullable(),
    feedback: z.string().nullable(),
    number: z.int().optional().openapi({ description: "Of a verdict: which of the submission it is, from 1." }),
  })
  .openapi("SubmissionAnswer");
export type SubmitAnswer = z.infer<typeof submitAnswerSchema> & Replayed;

export const enrollAnswerSchema = writeAnswerSchema
  .extend({
    created: z.boolean().openapi({ description: "The learner was not enrolled before." }),
    updated: z.boolean().openapi({ description: "The enrollment existed, and something in it has changed." }),
  })
  .openapi("EnrollAnswer");
export type EnrollAnswer = z.infer<typeof enrollAnswerSchema> & Replayed;
