import { DAY_MS } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { announcementsOf } from "./announcements.ts";
import type { JournalContext } from "./context.ts";
import type { AppendAnswer, AppendRequest } from "./contract.ts";
import { FLUSH_ROWS } from "./flush.ts";
import { tombstoneOf } from "./removal.ts";

/** Longest time that an item waits for others before it is flushed. */
export const FLUSH_INTERVAL_MS = 30_000;
/** Seconds after which a refused writer comes back. */
export const BACK_PRESSURE_SECONDS = 5;
/** Answers are repeated for this long; after it, versions still make every repeat harmless. */
export const ANSWER_RETENTION_MS = 2 * DAY_MS;

/**
 * Inside a transaction: stores a batch, and schedules the work that it needs. The same batch under the same key gets
 * the same answer.
 */
export function appendBatch(
  { limits, store, outbox, answers, scheduler }: JournalContext,
  { idempotency, items, owner }: AppendRequest,
  now: number,
): Result<AppendAnswer> {
  if (store.isDeleted(tombstoneOf(owner))) return refuse("user_not_found");
  const stored = idempotency === null ? null : answers.find(idempotency.key);
  if (stored !== null && idempotency !== null) {
    if (stored.body_hash !== idempotency.body_hash) return refuse("idempotency_key_reused");
    // SAFETY: written below by this function.
    return ok({ ...(JSON.parse(stored.answer) as AppendAnswer), replayed: true });
  }
  const held = store.pending.held();
  if (held.rows + items.length > limits.rows || held.characters >= limits.characters) {
    const detail = "Too many records wait to be stored.";
    return refuse("unavailable", { detail, retry_after: BACK_PRESSURE_SECONDS });
  }
  const before = new Map(sessionsOf(items).map((session) => [session, store.progress(session)]));
  const { results, changes } = store.append(items, now);
  const events = announcementsOf(changes, before, (session) => store.progress(session));
  for (const event of events) outbox.announce(owner, event);
  // While a backend does not answer, the wait before the next try stays, whatever arrives meanwhile.
  const isFull = held.rows + changes.length >= FLUSH_ROWS && !held.isDown;
  if (changes.length > 0) scheduler.schedule("flush", isFull ? now : now + FLUSH_INTERVAL_MS);
  if (events.length > 0) scheduler.schedule("announce", now);
  const answer: AppendAnswer = { results, journal_seq: store.pending.seq(), replayed: false };
  if (idempotency !== null) {
    answers.save(idempotency.key, owner, idempotency.body_hash, JSON.stringify(answer), now);
    scheduler.schedule("housekeeping", now + ANSWER_RETENTION_MS);
  }
  return ok(answer);
}

/** The sessions of some items, each once. */
export function sessionsOf(items: AppendRequest["items"]): string[] {
  return [...new Set(items.map(({ session }) => session))];
}
