import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cutByBytes,
  cutMessages,
  cutText,
  firstBytes,
  oneBatch,
  utf8Bytes,
} from "../../../src/platform/database/batches.ts";
import { PLATFORM } from "../../../src/platform/http/limits.ts";

const anyText = fc.string({ unit: "binary", maxLength: 60 });

describe("cutting rows by bytes", () => {
  it("keeps every row in its order, and no batch of several rows is larger than the limit", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: anyText, text: anyText })),
        fc.integer({ min: 20, max: 400 }),
        (rows, most) => {
          const batches = cutByBytes(rows, most);
          expect(batches.flatMap(({ json }): unknown[] => JSON.parse(json))).toEqual(rows);
          expect(batches.flatMap((batch) => batch.rows)).toEqual(rows);
          for (const { json, rows: some } of batches)
            if (some.length > 1) expect(utf8Bytes(json)).toBeLessThanOrEqual(most);
        },
      ),
    );
  });

  it("counts bytes, not characters: a Latin text fits where a Chinese one of the same length does not", () => {
    const rows = (text: string) => Array.from({ length: 10 }, () => text.repeat(100_000));
    expect(cutByBytes(rows("x"))).toHaveLength(2);
    expect(cutByBytes(rows("课"))).toHaveLength(4);
    for (const { json } of cutByBytes(rows("课"))) expect(utf8Bytes(json)).toBeLessThanOrEqual(PLATFORM.value_bytes);
  });

  it("puts a row that is larger than a batch into a batch of its own, and refuses one that no statement accepts", () => {
    const large = "课".repeat(600_000);
    expect(cutByBytes(["a", large, "b"]).map(({ rows }) => rows.length)).toEqual([1, 1, 1]);
    expect(() => cutByBytes(["课".repeat(700_000)])).toThrow(RangeError);
    expect(cutByBytes([])).toEqual([]);
  });

  it("makes one batch of small rows, and refuses rows that do not fit in one batch", () => {
    expect(oneBatch([1, "two"]).json).toBe('[1,"two"]');
    expect(oneBatch([]).json).toBe("[]");
    expect(() => oneBatch(["x".repeat(1_500_000), "x".repeat(1_500_000)])).toThrow(RangeError);
  });
});

describe("cutting texts, messages and pages", () => {
  it("never cuts inside a character, and loses no character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), fc.integer({ min: 8, max: 40 }), (text, most) => {
        const parts = cutText(text, most);
        expect(parts.join("")).toBe(text);
        for (const part of parts) expect(utf8Bytes(part)).toBeLessThanOrEqual(most);
      }),
    );
    expect(cutText(`${"x".repeat(999_999)}😀`)).toEqual(["x".repeat(999_999), "😀"]);
    expect(cutText("\ufeffabc", 3)).toEqual(["\ufeff", "abc"]);
    expect(cutText("")).toEqual([]);
  });

  it("groups messages by number and by bytes, and refuses one that is too large for a queue", () => {
    const sizes = (bodies: readonly unknown[]) => cutMessages(bodies).map((group) => group.length);
    expect(sizes(Array.from({ length: 250 }, (_, id) => ({ id })))).toEqual([100, 100, 50]);
    expect(sizes(Array.from({ length: 5 }, () => "课".repeat(40_000)))).toEqual([2, 2, 1]);
    expect(() => cutMessages(["课".repeat(43_000)])).toThrow(RangeError);
    expect(cutMessages([])).toEqual([]);
  });

  it("takes the first rows that fit, and always at least one", () => {
    expect(firstBytes(["aaaa", "bbbb", "cccc"], 12)).toEqual(["aaaa", "bbbb"]);
    expect(firstBytes(["课".repeat(100), "b"], 12)).toEqual(["课".repeat(100)]);
    expect(firstBytes([], 12)).toEqual([]);
  });
});
