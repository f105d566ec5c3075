/** What one poll means for the next. */
export interface PollResult {
  failure: "unreachable" | "unauthenticated" | "unusable" | null;
  hasMore: boolean;
  waitMs: number;
}

/** Nothing new, and nothing wrong. */
export const QUIET: PollResult = { failure: null, hasMore: false, waitMs: 0 };
