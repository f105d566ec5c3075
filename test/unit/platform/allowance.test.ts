import { describe, expect, it } from "vitest";
import { Allowance } from "../../../src/platform/http/allowance.ts";

describe("an allowance", () => {
  it("waves each key through so often a minute, and then no more", () => {
    const allowance = new Allowance();
    const taken = (key: string, now: number) => [1, 2, 3].map(() => allowance.take(key, now, 2));
    expect(taken("ada", 1_000)).toEqual([true, true, false]);
    expect(taken("bob", 30_000)).toEqual([true, true, false]);
    expect(allowance.take("ada", 60_999, 2)).toBe(false);
    expect(taken("ada", 61_000)).toEqual([true, true, false]);
  });

  it("forgets everybody rather than growing without bound", () => {
    const allowance = new Allowance();
    for (let key = 0; key < 10_000; key += 1) expect(allowance.take(`user-${key}`, 0, 1)).toBe(true);
    expect(allowance.take("user-0", 0, 1)).toBe(true);
  });
});
