/**
 * Limits for enrollments copied together: their number, and the bytes of their rows. An enrollment with more is copied
 * in parts.
 */
export const COPY_PAGE = 250;
export const COPY_BYTES = 1_500_000;

/** The estimated cost of a move. */
export interface Estimate {
  enrollments: number;
  rows: number;
  bytes: number;
  statements: number;
}

/** Statements for a page: finding and measuring it, reading, removing and writing each table, the fences, the note. */
const STATEMENTS_A_PAGE = 22;
/** Statements for removing a page of the remaining rows, by enrollment. */
const STATEMENTS_A_PURGE = 8 / 500;
/** Beginning, closing, naming, opening, ending. */
const STATEMENTS_A_MOVE = 30;

/** @param sample the first enrollments of the course, with all their rows. */
export function estimateOf(learners: number, sample: { enrollments: number; rows: number; bytes: number }): Estimate {
  const share = sample.enrollments === 0 ? 0 : Math.max(learners, sample.enrollments) / sample.enrollments;
  const enrollments = Math.round(sample.enrollments * share);
  const [rows, bytes] = [Math.round(sample.rows * share), Math.round(sample.bytes * share)];
  const pages = Math.max(Math.ceil(enrollments / COPY_PAGE), Math.ceil(bytes / COPY_BYTES));
  const statements = STATEMENTS_A_MOVE + pages * STATEMENTS_A_PAGE + Math.ceil(enrollments * STATEMENTS_A_PURGE);
  return { enrollments, rows, bytes, statements };
}
