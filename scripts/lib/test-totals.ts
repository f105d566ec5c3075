import { z } from "zod";

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export const NO_TESTS: Totals = { passed: 0, failed: 0, skipped: 0 };

/** The part of vitest's JSON report that is counted. */
const reportSchema = z.looseObject({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
});

/**
 * Counts one vitest run. A run that failed without a failed test (a file that could not be loaded, an unhandled
 * rejection, no report at all) counts as one failure, and so does a run without any test: silence is no success.
 * @param mayBeEmpty a filter was given, which may fit no test of this project.
 */
export function readTotals(report: unknown, exitCode: number, mayBeEmpty: boolean): Totals {
  const parsed = reportSchema.safeParse(report);
  if (!parsed.success) return exitCode === 0 && mayBeEmpty ? NO_TESTS : { ...NO_TESTS, failed: 1 };
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests } = parsed.data;
  const skipped = numPendingTests + numTodoTests;
  const isEmpty = passed + numFailedTests + skipped === 0;
  const hidden = numFailedTests === 0 && (exitCode !== 0 || (isEmpty && !mayBeEmpty));
  return { passed, failed: numFailedTests + (hidden ? 1 : 0), skipped };
}

export function addTotals(a: Totals, b: Totals): Totals {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The one form of the line that ends a run. */
export function describeTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
