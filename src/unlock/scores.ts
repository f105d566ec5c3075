import type { Grades } from "./latest.ts";
import type { Learner } from "./learner.ts";
import { STANDING } from "./program.ts";
import type { Scope } from "./scope.ts";

/** The weight of a score that was reported without points: as if it were out of 100. */
const PLAIN_WEIGHT = 100;

/** The grades that a leaf uses: the best, or those that count now. */
export function gradesAt({ program, learner }: Scope, node: number): Grades {
  return program.asksLive && program.nodes.live[node] === 1 && learner.live !== null ? learner.live : learner;
}

/**
 * The course total: the learner's points in percent of all points that are decided. Each problem with a score weighs as
 * much as the range of its points. A problem without a score is left out, which is the default in the gradebooks of
 * Moodle and Canvas. Null while no problem has a score.
 */
export function totalOf(scope: Scope, node: number): { percent: number | null; sum: number; weighed: number } {
  const { program } = scope;
  const grades = gradesAt(scope, node);
  let sum = 0;
  let weighed = 0;
  let hasScore = false;
  for (let item = program.chapterCount; item < program.size; item += 1) {
    const score = grades.bestScore[item] ?? Number.NaN;
    if (Number.isNaN(score) || program.standing[item] === STANDING.DRAFT || !isScoreKnown(scope, item)) continue;
    const weight = weightIn(grades, item);
    sum += score * weight;
    weighed += weight;
    hasScore = true;
  }
  return { percent: hasScore && weighed > 0 ? sum / weighed : null, sum, weighed };
}

export function weightIn({ weight: weights }: Grades, item: number): number {
  const weight = weights[item] ?? Number.NaN;
  return Number.isNaN(weight) ? PLAIN_WEIGHT : weight;
}

/** Whether the best score counts among the facts up to `asOf`. */
export function isScoreKnown({ learner, asOf, earlyScores }: Scope, item: number): boolean {
  return asOf === Number.POSITIVE_INFINITY || (earlyScores && (scoredAt(learner, item) ?? Number.NaN) <= asOf);
}

/** When the best score may have been reached: at the completion, or else from the first try on. */
function scoredAt({ completedAt, attemptedAt }: Learner, item: number): number | undefined {
  const completed = completedAt[item];
  return Number.isNaN(completed) ? attemptedAt[item] : completed;
}
