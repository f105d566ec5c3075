import { z } from "@hono/zod-openapi";
import type { ActorRef, FactOutcome } from "../mirror/index.ts";
import { type BatchRow, readRows, rowErrorsSchema, rowsSchema } from "../platform/database/batch-rows.ts";
import { utf8Bytes } from "../platform/database/batches.ts";
import { courseOfItem, enrollmentId, itemIdSchema, userIdSchema } from "../platform/ids.ts";
import { happenedSchema } from "../platform/instants.ts";
import { inParallel } from "../platform/parallel.ts";
import type { FieldError } from "../platform/results.ts";
import { pointsSchema } from "../unlock/index.ts";
import { callEnrollment } from "./stub.ts";

/** The limits of facts and of bytes in one call. */
const MAX_IMPORT = 1_000;
export const MAX_IMPORT_BYTES = 1_000_000;
/** Clocks of other systems may be ahead of ours by this much; a later fact is refused. */
const MAX_CLOCK_SKEW_MS = 300_000;
const PARALLEL_OBJECTS = 24;
/** The limit of bytes for what opened and locked in one answer: it is stored under its key as one value. */
const DELTA_BYTES = 1_000_000;

const factSchema = z
  .strictObject({
    user_id: userIdSchema,
    item: itemIdSchema,
    completed: z.boolean().default(false),
    score: z.number().min(0).max(100).nullable().default(null),
    points: z
      .strictObject({ points: pointsSchema, min: pointsSchema.default(0), max: pointsSchema })
      .nullable()
      .default(null)
      .describe(
        "The score in points, with the range of this attempt. Send it instead of `score`, which is computed from it.",
      ),
    outcome: z
      .enum(["passed", "failed"])
      .nullable()
      .default(null)
      .describe("This fact passes (and so completes) or fails the item. The latest such fact counts."),
    without_score: z
      .boolean()
      .default(false)
      .describe(
        "The completion says nothing of a score. Otherwise a problem that is completed without one counts as 100 percent, if its course comes from no other platform and it has no completion requirement.",
      ),
    viewed: z
      .boolean()
      .default(false)
      .describe("The learner opened the item. Opening alone is not an attempt, but every attempt counts as opening."),
    submitted: z.boolean().default(false).describe("The learner submitted something."),
    contributed: z
      .boolean()
      .default(false)
      .describe("The learner contributed what the item asks for, as a service reports."),
    held: z
      .boolean()
      .default(false)
      .describe(
        "The score is held back: until its release, it does not count and is not shown. Each item has at most one held score, the last one sent.",
      ),
    release: z
      .boolean()
      .default(false)
      .describe(
        "The held score of the item counts from the moment of this call on. A row with `release` has no other fields.",
      ),
    at: happenedSchema.describe("When it happened. Not before 1970."),
    correct: z
      .boolean()
      .default(false)
      .describe(
        "This row replaces everything that is recorded for the item, with its own date, even if the score is lower or the item was revoked. Sending it again changes nothing.",
      ),
    relock: z
      .boolean()
      .default(false)
      .describe(
        "With `correct`: items that opened because of the replaced fact lock again, unless the rules open them now.",
      ),
  })
  .refine(({ score, points }) => score === null || points === null, {
    path: ["points"],
    message: "send send either a score or points",
    params: { rule: "only_one" },
  })
  .refine(({ held, correct, release }) => Number(held) + Number(correct) + Number(release) <= 1, {
    path: ["held"],
    message: "send only one of held, release and correct",
    params: { rule: "only_one" },
  })
  .refine((fact) => !fact.release || !tells(fact), {
    path: ["release"],
    message: "a row with release has no other fields",
    params: { rule: "only_one" },
  })
  .refine(({ completed, outcome }) => !completed || outcome !== "failed", {
    path: ["outcome"],
    message: "a failed item cannot be completed by the same row",
    params: { rule: "contradiction" },
  })
  .refine((fact) => !fact.without_score || (fact.score === null && fact.points === null), {
    path: ["without_score"],
    message: "a row with a score or points has a score",
    params: { rule: "only_one" },
  })
  .refine(({ correct, relock }) => correct || !relock, {
    path: ["relock"],
    message: "relock needs correct",
    params: { rule: "needs_correct" },
  });

/** Whether a row reports anything that the learner did. */
function tells({
  completed,
  score,
  points,
  outcome,
  viewed,
  submitted,
  contributed,
}: Record<string, unknown>): boolean {
  const isDone = [completed, viewed, submitted, contributed].includes(true);
  return isDone || [score, points, outcome].some((one) => one !== null);
}
type ImportedFact = z.output<typeof factSchema>;

/** Checks the rows of an import one by one. A repeated fact is no fault: its outcome says `unchanged`. */
export function readFacts(
  inputs: readonly unknown[],
  altered: (index: number) => FieldError | null,
): BatchRow<ImportedFact>[] {
  return readRows("facts", factSchema, inputs, altered);
}
export const importRequestSchema = z
  .strictObject({ facts: rowsSchema("ImportedFact", factSchema, MAX_IMPORT) })
  .openapi("ImportRequest");

