import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, MAX_PATTERN_SIZE, parseNumber, patternDefect } from "../../../src/unlock/judge.ts";
import { MAX_ANSWER } from "../../../src/unlock/max-answer.ts";
import type { AnswerKey } from "../../../src/unlock/outline.ts";
import { cpuMs } from "../../support/unlock/cpu.ts";

const exact = (values: string[], case_sensitive = false): AnswerKey => ({ kind: "exact", values, case_sensitive });
const numeric = (value: number, tolerance = 0): AnswerKey => ({ kind: "numeric", value, tolerance });
const regex = (pattern: string, case_sensitive = true) => ({ kind: "regex", pattern, case_sensitive }) as const;
const passes = (key: AnswerKey, answer: string) => judge(key, answer).passed;

describe("exact answers", () => {
  it.each([
    ["the very text", exact(["Paris"]), "Paris", true],
    ["another case", exact(["Paris"]), "pARIS", true],
    ["another case where case counts", exact(["Paris"], true), "paris", false],
    ["the case where case counts", exact(["Paris"], true), "Paris", true],
    ["white space around", exact(["Paris"]), "\t Paris \n", true],
    ["white space collapsed, also ideographic and no-break", exact(["New  York"]), "new\u3000\u00a0york", true],
    ["white space that is missing", exact(["New York"]), "newyork", false],
    ["composed against decomposed", exact(["caf\u00e9"], true), "cafe\u0301", true],
    ["Chinese", exact(["北京"]), " 北京 ", true],
    ["capital dotted I without a locale", exact(["\u0130"]), "\u0130", true],
    ["any of several", exact(["one", "1"]), "1", true],
    ["none of several", exact(["one", "1"]), "2", false],
    ["a part of it", exact(["Paris"]), "Par", false],
    ["an empty answer, even where the key is blank", exact([" "]), "", false],
  ])("%s", (_, key, answer, passed) => {
    expect(judge(key, answer)).toEqual({ passed, score: passed ? 100 : 0 });
  });
});

describe("numeric answers", () => {
  it.each([
    ["3", 3],
    ["+3", 3],
    ["-3.50", -3.5],
    [" 3 ", 3],
    ["3.", 3],
    [".5", 0.5],
    ["1e3", 1000],
    ["2.5E-1", 0.25],
    ["3/4", 0.75],
    ["-3 / 4", -0.75],
    ["1.5/-3", -0.5],
  ])("reads %j", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it.each([
    "",
    " ",
    "abc",
    "0x10",
    "0b1",
    "Infinity",
    "-Infinity",
    "NaN",
    "1e999",
    "1/0",
    "0/0",
    "1/2/3",
    "1/",
    "/2",
    "1,5",
    "1 000",
    "1_000",
    "--1",
    "+",
    ".",
    "e3",
    "3 apples",
    "1n",
  ])("refuses %j", (text) => {
    expect(parseNumber(text)).toBeNull();
    expect(passes(numeric(0, Number.MAX_VALUE), text)).toBe(false);
  });

  it("accepts what lies within the tolerance, ends included, and nothing beyond", () => {
    expect(passes(numeric(10, 0.5), "10.5")).toBe(true);
    expect(passes(numeric(10, 0.5), "9.5")).toBe(true);
    expect(passes(numeric(10, 0.5), "10.51")).toBe(false);
    expect(passes(numeric(10, 0.5), "9.49")).toBe(false);
  });

  it("forgives rounding and no more, in proportion to the number", () => {
    expect(passes(numeric(0.1 + 0.2), "0.3")).toBe(true);
    expect(passes(numeric(1 / 3), "1/3")).toBe(true);
    expect(passes(numeric(1), "1.00000001")).toBe(false);
    expect(passes(numeric(1e12), "1000000000100")).toBe(true);
    expect(passes(numeric(1e12), "1000000010000")).toBe(false);
  });

  it("reads every finite number as JavaScript writes it", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        // Not `value`: the text of -0 is "0".
        expect(parseNumber(String(value))).toBe(Number(String(value)));
      }),
    );
  });
});

describe("regular expressions", () => {
  it.each([
    ["a|ab", "ab", true],
    ["a+", "aab", false],
    ["b", "abc", false],
    ["[0-9]{3}", " 123\n", true],
    ["\\pL+", "größe", true],
    ["x*", "", true],
    ["a$", "a\nb", false],
  ])("%s against %j", (pattern, answer, passed) => {
    expect(passes(regex(pattern), answer)).toBe(passed);
  });

  it("respects case as the key says, also after the other form was compiled", () => {
    expect(passes(regex("abc"), "ABC")).toBe(false);
    expect(passes(regex("abc", false), "ABC")).toBe(true);
    expect(passes(regex("abc"), "ABC")).toBe(false);
  });

  it.each(["(", "[a", "a**", "(?=a)b", "(a)\\1", "\\p{Nonsense}", "(a{1,1000}){1,1000}"])(
    "refuses %s when published and never judges with it",
    (pattern) => {
      expect(patternDefect(regex(pattern))).toMatch(/^RE2 refuses the pattern/);
      expect(() => judge(regex(pattern), "a")).toThrow("invalid pattern");
    },
  );

  it("refuses a pattern that would be too much work", () => {
    expect(patternDefect(regex("a{1,400}"))).toBeNull();
    expect(patternDefect(regex("a{1,1000}"))).toContain(`at most ${MAX_PATTERN_SIZE}`);
  });

  it("does bounded work where a backtracking engine would not end", () => {
    const hostile = `${"a".repeat(MAX_ANSWER - 1)}!`;
    // Work relative to a pattern of the same size that no engine backtracks on; 2^10,000 steps would not end at all.
    const timed = (pattern: string) => {
      expect(passes(regex(pattern), "a")).toBe(true);
      return cpuMs(() => {
        for (let round = 0; round < 20; round += 1) expect(passes(regex(pattern), hostile)).toBe(false);
      });
    };
    const plain = timed("a+");
    expect(timed("(a+)+$")).toBeLessThan(50 * plain + 500);
    expect(timed("(a|aa)+$")).toBeLessThan(50 * plain + 500);
  });

  it("judges the same whatever was compiled before: the cache is bounded and only a cache", () => {
    for (let i = 0; i < 200; i += 1) expect(passes(regex(`k${i}`), `k${i}`)).toBe(true);
    for (let i = 0; i < 200; i += 1) expect(passes(regex(`k${i}`), `k${i + 1}`)).toBe(false);
  });
});

it("fails an answer that is too long, for every kind of key, and no shorter one for its length", () => {
  const long = "7".repeat(MAX_ANSWER + 1);
  for (const key of [exact([long]), numeric(0, Number.MAX_VALUE), regex("7*")]) expect(passes(key, long)).toBe(false);
  expect(passes(regex("7*"), long.slice(1))).toBe(true);
});
