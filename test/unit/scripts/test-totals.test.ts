import { expect, it } from "vitest";
import { addTotals, describeTotals, Progress } from "../../../scripts/lib/test-totals.ts";

const begin = (...files: string[]) => `${JSON.stringify({ event: "begin", files })}\n`;
const end = (file: string, passed: number, failed = 0, skipped = 0) =>
  `${JSON.stringify({ event: "end", file, totals: { passed, failed, skipped }, failed: failed > 0 ? [`${file} > a test`] : [] })}\n`;

function heard(...pieces: string[]): Progress {
  const progress = new Progress();
  for (const piece of pieces) progress.hear(new TextEncoder().encode(piece));
  return progress;
}

it("counts passed, failed and skipped tests of all files", () => {
  const progress = heard(begin("a", "b"), end("a", 5, 2, 1), end("b", 1));
  expect(progress.totals(1, false)).toEqual({ passed: 6, failed: 2, skipped: 1 });
  expect(progress.failed).toEqual(["a > a test"]);
});

it("understands lines and characters that come in pieces", () => {
  const bytes = new TextEncoder().encode(begin("a") + end("a", 5, 1).replace("a test", "数学"));
  const progress = new Progress();
  for (const byte of bytes) progress.hear(Uint8Array.of(byte));
  expect(progress.totals(0, false).passed).toBe(5);
  expect(progress.failed).toEqual(["a > 数学"]);
});

it("counts a run that failed outside of its tests as one failure", () => {
  expect(heard(begin("a"), end("a", 5)).totals(1, false)).toEqual({ passed: 5, failed: 1, skipped: 0 });
});

it("counts a run without any test as a failure, unless a filter may have left it empty", () => {
  expect(heard().totals(0, false).failed).toBe(1);
  expect(heard().totals(0, true).failed).toBe(0);
  expect(heard().totals(1, true).failed).toBe(1);
});

it("knows what is left of a run that stopped, and adds what a second run of it did", () => {
  const progress = heard(begin("a", "b", "c"), end("b", 2), '{"event":"al');
  expect(progress.remaining()).toEqual(["a", "c"]);
  progress.anew();
  progress.hear(new TextEncoder().encode(begin("a", "c") + end("a", 1) + end("c", 3)));
  expect(progress.remaining()).toEqual([]);
  expect(progress.totals(0, false)).toEqual({ passed: 6, failed: 0, skipped: 0 });
});

it("does not know what is left while no run has named its files", () => {
  expect(heard().remaining()).toBeNull();
});

it("adds up all runs and reports them in one line", () => {
  const sum = addTotals({ passed: 1, failed: 0, skipped: 2 }, { passed: 3, failed: 1, skipped: 0 });
  expect(describeTotals(sum)).toBe("4 passed, 1 failed, 2 skipped");
});
