/** Longest answer that is judged, in UTF-16 code units. Longer ones fail: no answer key needs them. */
export const MAX_ANSWER = 10_000;
