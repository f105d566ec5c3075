import { describe, expect, it } from "vitest";
import { ASKED_PER_SECOND, assumedPlace, JITTER_MS, LINE_LENGTH, noticeDelay } from "../../../src/enrollment/place.ts";

/** How many of these delays fall into each second. */
function seconds(delays: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const delay of delays) {
    const second = Math.floor(delay / 1_000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return counts;
}

/** Places of learners as they enroll, each once, and each learner's delay. */
function* inLine(learners: number): Generator<number> {
  for (let at = 1; at <= learners; at += 1) yield noticeDelay(`algebra:u${at}`, at);
}

/** The most of some numbers; there may be too many of them for a call. */
const most = (numbers: Iterable<number>) => {
  let found = Number.NEGATIVE_INFINITY;
  for (const one of numbers) found = Math.max(found, one);
  return found;
};

describe("[fault 18] an instant at which something opens for a whole course", () => {
  it("is noticed by a million learners at a rate of a thousand a second, by each once, by the last within 17 minutes", () => {
    const counts = seconds(inLine(1_000_000));
    expect(most(counts.values())).toBeLessThanOrEqual(ASKED_PER_SECOND);
    expect(most(counts.keys())).toBeLessThanOrEqual(17 * 60);
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(1_000_000);
  });

  it.each([
    [1, 5],
    [10, 5],
    [1_000, 5],
    [10_000, 10],
    [100_000, 100],
  ])("is noticed by %i learners within %i s", (learners, within) => {
    const counts = seconds(inLine(learners));
    expect(most(counts.keys())).toBeLessThanOrEqual(within);
    expect(most(counts.values())).toBeLessThanOrEqual(ASKED_PER_SECOND);
  });

  it("is also spread by the number of learners for those who have no place yet", () => {
    for (const learners of [10, 10_000, 300_000]) {
      const ids = Array.from({ length: learners }, (_, at) => `algebra:u${at}`);
      const delays = ids.map((id) => noticeDelay(id, assumedPlace(id, learners)));
      expect(most(seconds(delays).values())).toBeLessThanOrEqual(1.3 * ASKED_PER_SECOND);
      expect(most(delays)).toBeLessThanOrEqual(learners + JITTER_MS);
    }
  });

  it("of many courses is noticed by their first learners over five seconds, not in one", () => {
    const delays = Array.from({ length: 2_000 }, (_, at) => noticeDelay(`course-${at * 37}:ada`, 1));
    expect(most(seconds(delays).values())).toBeLessThanOrEqual(600);
  });

  it("is noticed within an hour for any size, and the rate grows with the course only for larger ones", () => {
    expect(noticeDelay("c:u", LINE_LENGTH * 7 - 1)).toBeLessThan(3_600_000 + JITTER_MS);
    for (const place of [null, 0, 1, 12_345]) {
      expect(noticeDelay("c:u", place)).toBeGreaterThanOrEqual(0);
      expect(noticeDelay("c:u", place)).toBe(noticeDelay("c:u", place));
    }
  });
});
