import { fnv1a } from "../platform/hash.ts";
import { parseEnrollmentId } from "../platform/ids.ts";

/**
 * Learners of one course that may ask a queue for something in one second, because of an instant they share: a date of the
 * course, the end of an exception. A queue of the platform takes 5,000 messages a second, of everybody.
 */
export const ASKED_PER_SECOND = 1_000;
/** The first of a line are spread over this much, in any course, so that not all of a small one wake at once. */
export const JITTER_MS = 5_000;
/** Prime to {@link JITTER_MS}: it leads from each place to another millisecond, and comes back to none. */
const STRIDE = 1_789;
/** After this place the line begins again: nobody waits longer than an hour, and above it the rate grows with the course. */
export const LINE_LENGTH = 3_600 * ASKED_PER_SECOND;

/**
 * How much later than an instant it shares with its whole course an object notices it by itself. Reads do not wait for it:
 * each of them compares the instant with the clock. Each place in the line has a millisecond of its own, so the rate is
 * the same whatever the size of the course, and nobody needs to know that size:
 *
 * | learners | the last one is notified after |
 * |---|---|
 * | 10 | 5 s |
 * | 10,000 | 10 s |
 * | 1,000,000 | 16 min 40 s |
 *
 * @param place of the learner among those of the course, from 1, as they enrolled; null when it is not known.
 * @returns milliseconds.
 */
export function noticeDelay(enrollment: string, place: number | null): number {
  if (place === null) return fnv1a(enrollment) % JITTER_MS;
  const turn = Math.floor(((place % LINE_LENGTH) * 1_000) / ASKED_PER_SECOND);
  // Another course begins elsewhere: many share midnight.
  const { course } = parseEnrollmentId(enrollment);
  return turn > JITTER_MS ? turn : (fnv1a(course) + turn * STRIDE) % JITTER_MS;
}

/**
 * The place of a learner whose enrollment is older than places are: anywhere among those there are.
 * @param learners of the course by now.
 */
export function assumedPlace(enrollment: string, learners: number): number {
  return 1 + (fnv1a(`place of ${enrollment}`) % Math.max(learners, 1));
}
