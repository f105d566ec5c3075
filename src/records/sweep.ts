import { logEvent } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { callJournal, JOURNALS } from "./stubs.ts";

/** Work that has waited this long has lost its alarm, or its backend: this is logged. */
const STALLED_MS = 90_000;

/**
 * Every minute: looks at each journal, which schedules its pending work again; it finds what the alarms have missed.
 */
export async function sweepJournals(env: Env): Promise<void> {
  await inParallel(
    Array.from({ length: JOURNALS }, (_, journal) => journal),
    JOURNALS,
    async (journal) => {
      const state = await callJournal(env, journal, (stub) => stub.sweep());
      if (!state.ok) return; // never used, or unreachable: then it has been logged
      const { pending, oldest_ms, error } = state.value;
      if (pending > 0 && oldest_ms > STALLED_MS) logEvent("journal_stalled", { journal, pending, oldest_ms, error });
    },
  );
}
