/**
 * Wait for D1's confirmation before the outbox is announced to the queue again. The first announcement is sent right
 * after the commit; this one is a safety net.
 */
export const RESEND_MS = 15_000;
/**
 * After that, an announcement is repeated at most this much later, however long it takes. An announcement that waits in
 * a backlog is no failure, and a lost one must not delay the learner's mirror for minutes.
 */
const RESEND_MAX_MS = 60_000;
/** The longest wait between two announcements, when rows have waited for hours. */
const RESEND_OUTAGE_MS = 600_000;
/** An object may wait longer by this share of the time it has waited already. */
const RESEND_SHARE = 0.1;

/**
 * The longest wait before an outbox is announced again: a minute, and in an outage a tenth of the time that its oldest
 * row has waited, up to ten minutes. All objects ask again when D1 is back. So an hour of writes is spread over six
 * minutes, and during the outage the queue is not filled with messages that nobody can answer.
 */
export function resendMost(oldestMs: number): number {
  return Math.min(Math.max(oldestMs * RESEND_SHARE, RESEND_MAX_MS), RESEND_OUTAGE_MS);
}
