import { counter, gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { inParallel } from "../platform/parallel.ts";
import type { JournalState } from "./journal/contract.ts";
import { callJournal, JOURNALS } from "./stubs.ts";

/** All journals in numbers. */
export interface JournalTotals extends Omit<JournalState, "error"> {
  /** Problems that journals report, and journals that do not answer. */
  errors: { journal: number; error: string; isUnreachable: boolean }[];
  /** Epoch ms of the oldest last flush among the journals; 0 when none was ever used. */
  first_flushed_at: number;
}

/** Asks every journal. Those that do not answer are named, and the numbers of the others are reported. */
export async function journalTotals(env: Env): Promise<JournalTotals> {
  const states: JournalState[] = [];
  const errors: JournalTotals["errors"] = [];
  await inParallel(
    Array.from({ length: JOURNALS }, (_, journal) => journal),
    JOURNALS,
    async (journal) => {
      const state = await callJournal(env, journal, (stub) => stub.state());
      if (!state.ok) {
        errors.push({ journal, error: state.refusal.code, isUnreachable: true });
        return;
      }
      states.push(state.value);
      const { error } = state.value;
      if (error !== null) errors.push({ journal, error, isUnreachable: false });
    },
  );
  const sum = (pick: (state: JournalState) => number) => states.reduce((total, state) => total + pick(state), 0);
  const flushes = states.map(({ flushed_at }) => flushed_at).filter((at) => at > 0);
  return {
    pending: sum(({ pending }) => pending),
    parked: sum(({ parked }) => parked),
    oldest_ms: Math.max(0, ...states.map(({ oldest_ms }) => oldest_ms)),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    duplicates: sum(({ duplicates }) => duplicates),
    persisted: sum(({ persisted }) => persisted),
    purges: sum(({ purges }) => purges),
    announcements: sum(({ announcements }) => announcements),
    flushed_at: Math.max(0, ...flushes),
    first_flushed_at: flushes.length === 0 ? 0 : Math.min(...flushes),
    errors,
  };
}

/**
 * The journals' numbers, counted in their own transactions, so every acknowledged item is in them. When a journal does
 * not answer, sums without it would look like resets, so the sums are left out.
 */
export const recordSection: Section = {
  name: "records",
  async read(env) {
    const totals = await journalTotals(env);
    const isWhole = totals.errors.every(({ isUnreachable }) => !isUnreachable);
    const whole = (value: number) => (isWhole ? value : null);
    const first = totals.first_flushed_at;
    return [
      gauge("buffer_pending_items", "Acknowledged records that no backend has yet.", whole(totals.pending)),
      gauge("buffer_oldest_item_age_seconds", "How long the oldest of them has waited.", totals.oldest_ms / 1_000),
      gauge(
        "buffer_parked_items",
        "Records that could not be stored although their backend works.",
        whole(totals.parked),
      ),
      gauge(
        "buffer_last_flush_timestamp_seconds",
        "The last flush of the journal that has not flushed for the longest time.",
        first === 0 ? null : first / 1_000,
      ),
      gauge("buffer_failing_journals", "Journals whose last flush failed or that do not answer.", totals.errors.length),
      gauge(
        "buffer_owed_announcements",
        "Events of records that are pending for their owners.",
        whole(totals.announcements),
      ),
      gauge("buffer_owed_purges", "Deleted sessions whose tasks are still to be removed.", whole(totals.purges)),
      counter("items_acked_total", "Acknowledged records: they are durable.", whole(totals.acknowledged)),
      counter("items_persisted_total", "Records stored in their backends.", whole(totals.persisted)),
      counter("items_duplicate_total", "Records that were sent again and changed nothing.", whole(totals.duplicates)),
    ];
  },
};
