import { mergedSteps } from "./completion/score-steps.ts";
import type { Fact, News, Points } from "./fact.ts";
import { mergedLatest } from "./latest.ts";

export type { Fact, How, News, Outcome, Points } from "./fact.ts";

export const NO_FACT: Fact = { attempted_at: null, completed_at: null, best_score: null };

/**
 * Points in percent of their range, not rounded; null if the range is empty. Multiplied before divided, as gradebooks
 * do: 57 of 100 are 57 %, and not a little less.
 */
export function percentOf({ points, min, max }: Points): number | null {
  return max > min ? ((points - min) * 100) / (max - min) : null;
}

/** The weight of a score in a total: the range of its points, NaN if it was reported without points. */
export function weightOf({ points = null, points_min = null, points_max = null }: Fact): number {
  return points === null || points_min === null || points_max === null ? Number.NaN : points_max - points_min;
}

/**
 * Merges a new fact into an old one. Commutative and idempotent: earliest instants, best attempt, latest outcome (of
 * two at one instant, passed). So facts may arrive twice and in any order (invariant 5). A learner who has a score or
 * completed the item has attempted it. The latest score is noted if something depends on it.
 */
export function mergeFact(old: Fact, news: News): Fact {
  return {
    attempted_at: isView(news) ? old.attempted_at : Math.min(old.attempted_at ?? news.at, news.at),
    completed_at: news.completed ? Math.min(old.completed_at ?? news.at, news.at) : old.completed_at,
    ...bestOf(old, news),
    ...mergedLatest(old, news),
    ...latestOutcome(old, news),
    ...firstOf("viewed_at", old, news.viewed, news.at),
    ...firstOf("submitted_at", old, news.submitted, news.at),
    ...firstOf("contributed_at", old, news.contributed, news.at),
    ...firstOf("told_at", old, news.completed && news.how === "told", news.at),
    ...firstOf("marked_at", old, news.completed && news.how === "marked", news.at),
    ...firstOf("passed_at", old, news.completed && news.how === "passed", news.at),
  };
}

/** Whether the learner only opened the item and did nothing else. */
export function isView({ viewed = false, completed, score, outcome = null, points = null, ...rest }: News) {
  const { submitted = false, contributed = false } = rest;
  const isMore = submitted || contributed || completed;
  return viewed && !isMore && score === null && outcome === null && points === null;
}

function firstOf(
  field: "viewed_at" | "submitted_at" | "contributed_at" | "told_at" | "marked_at" | "passed_at",
  old: Fact,
  isNow: boolean | undefined,
  at: number,
): Partial<Fact> {
  const known = old[field] ?? null;
  if (isNow === true) return { [field]: Math.min(known ?? at, at) };
  return known === null ? {} : { [field]: known };
}

type Attempt = Pick<Fact, "best_score" | "points" | "points_min" | "points_max" | "scored_at" | "steps">;

/**
 * The better of two attempts: by percentage, then by points. An attempt with points is better than the same without. Of
 * two equal attempts the earlier one counts.
 */
function bestOf(old: Fact, { at, score, points = null }: News): Attempt {
  if (score === null && points === null) return attemptOf(old);
  const news: Attempt =
    points === null
      ? { best_score: score, scored_at: at }
      : { best_score: score, points: points.points, points_min: points.min, points_max: points.max, scored_at: at };
  const order = ORDER.reduce((found, field) => found || compare(news[field], old[field]), 0);
  const best = order > 0 ? news : attemptOf(old);
  // When it was first reached; that is unknown for scores from before this was noted.
  if (order === 0 && best.scored_at != null) best.scored_at = Math.min(best.scored_at, at);
  const { steps: _steps, ...attempt } = best;
  const steps = mergedSteps(old, score === null ? null : { at, score }, attempt);
  return steps === null ? attempt : { ...attempt, steps };
}

const ORDER = ["best_score", "points", "points_min", "points_max"] as const;

function attemptOf({ best_score, points = null, points_min = null, points_max = null, ...rest }: Fact): Attempt {
  const { scored_at = null, steps = null } = rest;
  const when = { ...(scored_at === null ? {} : { scored_at }), ...(steps === null ? {} : { steps }) };
  if (points === null || points_min === null || points_max === null) return { best_score, ...when };
  return { best_score, points, points_min, points_max, ...when };
}

/** Null is less than any number. */
function compare(a: number | null | undefined, b: number | null | undefined): number {
  const [left, right] = [a ?? Number.NEGATIVE_INFINITY, b ?? Number.NEGATIVE_INFINITY];
  return left === right ? 0 : left < right ? -1 : 1;
}

function latestOutcome(old: Fact, { at, outcome = null }: News): Pick<Fact, "outcome" | "outcome_at"> {
  const { outcome: known = null, outcome_at: since = null } = old;
  const isNews =
    outcome !== null && (known === null || since === null || at > since || (at === since && outcome === "passed"));
  if (isNews) return { outcome, outcome_at: at };
  return known === null || since === null ? {} : { outcome: known, outcome_at: since };
}

export function sameFact(a: Fact, b: Fact): boolean {
  return FIELDS.every((field) => (a[field] ?? null) === (b[field] ?? null));
}

const FIELDS = [
  "attempted_at",
  "completed_at",
  "best_score",
  "outcome",
  "outcome_at",
  "viewed_at",
  "submitted_at",
  "points",
  "points_min",
  "points_max",
  "told_at",
  "marked_at",
  "passed_at",
  "contributed_at",
  "scored_at",
  "steps",
  "latest",
] as const;
