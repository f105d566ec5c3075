import { describe, expect, it } from "vitest";
import { fitsSearch, indexTerms, isSearchable, matchExpression } from "../../../src/platform/words.ts";

describe("words of a full-text index", () => {
  it("Chinese is indexed in pairs of characters, other words as a whole, in lower case and without accents", () => {
    expect(indexTerms("翻译服务 Started by ada-1")).toBe("翻译 译服 服务 务 started by ada 1");
    expect(indexTerms("course.published")).toBe("course published");
    expect(indexTerms("API翻译v2 Café")).toBe("api 翻译 译 v2 cafe");
  });

  it("a search needs every word, Chinese as pairs in a row, and a word may be unfinished", () => {
    expect(matchExpression("服务")).toBe('"服务"');
    expect(matchExpression("翻译服务 Pub")).toBe('"翻译 译服 服务" AND "pub"');
    expect(matchExpression("翻译服务 Pub", null, "begun")).toBe('"翻译 译服 服务" AND "pub" *');
    expect(matchExpression("务")).toBe('"务" *');
    expect(matchExpression('" OR NEAR( *', null, "begun")).toBe('"or" * AND "near" *');
    expect(matchExpression("-- !!")).toBeNull();
  });

  it("a search has at most 64 terms", () => {
    const most = "a ".repeat(64);
    expect([fitsSearch(most), fitsSearch(`${most} b`), isSearchable("!!")]).toEqual([true, false, false]);
    expect(() => matchExpression(`${most} b`, null, "begun")).toThrow(RangeError);
    expect(matchExpression(most, null, "begun")?.split(" AND ")).toHaveLength(64);
  });
});
