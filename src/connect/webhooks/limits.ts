import { DAY_MS } from "../../platform/instants.ts";

/** Subscriptions of one course. */
export const MAX_OF_COURSE = 10;
export const MAX_ADDRESS = 1_000;
export const MAX_NOTE = 200;

/** A receiver has this long to answer. */
export const ANSWER_MS = 15_000;
/** After this time an event is given up. */
export const GIVE_UP_MS = 3 * DAY_MS;
/** Waits between two tries of one event, seconds, as the specification suggests them; each up to a fifth longer. */
const WAITS_S = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000];
/** Tries in a row without an answer after which a receiver is down: the others are not tried. */
export const DOWN_AFTER = 3;
/** First wait for a receiver that is down; it doubles, up to an hour. */
const DOWN_MS = 30_000;
const MAX_DOWN_MS = 3_600_000;

/** A worker has a subscription this long since it last wrote something down: longer than a run and the slowest answer take. */
export const LEASE_MS = 120_000;
/** A run tries nothing else after this time; another one goes on. */
export const RUN_MS = 60_000;
/** Learners whose events are sent at the same time; the platform allows six connections. */
export const PARALLEL = 5;
/** Pages read by one statement, and looked at by one run in one database. */
export const PAGES_AT_ONCE = 20;
export const MAX_PAGES = 2_000;

/** The previous secret signs beside the new one for a day. */
export const OVERLAP_MS = DAY_MS;
/** How long one sees what became of a delivery. */
export const KEPT_MS = 30 * DAY_MS;
/** Pages kept of one subscription in one database. */
export const KEPT_PAGES = 20_000;

/** When an event is tried again. @param tries so far, `random` from 0 to 1. */
export function nextTry({ since, tries }: { since: number; tries: number }, now: number, random: number): number {
  const seconds = WAITS_S[Math.min(tries, WAITS_S.length) - 1] ?? 5;
  const wait = Math.round(seconds * 1_000 * (1 + random / 5));
  return Math.min(now + wait, Math.max(since + GIVE_UP_MS, now + 1_000));
}

/** How long a receiver that is down is left alone. @param failures runs in a row. */
export function pause(failures: number, retryAfterS: number | null): number {
  const own = Math.min(DOWN_MS * 2 ** Math.min(failures - 1, 10), MAX_DOWN_MS);
  return Math.max(own, Math.min((retryAfterS ?? 0) * 1_000, MAX_DOWN_MS));
}