const OUTCOMES = [
  "recorded",
  "waiting",
  "unchanged",
  "superseded",
  "held",
  "held_limit",
  "item_not_found",
  "not_enrolled",
  "in_future",
  "invalid",
  "unavailable",
] as const;
type ImportOutcome = (typeof OUTCOMES)[number];
export const importResultSchema = z
  .object({
    results: z.array(
      z
        .object({
          index: z.int(),
          outcome: z.enum(OUTCOMES).openapi({
            description:
              "`waiting`: recorded, but the item is not in the published version; the fact counts when the item returns. `held`: it waits for its release. `held_limit`: a thousand scores of the learner are held already. `superseded`: it is older than a revocation or correction of the item; send it with `correct` if it is right. `invalid`: the row breaks a rule, see `errors`. `unavailable`: send it again.",
          }),
          progress_seq: z.int().nullable(),
          errors: rowErrorsSchema,
        })
        .openapi("ImportOutcome"),
    ),
    recorded: z.int().openapi({ description: "Recorded facts, including those that wait." }),
    deltas: z.array(
      z.object({
        enrollment_id: z.string(),
        unlocked: z.array(z.string()),
        locked: z.array(z.string()),
        completed: z.array(z.string()).openapi({ description: "Items that became complete, chapters included." }),
      }),
    ),
    deltas_omitted: z.int().openapi({ description: "Learners whose changes did not fit into this answer." }),
  })
  .openapi("ImportResult");

/**
 * Records facts for many learners. Facts merge monotonically, so a repeated, reordered or half-finished import is
 * harmless; one learner's failure fails only that learner's facts (`unavailable`: send those again), and a row that
 * breaks a rule only itself (`invalid`).
 */
export async function importProgress(
  env: Env,
  rows: readonly BatchRow<ImportedFact>[],
  actor: ActorRef,
  now: number,
): Promise<z.infer<typeof importResultSchema>> {
  const outcomes: { outcome: ImportOutcome; seq: number | null; errors?: FieldError[] }[] = rows.map(() => ({
    outcome: "unavailable",
    seq: null,
  }));
  const facts = new Map<number, ImportedFact>();
  const groups = new Map<string, number[]>();
  rows.forEach((row, index) => {
    if (!row.ok) {
      outcomes[index] = { outcome: "invalid", seq: null, errors: row.errors };
      return;
    }
    const fact = row.value;
    facts.set(index, fact);
    if (Date.parse(fact.at) > now + MAX_CLOCK_SKEW_MS) {
      outcomes[index] = { outcome: "in_future", seq: null };
      return;
    }
    const id = enrollmentId(courseOfItem(fact.item), fact.user_id);
    groups.set(id, [...(groups.get(id) ?? []), index]);
  });
  const deltas: z.infer<typeof importResultSchema>["deltas"] = [];
  let room = DELTA_BYTES;
  let omitted = 0;
  await inParallel([...groups], PARALLEL_OBJECTS, async ([id, indexes]) => {
    const own = indexes.flatMap((index) => facts.get(index) ?? []);
    const result = await callEnrollment(env, id, (stub) =>
      stub.record({
        facts: own.map(({ user_id: _user, at, ...fact }) => ({ ...fact, at: Math.min(Date.parse(at), now) })),
        chapters_only: false,
        actor,
        mode: "import",
        language: "en",
        pointer: null,
        idempotency: null,
      }),
    );
    if (!result.ok) {
      const outcome: ImportOutcome = result.refusal.code === "not_enrolled" ? "not_enrolled" : "unavailable";
      for (const index of indexes) outcomes[index] = { outcome, seq: null };
      return;
    }
    const { unlocked, locked, completed = [], progress_seq } = result.value;
    indexes.forEach((index, position) => {
      const outcome: FactOutcome = result.value.outcomes[position] ?? "unchanged";
      outcomes[index] = { outcome, seq: progress_seq };
    });
    // Reported items are known already; the chapters that they complete are news.
    const isNews = completed.some((item) => own.every((fact) => fact.item !== item));
    if (unlocked.length === 0 && locked.length === 0 && !isNews) return;
    const delta = { enrollment_id: id, unlocked, locked, completed };
    room -= utf8Bytes(JSON.stringify(delta));
    if (room >= 0) deltas.push(delta);
    else omitted += 1;
  });
  return {
    results: outcomes.map(({ outcome, seq, errors }, index) => ({
      index,
      outcome,
      progress_seq: seq,
      ...(errors === undefined ? {} : { errors }),
    })),
    recorded: outcomes.filter(({ outcome }) => outcome === "recorded" || outcome === "waiting").length,
    deltas,
    deltas_omitted: omitted,
  };
}
