import { type Figures, quantile } from "./figures.ts";

export interface CheckLimits {
  /** Requests the new version must have answered before it may pass. */
  minRequests: number;
  /** Share of bad answers above which the new version is sent back, whatever the old one does. */
  maxErrorShare: number;
  /** How many times the old version's share of bad answers the new one may have. */
  maxErrorRatio: number;
  /** How many times the old version's 95th percentile the new one's may be; counted by buckets, so nothing finer. */
  maxLatencyRatio: number;
}

export const CHECK_LIMITS: CheckLimits = {
  minRequests: 200,
  maxErrorShare: 0.01,
  maxErrorRatio: 2,
  maxLatencyRatio: 2.5,
};

/** Standard deviations of certainty: looks are many, so each must be surer than a single one would have to be. */
const CERTAINTY = 3;
/** A 95th percentile below this is fast enough, whatever the old one's is, seconds. */
const FAST_SECONDS = 0.1;

export type Verdict = { kind: "pass" | "wait" | "breach"; reason: string };

/**
 * Judges a version against the one it replaces, from what both answered in the same span of time.
 *
 * A breach is said as soon as it is certain, in the middle of a step: the lower Wilson bound of the share of bad answers
 * lies above what is allowed. A pass needs the whole step and enough requests. Who gets too few is not judged, and what
 * cannot be judged is not promoted.
 *
 * @param isOver whether the time of the step is over.
 */
export function judge(fresh: Figures, stable: Figures, limits: CheckLimits, isOver: boolean): Verdict {
  const share = shareOf(fresh);
  const allowed = Math.max(limits.maxErrorShare, limits.maxErrorRatio * shareOf(stable));
  const facts = `${fresh.errors} of ${fresh.requests} requests failed (${percent(share)}; allowed ${percent(allowed)})`;
  if (fresh.requests > 0 && wilsonLower(fresh.errors, fresh.requests, CERTAINTY) > allowed) {
    return { kind: "breach", reason: facts };
  }
  if (!isOver) return { kind: "wait", reason: facts };
  if (fresh.requests < limits.minRequests) {
    return { kind: "breach", reason: `${fresh.requests} requests are too few to judge (needed ${limits.minRequests})` };
  }
  if (share > allowed) return { kind: "breach", reason: facts };
  const [slow, usual] = [quantile(fresh, 0.95), quantile(stable, 0.95)];
  if (slow !== null && usual !== null && slow > Math.max(FAST_SECONDS, limits.maxLatencyRatio * usual)) {
    return { kind: "breach", reason: `the 95th percentile is ${slow} s, of the old version ${usual} s` };
  }
  return { kind: "pass", reason: facts };
}

function shareOf({ requests, errors }: Figures): number {
  return requests === 0 ? 0 : errors / requests;
}

/** Lower bound of Wilson's score interval (Wilson 1927) for `hits` of `n` at `z` standard deviations. */
export function wilsonLower(hits: number, n: number, z: number): number {
  const p = hits / n;
  const square = (z * z) / n;
  return Math.max(0, (p + square / 2 - z * Math.sqrt((p * (1 - p)) / n + square / (4 * n))) / (1 + square));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
