import { courseDocumentSchema, splitDocument } from "../../../src/courses/document.ts";
import type { ImportedDocument } from "../../../src/courses/importers/document.ts";
import type { ImportedFact } from "../../../src/courses/importers/format.ts";
import {
  compile,
  evaluate,
  type Fact,
  type Learner,
  layOut,
  mergeFact,
  NO_FACT,
  type Program,
  percentOf,
  type Reason,
  reasonsOf,
  VEIL,
} from "../../../src/unlock/index.ts";

export function programOf(document: ImportedDocument): Program {
  return compile(splitDocument(courseDocumentSchema.parse(document)).outline);
}

/** What facts of an import come to, as an enrollment records them one after the other. */
export function factsOf(facts: readonly ImportedFact[]): Map<string, Fact> {
  const merged = new Map<string, Fact>();
  for (const one of facts) merged.set(one.item, mergeFact(merged.get(one.item) ?? NO_FACT, newsOf(one)));
  return merged;
}

function newsOf({ at, state, score, viewed }: ImportedFact) {
  return {
    at: Date.parse(at),
    completed: state === "complete" || state === "passed",
    outcome: state === "passed" || state === "failed" ? state : null,
    score: score === undefined ? null : percentOf(score),
    points: score ?? null,
    viewed: viewed === true,
    how: state === "complete" || state === "passed" ? ("told" as const) : null,
  };
}

export interface EngineLearner {
  /** Epoch milliseconds. */
  now: number;
  facts: readonly ImportedFact[];
  cohorts?: readonly string[];
  profile?: Readonly<Record<string, string>>;
}

function laidOut(program: Program, { facts, cohorts = [], profile = {} }: EngineLearner): Learner {
  const policy = { cohorts, practice_mode: false, overrides: [], profile };
  return layOut(program, { enrolled_at: 0, facts: factsOf(facts), opened: new Set<string>(), policy });
}

/** What the engine makes of each item for a learner, by its id. */
export function engineStates(program: Program, learner: EngineLearner): Map<string, string> {
  const { open, visible } = evaluate(program, laidOut(program, learner), learner.now);
  return new Map(
    program.ids.map((id, index) => {
      if (visible[index] !== 1) return [id, "hidden"] as const;
      if (open[index] !== 1) return [id, "locked"] as const;
      return [id, program.veils[index] === VEIL.UNLISTED ? "open_unlisted" : "open"] as const;
    }),
  );
}

/** What the engine says fails of one item. */
export function engineReasons(program: Program, learner: EngineLearner, id: string): Reason[] {
  const own = laidOut(program, learner);
  const { now } = learner;
  return reasonsOf(program, own, evaluate(program, own, now), program.indexOf.get(id) ?? -1, now);
}
