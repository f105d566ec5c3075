import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnswerFile, answerFaults, looksPacked, packAnswer, unpackAnswer } from "../../../src/unlock/asked.ts";
import { judge, MAX_PATTERN_SIZE, patternDefect } from "../../../src/unlock/judge.ts";
import { MAX_ANSWER } from "../../../src/unlock/max-answer.ts";
import { parseMeasure, parseNumber } from "../../../src/unlock/measure.ts";
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

  it("accepts values within the tolerance, its ends included, and no others", () => {
    expect(passes(numeric(10, 0.5), "10.5")).toBe(true);
    expect(passes(numeric(10, 0.5), "9.5")).toBe(true);
    expect(passes(numeric(10, 0.5), "10.51")).toBe(false);
    expect(passes(numeric(10, 0.5), "9.49")).toBe(false);
  });

  it("accepts small rounding errors only, in proportion to the number", () => {
    expect(passes(numeric(0.1 + 0.2), "0.3")).toBe(true);
    expect(passes(numeric(1 / 3), "1/3")).toBe(true);
    expect(passes(numeric(1), "1.00000001")).toBe(false);
    expect(passes(numeric(1e12), "1000000000100")).toBe(true);
    expect(passes(numeric(1e12), "1000000010000")).toBe(false);
  });

  it("reads every finite number in the form in which JavaScript writes it", () => {
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

  it("tells upper and lower case apart as the key says, also after the other form was compiled", () => {
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

  it("refuses a pattern that would need too much work", () => {
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

  it("gives the same verdict whatever was compiled before, though the cache is bounded", () => {
    for (let i = 0; i < 200; i += 1) expect(passes(regex(`k${i}`), `k${i}`)).toBe(true);
    for (let i = 0; i < 200; i += 1) expect(passes(regex(`k${i}`), `k${i + 1}`)).toBe(false);
  });
});

it("an answer that is too long fails, for every kind of key, and a shorter one never fails because of its length", () => {
  const long = "7".repeat(MAX_ANSWER + 1);
  for (const key of [exact([long]), numeric(0, Number.MAX_VALUE), regex("7*")]) expect(passes(key, long)).toBe(false);
  expect(passes(regex("7*"), long.slice(1))).toBe(true);
});

describe("numbers with a unit", () => {
  const length: AnswerKey = {
    kind: "numeric",
    value: 2,
    tolerance: 0.05,
    unit: "m",
    other_units: [
      { unit: "cm", factor: 0.01 },
      { unit: "km", factor: 1000 },
    ],
  };
  it.each([
    ["2", true],
    ["2 m", true],
    ["2m", true],
    ["200 cm", true],
    ["0.002km", true],
    ["4/2 m", true],
    ["2 km", false],
    ["2 ells", false],
    ["two m", false],
    ["2 m 2", false],
  ])("%j", (answer, passed) => {
    expect(passes(length, answer)).toBe(passed);
  });

  it("requires the unit where the key does", () => {
    expect(passes({ ...length, unit_required: true }, "2")).toBe(false);
    expect(passes({ ...length, unit_required: true }, "2 m")).toBe(true);
  });

  it("uses the larger of both tolerances", () => {
    expect(passes({ ...length, tolerance_percent: 10 }, "2.19 m")).toBe(true);
    expect(passes({ ...length, tolerance_percent: 10 }, "2.21 m")).toBe(false);
    expect(passes({ ...length, tolerance_percent: 1 }, "2.05 m")).toBe(true);
  });

  it("reads back every number and unit that it was given", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const units = fc.constantFrom("m", "km/h", "°C", "%", "μg", "m2", "");
    fc.assert(
      fc.property(number, units, fc.constantFrom("", " "), (value, unit, blank) => {
        expect(parseMeasure(`${value}${blank}${unit}`)).toEqual({ value: value === 0 ? 0 : value, unit });
      }),
    );
  });
});

describe("chosen and ordered options", () => {
  const ids = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/), { minLength: 2, maxLength: 20 });

  it("accept exactly the one right option of a choice", () => {
    const key: AnswerKey = { kind: "choice", option: "b" };
    expect(judge(key, " b ")).toEqual({ passed: true, score: 100 });
    for (const answer of ["a", "a, b", "b b", "", "B"]) expect(judge(key, answer)).toEqual({ passed: false, score: 0 });
  });

  it("pass all right options in any order, and no other selection", () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 19 }), fc.boolean(), (all, count, partial) => {
        const right = all.slice(0, Math.min(count, all.length));
        const key: AnswerKey = { kind: "choices", options: right, partial };
        expect(judge(key, right.toReversed().join(", "))).toEqual({ passed: true, score: 100 });
        for (let bits = 0; bits < 64; bits += 1) {
          const given = all.filter((_, index) => ((bits >> (index % 6)) & 1) === 1);
          const isRight = given.length === right.length && right.every((id) => given.includes(id));
          const { passed, score } = judge(key, given.join(" "));
          expect(passed).toBe(isRight);
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score === 100).toBe(isRight);
          if (!partial) expect(score).toBe(isRight ? 100 : 0);
        }
      }),
    );
  });

  it("give a part of the score for a part, and none for choosing everything", () => {
    const key: AnswerKey = { kind: "choices", options: ["a", "b"], partial: true };
    expect(judge(key, "a").score).toBe(50);
    expect(judge(key, "a, x").score).toBe(0);
    expect(judge(key, "a, b, x, y").score).toBe(0);
  });

  it("pass the right order only", () => {
    fc.assert(
      fc.property(
        ids.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
        ),
        ([all, given]) => {
          const isRight = given.every((id, index) => id === all[index]);
          const { passed, score } = judge({ kind: "ordering", options: all, partial: true }, given.join(","));
          expect(passed).toBe(isRight);
          expect(score === 100).toBe(isRight);
          expect(judge({ kind: "ordering", options: all }, given.join(",")).score).toBe(isRight ? 100 : 0);
        },
      ),
    );
  });

  it("count neighbours that stayed together", () => {
    const key: AnswerKey = { kind: "ordering", options: ["a", "b", "c", "d", "e"], partial: true };
    expect(judge(key, "b c d e a").score).toBe(75);
    expect(judge(key, "e d c b a").score).toBe(0);
  });
});

