import type { Fact, News, Points } from "./fact.ts";

// The grade that counts now, for what is lost when a grade falls. The best attempt does not show it.

/** The latest attempt with a score. */
export interface Latest {
  at: number;
  score: number;
  points: Points | null;
}

/** The noted parts: the score, its instant, and the points with their range if it was reported in points. */
type Noted = [number, number] | [number, number, number, number, number];

/** The latest score of an item. If none was noted, the best one, because nothing else is known. Null without any. */
export function latestOf(fact: Fact): Latest | null {
  const { latest = null } = fact;
  if (latest === null) return bestOf(fact);
  const [score, at, points, min, max]: Partial<Noted> = JSON.parse(latest);
  if (score === undefined || at === undefined) return null;
  const isTold = points !== undefined && min !== undefined && max !== undefined;
  return { at, score, points: isTold ? { points, min, max } : null };
}

function bestOf(fact: Fact): Latest | null {
  const { best_score: score, points = null, points_min: min = null, points_max: max = null } = fact;
  if (score === null) return null;
  const at = fact.scored_at ?? fact.completed_at ?? fact.attempted_at ?? Number.NEGATIVE_INFINITY;
  return { at, score, points: points === null || min === null || max === null ? null : { points, min, max } };
}

/**
 * The later of two scores. Of two at one instant the better one, and of two equal ones the one reported in points. It
 * is noted if the course needs it, and stays noted.
 */
export function mergedLatest(old: Fact, { at, score, points = null, live = false }: News): Pick<Fact, "latest"> {
  const known = latestOf(old);
  const isNoted = live || (old.latest ?? null) !== null;
  if (!isNoted || score === null) return old.latest == null ? {} : { latest: old.latest };
  const news: Latest = { at, score, points };
  return { latest: noted(known === null || isLater(news, known) ? news : known) };
}

function isLater(a: Latest, b: Latest): boolean {
  const order = [a.at - b.at, a.score - b.score, (a.points?.points ?? -Infinity) - (b.points?.points ?? -Infinity)];
  order.push((a.points?.min ?? 0) - (b.points?.min ?? 0), (a.points?.max ?? 0) - (b.points?.max ?? 0));
  return (order.find((difference) => difference !== 0 && !Number.isNaN(difference)) ?? 0) > 0;
}

function noted({ at, score, points }: Latest): string {
  const parts: Noted = points === null ? [score, at] : [score, at, points.points, points.min, points.max];
  return JSON.stringify(parts);
}

/** A learner's grades by item; NaN for none. */
export interface Grades {
  readonly bestScore: Float64Array;
  readonly points: Float64Array;
  readonly weight: Float64Array;
}

/** The grades that count now, and since when. */
export interface Live extends Grades {
  readonly at: Float64Array;
}

export function noGrades(size: number): Live {
  const none = () => new Float64Array(size).fill(Number.NaN);
  return { bestScore: none(), points: none(), weight: none(), at: none() };
}

export function setGrade(live: Live, item: number, fact: Fact): void {
  const latest = latestOf(fact);
  const points = latest?.points ?? null;
  live.bestScore[item] = latest?.score ?? Number.NaN;
  live.at[item] = latest?.at ?? Number.NaN;
  live.points[item] = points?.points ?? Number.NaN;
  live.weight[item] = points === null ? Number.NaN : points.max - points.min;
}

/** A copy; writing to it does not change the original. */
export function copyOfGrades({ bestScore, points, weight, at }: Live): Live {
  return { bestScore: bestScore.slice(), points: points.slice(), weight: weight.slice(), at: at.slice() };
}
