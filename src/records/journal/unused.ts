import type { JournalState } from "./contract.ts";

/** The numbers of a journal that was never used. */
export const UNUSED: JournalState = {
  pending: 0,
  parked: 0,
  oldest_ms: 0,
  acknowledged: 0,
  duplicates: 0,
  persisted: 0,
  flushed_at: 0,
  error: null,
  purges: 0,
  announcements: 0,
};
