import { expect, it } from "vitest";
import { columnKey, isEcho, judged } from "../../../src/connect/lti/judged.ts";

it("a result is a percentage of its maximum, and an echo is what its column can show of a sent score", () => {
  expect(judged({ score: undefined, maximum: 5 })).toBe("ungraded");
  expect(judged({ score: 0.5, maximum: null })).toEqual({ percent: 50, maximum: 1 });
  expect(judged({ score: -2, maximum: 4 })).toEqual({ percent: 0, maximum: 4 });
  expect(judged({ score: 57, maximum: 100 })).toEqual({ percent: 57, maximum: 100 });
  for (const odd of [
    { score: "5", maximum: 5 },
    { score: 5, maximum: 0 },
    { score: 5, maximum: "9" },
  ]) {
    expect(judged(odd)).toBe("invalid");
  }
  expect(isEcho({ percent: 61.4, maximum: 10 }, [61.37])).toBe(true);
  expect(isEcho({ percent: 61.4, maximum: 100 }, [61.37])).toBe(false);
  expect(isEcho({ percent: 61.5, maximum: 10 }, [61.37])).toBe(false);
  expect(columnKey("https://a.example/c/1/?b=1&a=2")).toBe(columnKey("https://a.example/c/1?a=2&b=1"));
  expect(columnKey("https://a.example/c/1?a=2")).not.toBe(columnKey("https://a.example/c/1?a=3"));
});
