import type { Fact } from "../fact.ts";
import { type ScoreStep, stepsOf } from "./score-steps.ts";

/**
 * What a learner did with each item, as it was reported: requirements are evaluated from this. The `completedAt` of the
 * layout has the results. NaN means "never". It is absent if no item of the course has a requirement.
 */
export interface Deeds {
  readonly attemptedAt: Float64Array;
  readonly toldAt: Float64Array;
  readonly markedAt: Float64Array;
  readonly passedAt: Float64Array;
  readonly contributedAt: Float64Array;
  readonly scoredAt: Float64Array;
  readonly pointsMin: Float64Array;
  readonly pointsMax: Float64Array;
  /** 1 passed, 2 failed, by the latest verdict that decided; and since when. */
  readonly outcome: Uint8Array;
  readonly outcomeAt: Float64Array;
  /** How many of the items that each chapter counts are complete, without excuses. */
  readonly doneIn: Int32Array;
  /** Lower scores from before the best one. */
  readonly steps: Map<number, readonly ScoreStep[]>;
}

export const PASSED = 1;
export const FAILED = 2;

export function noDeeds(size: number): Deeds {
  const never = () => new Float64Array(size).fill(Number.NaN);
  return {
    attemptedAt: never(),
    toldAt: never(),
    markedAt: never(),
    passedAt: never(),
    contributedAt: never(),
    scoredAt: never(),
    pointsMin: never(),
    pointsMax: never(),
    outcome: new Uint8Array(size),
    outcomeAt: never(),
    doneIn: new Int32Array(size),
    steps: new Map(),
  };
}

/** A copy; writing to it does not change the original. */
export function copyOf(deeds: Deeds): Deeds {
  return {
    attemptedAt: deeds.attemptedAt.slice(),
    toldAt: deeds.toldAt.slice(),
    markedAt: deeds.markedAt.slice(),
    passedAt: deeds.passedAt.slice(),
    contributedAt: deeds.contributedAt.slice(),
    scoredAt: deeds.scoredAt.slice(),
    pointsMin: deeds.pointsMin.slice(),
    pointsMax: deeds.pointsMax.slice(),
    outcome: deeds.outcome.slice(),
    outcomeAt: deeds.outcomeAt.slice(),
    doneIn: deeds.doneIn.slice(),
    steps: new Map(deeds.steps),
  };
}

/** Takes the facts of one item. */
export function setDeeds(deeds: Deeds, item: number, fact: Fact): void {
  const { completed_at: completed, told_at = null, marked_at = null, passed_at = null } = fact;
  // Completed before anybody noted how: the learner may have marked it, or passed it.
  const isNoted = (at: number | null) => at !== null && completed !== null && at <= completed;
  const unknown = isNoted(told_at) || isNoted(marked_at) || isNoted(passed_at) ? null : completed;
  deeds.attemptedAt[item] = fact.attempted_at ?? Number.NaN;
  deeds.toldAt[item] = told_at ?? Number.NaN;
  deeds.markedAt[item] = unknown ?? marked_at ?? Number.NaN;
  deeds.passedAt[item] = unknown ?? passed_at ?? Number.NaN;
  deeds.contributedAt[item] = fact.contributed_at ?? Number.NaN;
  const scored = fact.best_score === null && fact.points == null ? null : (fact.scored_at ?? completed);
  deeds.scoredAt[item] = scored ?? (fact.best_score === null ? Number.NaN : (fact.attempted_at ?? Number.NaN));
  deeds.pointsMin[item] = fact.points_min ?? Number.NaN;
  deeds.pointsMax[item] = fact.points_max ?? Number.NaN;
  const { outcome = null } = fact;
  deeds.outcome[item] = outcome === null ? 0 : outcome === "passed" ? PASSED : FAILED;
  deeds.outcomeAt[item] = fact.outcome_at ?? Number.NaN;
  if (fact.steps != null) deeds.steps.set(item, stepsOf(fact));
  else if (deeds.steps.size > 0) deeds.steps.delete(item);
}
