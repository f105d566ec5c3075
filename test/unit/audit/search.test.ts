import { describe, expect, it } from "vitest";
import { indexTokens, searchQuery } from "../../../src/audit/search.ts";

describe("words of the audit log", () => {
  it("Chinese is indexed in pairs with the last character, other words whole and in lower case", () => {
    expect(indexTokens("翻译服务 Started by ada-1")).toBe("翻译 译服 服务 务 started by ada 1");
    expect(indexTokens("course.published")).toBe("course published");
    expect(indexTokens("API翻译v2")).toBe("api 翻译 译 v2");
  });

  it("a search asks for every word, Chinese as pairs in a row", () => {
    expect(searchQuery("服务")).toBe('"服务"');
    expect(searchQuery("翻译服务 Pub")).toBe('"翻译 译服 服务" AND "pub"*');
    expect(searchQuery("务")).toBe('"务"*');
    expect(searchQuery('" OR NEAR( *')).toBe('"or"* AND "near"*');
    expect(searchQuery("-- !!")).toBeNull();
  });
});
