import { describe, expect, it } from "vitest";
import { emptySketch, estimate, merge, note } from "../../../src/platform/metrics/sketch.ts";

function sketchOf(from: number, to: number) {
  const sketch = emptySketch();
  for (let user = from; user < to; user += 1) note(sketch, `user-${user}`);
  return sketch;
}

describe("counting different learners without storing their ids", () => {
  // Four standard errors of 2.3 %, or more; small numbers are exact.
  it.each([0, 1, 2, 10])("%i are counted exactly", (users) => {
    expect(estimate(sketchOf(0, users))).toBe(users);
  });

  it.each([50, 500, 1_000, 5_000, 6_000, 20_000, 200_000])("%i are counted within 10 %%", (users) => {
    expect(Math.abs(estimate(sketchOf(0, users)) / users - 1)).toBeLessThan(0.1);
  });

  it("somebody who is counted twice, or in two sketches, counts once", () => {
    const all = sketchOf(0, 3_000);
    expect(note(all, "user-7")).toBe(false);
    const before = estimate(all);
    merge(all, sketchOf(0, 3_000));
    expect(estimate(all)).toBe(before);
    const half = sketchOf(0, 2_000);
    merge(half, sketchOf(1_000, 3_000));
    expect(half).toEqual(all);
  });
});
