/** Longest answer that is judged, in UTF-16 code units. A longer one fails, because no answer key needs it. */
export const MAX_ANSWER = 10_000;
