import { z } from "@hono/zod-openapi";
import { callEnrollment } from "../bindings.ts";
import { courseOfItem, enrollmentId, itemIdSchema, userIdSchema } from "../shared/ids.ts";
import { instantSchema } from "../shared/instants.ts";
import { inParallel } from "../shared/parallel.ts";
import type { ActorRef, FactOutcome } from "./contract.ts";

/** Facts of one call, and bytes of its body. */
export const MAX_IMPORT = 1_000;
export const MAX_IMPORT_BYTES = 1_000_000;
/** Clocks of other systems may run ahead of ours by this much; a fact further in the future is refused. */
export const MAX_CLOCK_SKEW_MS = 300_000;
const PARALLEL_OBJECTS = 24;

const factSchema = z
  .strictObject({
    user_id: userIdSchema,
    item: itemIdSchema,
    completed: z.boolean().default(false),
    score: z.number().min(0).max(100).nullable().default(null),
    at: instantSchema.openapi({ description: "When it happened." }),
  })
  .openapi("ImportedFact");
export const importRequestSchema = z
  .strictObject({ facts: z.array(factSchema).min(1).max(MAX_IMPORT) })
  .openapi("ImportRequest");

const OUTCOMES = [
  "recorded",
  "unchanged",
  "superseded",
  "item_not_found",
  "not_enrolled",
  "in_future",
  "unavailable",
] as const;
export type ImportOutcome = (typeof OUTCOMES)[number];
export const importResultSchema = z
  .object({
    results: z.array(
      z
        .object({ index: z.int(), outcome: z.enum(OUTCOMES), progress_seq: z.int().nullable() })
        .openapi("ImportOutcome"),
    ),
    recorded: z.int(),
    deltas: z.array(
      z.object({ enrollment_id: z.string(), unlocked: z.array(z.string()), locked: z.array(z.string()) }),
    ),
  })
  .openapi("ImportResult");

/**
 * Records facts for many learners. Facts merge monotonically, so a repeated, reordered or half-finished import is
 * harmless; one learner's failure fails only that learner's facts (`unavailable`: send those again).
 */
export async function importProgress(
  env: Env,
  facts: readonly z.infer<typeof factSchema>[],
  actor: ActorRef,
  now: number,
): Promise<z.infer<typeof importResultSchema>> {
  const outcomes: { outcome: ImportOutcome; seq: number | null }[] = facts.map(() => ({
    outcome: "unavailable",
    seq: null,
  }));
  const groups = new Map<string, number[]>();
  facts.forEach((fact, index) => {
    if (Date.parse(fact.at) > now + MAX_CLOCK_SKEW_MS) {
      outcomes[index] = { outcome: "in_future", seq: null };
      return;
    }
    const id = enrollmentId(courseOfItem(fact.item), fact.user_id);
    groups.set(id, [...(groups.get(id) ?? []), index]);
  });
  const deltas: z.infer<typeof importResultSchema>["deltas"] = [];
  await inParallel([...groups], PARALLEL_OBJECTS, async ([id, indexes]) => {
    const own = indexes.flatMap((index) => facts[index] ?? []);
    const result = await callEnrollment(env, id, (stub) =>
      stub.record({
        facts: own.map(({ item, completed, score, at }) => ({
          item,
          completed,
          score,
          at: Math.min(Date.parse(at), now),
        })),
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
    const { unlocked, locked, progress_seq } = result.value;
    indexes.forEach((index, position) => {
      const outcome: FactOutcome = result.value.outcomes[position] ?? "unchanged";
      outcomes[index] = { outcome, seq: progress_seq };
    });
    if (unlocked.length > 0 || locked.length > 0) deltas.push({ enrollment_id: id, unlocked, locked });
  });
  return {
    results: outcomes.map(({ outcome, seq }, index) => ({ index, outcome, progress_seq: seq })),
    recorded: outcomes.filter(({ outcome }) => outcome === "recorded").length,
    deltas,
  };
}
