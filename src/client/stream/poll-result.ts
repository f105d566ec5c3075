/** What one poll means for the next one. */
export interface PollResult {
  failure: "unreachable" | "unauthenticated" | "unusable" | null;
  hasMore: boolean;
  waitMs: number;
}

/** Nothing new, and no fault. */
export const QUIET: PollResult = { failure: null, hasMore: false, waitMs: 0 };
