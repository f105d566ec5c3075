/**
 * The values of one measure (now, the score on one item, ...) for which a rule holds: `low <= measure < high`.
 * Every leaf compares one measure with one threshold, so "X and not X", "closes before it opens" and "at least 70 but
 * not at least 60" are the same mistake: an empty interval.
 */
export interface Interval {
  readonly low: number;
  readonly lowPath: string;
  readonly high: number;
  readonly highPath: string;
}
export type Intervals = ReadonlyMap<string, Interval>;

/** The measure that `from` and `until` compare with, in epoch ms. */
export const NOW = "now";

/** One sentence that says why two conditions on one measure cannot both hold. */
export function contradiction(measure: string, interval: Interval): string {
  const both = `${interval.lowPath} and ${interval.highPath}`;
  return measure === NOW
    ? `This closes before it opens: ${both} are never true at the same time.`
    : `This contradicts itself about the ${measure}: ${both} are never true together.`;
}

/** Whether the interval is empty. */
export function isEmpty(interval: Interval): boolean {
  return interval.low >= interval.high;
}

/** The values that are in both intervals. */
export function overlap(a: Interval, b: Interval): Interval {
  const low = a.low >= b.low ? a : b;
  const high = a.high <= b.high ? a : b;
  return { low: low.low, lowPath: low.lowPath, high: high.high, highPath: high.highPath };
}

/**
 * Intersects measure by measure. An interval that became empty is left out of `common`, so it is reported only once.
 */
export function intersection(all: readonly Intervals[]): { common: Intervals; empty: [string, Interval][] } {
  const common = new Map<string, Interval>();
  for (const intervals of all) {
    for (const [measure, interval] of intervals) {
      const known = common.get(measure);
      common.set(measure, known === undefined ? interval : overlap(known, interval));
    }
  }
  const empty = [...common].filter(([, interval]) => isEmpty(interval));
  for (const [measure] of empty) common.delete(measure);
  return { common, empty };
}
