import { describe, expect, it } from "vitest";
import { Allowance } from "../../../src/platform/http/allowance.ts";

describe("an allowance", () => {
  it("lets each key through a number of times a minute, and then refuses it", () => {
    const allowance = new Allowance();
    const taken = (key: string, now: number) => [1, 2, 3].map(() => allowance.take(key, now, 2));
    expect(taken("ada", 1_000)).toEqual([true, true, false]);
    expect(taken("bob", 30_000)).toEqual([true, true, false]);
    expect(allowance.take("ada", 60_999, 2)).toBe(false);
    expect(taken("ada", 61_000)).toEqual([true, true, false]);
  });

  it("forgets all keys when there are too many, so it does not grow without limit", () => {
    const allowance = new Allowance();
    for (let key = 0; key < 10_000; key += 1) expect(allowance.take(`user-${key}`, 0, 1)).toBe(true);
    expect(allowance.take("user-0", 0, 1)).toBe(true);
  });
});
