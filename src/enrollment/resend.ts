/**
 * Wait for D1's confirmation before the outbox is announced to the queue again. The first announcement goes out right
 * after the commit; this is the net below it.
 */
export const RESEND_MS = 15_000;
/**
 * And again at most this much later, however long it takes: an announcement that waits in a backlog is no failure, and
 * one that was lost must not cost the learner's mirror minutes.
 */
const RESEND_MAX_MS = 60_000;
/** The longest wait between two announcements, of what has waited for hours. */
const RESEND_OUTAGE_MS = 600_000;
/** Of what it has waited already, an object may wait this share more. */
const RESEND_SHARE = 0.1;

/**
 * The most an outbox waits before it is announced again: a minute, and in an outage a tenth of how long its oldest row has
 * waited, up to ten minutes. Everybody asks again when D1 is back, so an hour of writes is spread over six minutes, and
 * meanwhile the queue is not filled with what nobody can answer.
 */
export function resendMost(oldestMs: number): number {
  return Math.min(Math.max(oldestMs * RESEND_SHARE, RESEND_MAX_MS), RESEND_OUTAGE_MS);
}
