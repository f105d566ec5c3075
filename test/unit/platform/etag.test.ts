import { describe, expect, it } from "vitest";
import { namesAny, namesExactly, namesTag } from "../../../src/platform/http/etag.ts";

const TAG = '"1.2"';

describe("[fault 41] If-None-Match", () => {
  it.each([
    ["the tag", TAG],
    ["the tag, weakened", `W/${TAG}`],
    ["a list", `"a", ${TAG}`],
    ["a list without blanks", `"a",${TAG},"b"`],
    ["a list with empty places", `, ,"a",, ${TAG} ,`],
    ["a list after a tag with a comma", `"a, b", ${TAG}`],
    ["anything", "*"],
    ["anything, with blanks", " * "],
  ])("names it by %s", (_what, header) => {
    expect(namesTag(header, TAG)).toBe(true);
  });

  it.each([
    ["no header", undefined],
    ["null", null],
    ["nothing", ""],
    ["another tag", '"1.3"'],
    ["the tag without its quotes", "1.2"],
    ["a lower-case w", `w/"1.3"`],
    ["the tag as a part of another", '"a 1.2"'],
    ["the tag between the quotes of two others", '"a,1.2,b"'],
    ["a star in a list is no star", '"a", *'],
  ])("does not name it by %s", (_what, header) => {
    expect(namesTag(header, TAG)).toBe(false);
  });

  it("tags that contain a comma are read as one tag", () => {
    expect(namesTag('"x", "a,b"', '"a,b"')).toBe(true);
    expect(namesTag('"a,b"', '"a"')).toBe(false);
  });

  it("a resource without a tag matches only the star", () => {
    expect([namesTag("*", ""), namesTag('""', ""), namesTag(TAG, "")]).toEqual([true, false, false]);
    expect([namesAny("*"), namesAny(TAG), namesAny(null)]).toEqual([true, false, false]);
  });
});

it("[fault 41] If-Range matches one representation exactly: a weak tag and a list do not match", () => {
  const date = "Sun, 29 Nov 2026 12:00:00 GMT";
  const names = [TAG, date, `W/${TAG}`, "*", `${TAG}, "b"`, "Sunday, 29-Nov-26 12:00:00 GMT"];
  expect(names.map((header) => namesExactly(header, TAG, date))).toEqual([true, true, false, false, false, false]);
});
