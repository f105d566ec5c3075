import type { Fact } from "../fact.ts";

// When each score was first reached. The best attempt only says when the best score was reached. A requirement of 70 %
// is met by the first score that reaches it, and a better score later must not move that instant.

/** A score, and when it was reached. */
export interface ScoreStep {
  at: number;
  score: number;
}

/**
 * A score that misses a whole percentage by less than this still has it: see the tolerance of scores in `compile.ts`.
 */
const SLACK = 1e-6;
const HIGHEST = 100;

/**
 * The lower scores from before the best one, earliest first. Only the first score that reached each whole percentage is
 * kept. So there are at most a hundred, and the result does not depend on the order in which scores arrive.
 */
export function stepsOf({ steps = null }: Pick<Fact, "steps">): ScoreStep[] {
  if (steps === null) return [];
  return steps.split(" ").map((step) => {
    const [score = Number.NaN, at = Number.NaN] = step.split("@").map(Number);
    return { at, score };
  });
}

/** The steps with one more score, but without the best attempt itself; null if none is left. */
export function mergedSteps(
  old: Fact,
  news: ScoreStep | null,
  best: Pick<Fact, "best_score" | "scored_at">,
): string | null {
  const { best_score: score, scored_at: at = null } = old;
  const known = score === null || at === null ? [] : [{ at, score }];
  const all = [...stepsOf(old), ...known, ...(news === null ? [] : [news])];
  all.sort((a, b) => a.at - b.at || b.score - a.score);
  let reached = Number.NEGATIVE_INFINITY;
  const kept = all.filter((step) => {
    const level = Math.min(HIGHEST, Math.max(-1, Math.floor(step.score + SLACK)));
    if (level <= reached) return false;
    reached = level;
    return step.score !== best.best_score || step.at !== best.scored_at;
  });
  return kept.length === 0 ? null : kept.map((step) => `${step.score}@${step.at}`).join(" ");
}
