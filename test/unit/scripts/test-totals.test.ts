import { expect, it } from "vitest";
import { addTotals, describeTotals, readTotals } from "../../../scripts/lib/test-totals.ts";

function report(passed: number, failed: number, pending = 0, todo = 0) {
  return { numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: todo };
}

it("counts passed, failed and skipped tests", () => {
  expect(readTotals(report(5, 2, 1, 1), 1, false)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  expect(readTotals(report(5, 0), 0, false)).toEqual({ passed: 5, failed: 0, skipped: 0 });
});

it("counts a run that failed outside of its tests, or wrote no report, as one failure", () => {
  expect(readTotals(report(5, 0), 1, false).failed).toBe(1);
  expect(readTotals(null, 0, false).failed).toBe(1);
  expect(readTotals({ numPassedTests: "5" }, 1, true).failed).toBe(1);
});

it("counts a run without any test as a failure, unless a filter may have left it empty", () => {
  expect(readTotals(report(0, 0), 0, false).failed).toBe(1);
  expect(readTotals(report(0, 0), 0, true).failed).toBe(0);
  expect(readTotals(null, 0, true).failed).toBe(0);
});

it("adds up and says so in one line", () => {
  const sum = addTotals({ passed: 1, failed: 0, skipped: 2 }, { passed: 3, failed: 1, skipped: 0 });
  expect(describeTotals(sum)).toBe("4 passed, 1 failed, 2 skipped");
});
