import { expect, it } from "vitest";
import { shortenJson } from "../../../scripts/lib/shorten.ts";

it("leaves short values as they are", () => {
  const value = { a: 1, b: [true, null], c: { d: "text" }, e: [], f: {} };
  expect(JSON.parse(shortenJson(value))).toEqual(value);
});

it("says how many rows and characters it left out", () => {
  const text = shortenJson({ results: [1, 2, 3, 4, 5], long: "锁".repeat(120) });
  expect(text).toContain("… (2 more)");
  expect(text).toContain(`"${"锁".repeat(100)}" … (120 characters)`);
  expect(text).not.toContain("4");
});

it("breaks objects into lines when one line would be too long", () => {
  const text = shortenJson({ one: "x".repeat(60), two: "y".repeat(60) });
  expect(text.split("\n")).toHaveLength(4);
});
