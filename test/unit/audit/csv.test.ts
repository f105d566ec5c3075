import { describe, expect, it } from "vitest";
import { csvCell, csvLine } from "../../../src/platform/write-csv.ts";

describe("a CSV cell", () => {
  it.each([
    ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"],
    ["+1+1", "'+1+1"],
    ["-2+3", "'-2+3"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", '"\'\t=1"'],
    ["\r=1", '"\'\r=1"'],
    ["\rplain", '"\'\rplain"'],
    ["\tplain", '"\'\tplain"'],
    ["\n=1", '"\'\n=1"'],
    ["  =1", "'  =1"],
    ["\u00a0=1", "'\u00a0=1"],
    ["＝1", "'＝1"],
    ['=A1,"x"', '"\'=A1,""x"""'],
  ])("%j does not compute", (given, written) => {
    expect(csvCell(given)).toBe(written);
  });

  it("is quoted only where it must be, and its text stays the same", () => {
    expect(csvLine(["plain", 'a "quote"', "a,b", "two\nlines", null, 7, "a=b"])).toBe(
      'plain,"a ""quote""","a,b","two\nlines",,7,a=b\r\n',
    );
  });
});
