import { ANSWER_RETENTION_MS } from "./append.ts";
import type { BackendWork } from "./backend-work.ts";
import type { JournalContext } from "./context.ts";
import type { JournalState } from "./contract.ts";
import { PARK_AFTER } from "./flush.ts";
import { notifyOwners } from "./outbox.ts";
import type { JournalDueName } from "./schema.ts";

/** Longest wait between two tries while a backend does not answer. */
export const MAX_BACKOFF_MS = 60_000;
/** A parked row is tried once more after this time by itself: the cause may be gone. */
const PARKED_RETRY_MS = 3_600_000;
const PARKED_RETRY_ROWS = 100;

/** The jobs of a journal, when they are due. @throws when a job must be tried again. */
export async function runJob(
  { env, outbox, answers, scheduler, commit }: JournalContext,
  work: BackendWork,
  name: JournalDueName,
  now: number,
): Promise<void> {
  if (name === "flush") {
    const error = await work.flush();
    if (error !== null) scheduler.failed("flush", Date.now(), { most: MAX_BACKOFF_MS });
  } else if (name === "purge") {
    await work.purge();
  } else if (name === "announce") {
    await notifyOwners(env, outbox, commit);
    commit(() => scheduler.reschedule("announce", null));
  } else {
    commit(() => {
      const isMore = answers.prune(now - ANSWER_RETENTION_MS);
      scheduler.reschedule("housekeeping", isMore ? now + ANSWER_RETENTION_MS : null);
    });
  }
}

/**
 * Inside a transaction: schedules pending work that has lost its due time, and notes that the journal was looked at.
 */
export function lookAfter({ store, parked, scheduler }: JournalContext, now: number): JournalState {
  const retried = parked.retry(now - PARKED_RETRY_MS, PARK_AFTER, PARKED_RETRY_ROWS);
  const state = store.state(now);
  if (retried > 0 || (state.pending > 0 && !scheduler.has("flush"))) scheduler.schedule("flush", now);
  if (state.pending === 0) store.pending.beat(now, null);
  return state;
}
