import { fnv1a } from "../platform/hash.ts";
import { parseEnrollmentId } from "../platform/ids.ts";

/**
 * How many learners of one course may send to a queue in one second because of a shared instant (a date of the course,
 * the end of an exception). A queue of the platform accepts 5,000 messages a second in total.
 */
export const ASKED_PER_SECOND = 1_000;
/**
 * The first learners in the order are spread over this time, in any course, so that not all of a small course wake at
 * once.
 */
export const JITTER_MS = 5_000;
/** Prime to {@link JITTER_MS}: it leads from each place to another millisecond, and never repeats one. */
const STRIDE = 1_789;
/** After this place the order begins again: nobody waits longer than an hour, and in larger courses the rate grows. */
export const LINE_LENGTH = 3_600 * ASKED_PER_SECOND;

/**
 * How much later an object notices, by itself, an instant that it shares with its whole course. Reads do not wait for
 * this: each of them compares the instant with the clock. Each place in the order has its own millisecond. So the rate
 * is the same whatever the size of the course, and nobody needs to know that size:
 *
 * | learners | the last one is notified after |
 * |---|---|
 * | 10 | 5 s |
 * | 10,000 | 10 s |
 * | 1,000,000 | 16 min 40 s |
 *
 * @param place of the learner among those of the course, from 1, in the order of enrolling; null if it is not known.
 * @returns milliseconds.
 */
export function noticeDelay(enrollment: string, place: number | null): number {
  if (place === null) return fnv1a(enrollment) % JITTER_MS;
  const turn = Math.floor(((place % LINE_LENGTH) * 1_000) / ASKED_PER_SECOND);
  // Another course begins at another offset, because many courses share midnight.
  const { course } = parseEnrollmentId(enrollment);
  return turn > JITTER_MS ? turn : (fnv1a(course) + turn * STRIDE) % JITTER_MS;
}

/**
 * The place of a learner whose enrollment is older than places: any of the existing ones.
 * @param learners the present number in the course.
 */
export function assumedPlace(enrollment: string, learners: number): number {
  return 1 + (fnv1a(`place of ${enrollment}`) % Math.max(learners, 1));
}
