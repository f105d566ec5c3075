import { courseDocumentSchema, splitDocument } from "../../../src/courses/document.ts";
import type { ImportedDocument } from "../../../src/courses/importers/document.ts";
import type { ImportedFact } from "../../../src/courses/importers/format.ts";
import { percentOf } from "../../../src/unlock/facts.ts";
import { compile, evaluate, type Fact, layOut, NO_FACT, type Program, VEIL } from "../../../src/unlock/index.ts";

export function programOf(document: ImportedDocument): Program {
  return compile(splitDocument(courseDocumentSchema.parse(document)).outline);
}

function factsOf(facts: readonly ImportedFact[]): Map<string, Fact> {
  const merged = new Map<string, Fact>();
  for (const { item, at: instant, state, score, viewed } of facts) {
    const at = Date.parse(instant);
    const fact = merged.get(item) ?? NO_FACT;
    const isDone = state === "complete" || state === "passed";
    const outcome = state === "passed" || state === "failed" ? { outcome: state, outcome_at: at } : {};
    const attempt =
      score === undefined
        ? {}
        : {
            best_score: percentOf(score),
            points: score.points,
            points_min: score.min,
            points_max: score.max,
            scored_at: at,
          };
    const told = isDone ? { completed_at: at, told_at: at } : {};
    merged.set(item, { ...fact, ...told, ...(viewed ? { viewed_at: at } : {}), ...outcome, ...attempt });
  }
  return merged;
}

export interface EngineLearner {
  /** Epoch milliseconds. */
  now: number;
  facts: readonly ImportedFact[];
  cohorts?: readonly string[];
  profile?: Readonly<Record<string, string>>;
}

/** What the engine makes of each item for a learner, by its id. */
export function engineStates(
  program: Program,
  { now, facts, cohorts = [], profile = {} }: EngineLearner,
): Map<string, string> {
  const policy = { cohorts, practice_mode: false, overrides: [], profile };
  const record = { enrolled_at: 0, facts: factsOf(facts), opened: new Set<string>(), policy };
  const { open, visible } = evaluate(program, layOut(program, record), now);
  return new Map(
    program.ids.map((id, index) => {
      if (visible[index] !== 1) return [id, "hidden"] as const;
      if (open[index] !== 1) return [id, "locked"] as const;
      return [id, program.veils[index] === VEIL.UNLISTED ? "open_unlisted" : "open"] as const;
    }),
  );
}