describe("the form of an answer", () => {
  const asked = { kind: "choices", options: ["a", "b"] } as const;
  const rules = (of: Parameters<typeof answerFaults>[0], answer: string, files: AnswerFile[] = []) =>
    answerFaults(of, { answer, files }).map(({ rule }) => rule);
  const file: AnswerFile = { id: "0".repeat(32), name: "Essay.PDF", type: "application/pdf", size: 10 };

  it.each([
    [{ ...asked, options: [...asked.options] }, "a, c", "no_such_option"],
    [{ ...asked, options: [...asked.options] }, "a a", "named_twice"],
    [{ kind: "choice" as const, options: ["a", "b"] }, "a, b", "one_option"],
    [{ kind: "ordering" as const, options: ["a", "b"] }, "a", "all_options"],
    [{ kind: "number" as const }, "many", "not_a_number"],
    [{ kind: "text" as const }, " ", "too_small"],
    [{ kind: "file" as const, max_files: 1, max_bytes: 100 }, "my essay", "too_small"],
  ])("%j does not take %j", (of, answer, rule) => {
    expect(rules(of, answer)).toEqual([rule]);
  });

  it("accepts files where they are asked for, within their bounds", () => {
    const of = { kind: "file" as const, max_files: 1, max_bytes: 10, endings: ["pdf"] };
    expect(rules(of, "", [file])).toEqual([]);
    expect(rules(of, "", [{ ...file, size: 11 }])).toEqual(["file_too_large"]);
    expect(rules(of, "", [{ ...file, name: "pdf.exe" }])).toEqual(["file_ending"]);
    expect(rules(of, "", [file, file])).toEqual(["too_big"]);
    expect(rules({ kind: "text" }, "x", [file])).toEqual(["no_files"]);
    expect(rules(undefined, "x", [file])).toEqual(["no_files"]);
  });

  it("stores files beside any text and returns both", () => {
    fc.assert(
      fc.property(fc.string(), fc.boolean(), (answer, hasFile) => {
        fc.pre(!looksPacked(answer));
        const whole = { answer, files: hasFile ? [file] : [] };
        expect(unpackAnswer(packAnswer(whole))).toEqual(whole);
      }),
    );
  });
});
