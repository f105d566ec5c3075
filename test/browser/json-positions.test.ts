import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineAndColumn, locateJson, placeOf } from "../../src/web/pages/author/json-positions.ts";

describe("places in a JSON text", () => {
  const text = `{
  "slug": "c",
  "chapters": [
    { "id": "c.a", "problems": [] },
    { "id": "c.b", "rule": { "all": [{ "completed": "c.a" }, null] } }
  ]
}`;
  const located = locateJson(text);
  if (!located.ok) throw new Error(located.message);
  const shown = (path: string) => {
    const span = placeOf(located.places, path);
    return span === null ? null : text.slice(span.start, span.end);
  };

  it.each([
    ["slug", '"slug": "c"'],
    ["chapters[0].id", '"id": "c.a"'],
    ["chapters[1].rule.all[0].completed", '"completed": "c.a"'],
    ["chapters[1].rule.all[1]", "null"],
    ["document.chapters[0].problems", '"problems": []'],
  ])("finds %s", (path, expected) => {
    expect(shown(path)).toBe(expected);
  });

  it.each([
    ["chapters[1].rule.all[0].completed.deeper[3].still", '"completed": "c.a"'],
    ["chapters[0].title", '{ "id": "c.a", "problems": [] }'],
    ["chapters[9]", text.slice(text.indexOf('"chapters"'), text.lastIndexOf("]") + 1)],
  ])("shows the nearest part around %s, which is missing", (path, expected) => {
    expect(shown(path)).toBe(expected);
  });

  it.each(["", "document", "title"])("gives no line for %j, which means the whole document", (path) => {
    expect(placeOf(located.places, path)).toBeNull();
  });

  it("counts lines and columns from 1", () => {
    expect(lineAndColumn(text, 0)).toEqual({ line: 1, column: 1 });
    expect(lineAndColumn(text, text.indexOf('"slug"'))).toEqual({ line: 2, column: 3 });
  });

  it.each([
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ["[1 2]", 3],
    ['{"a": tru}', 6],
    ['["a\nb"]', 1],
    ["", 0],
    ["[1] x", 4],
    ['{"a": 1, "a": 2}', 9],
    ['["\\x"]', 1],
    ["01", 1],
  ])("says where %j stops being JSON", (broken, at) => {
    expect(locateJson(broken)).toMatchObject({ ok: false, at });
  });

  it("reads every text that JSON.parse reads, with the same value", () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 4 }), (source, indent) => {
        const value: unknown = JSON.parse(source);
        const written = JSON.stringify(value, null, indent);
        expect(locateJson(written)).toMatchObject({ ok: true });
        const read = locateJson(written);
        if (read.ok) expect(JSON.stringify(read.value)).toBe(JSON.stringify(value));
      }),
    );
  });

  it("refuses every text that JSON.parse refuses", () => {
    const scraps = fc.array(fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', "1", "-", "null", " ", "\n", '"'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(scraps, (parts) => {
        const source = parts.join("");
        const read = locateJson(source);
        let isJson = true;
        try {
          JSON.parse(source);
        } catch {
          isJson = false;
        }
        // A name that is there twice is valid JSON, and always a slip.
        if (isJson && !read.ok) expect(read.message).toContain("twice");
        else expect(read.ok).toBe(isJson);
      }),
    );
  });

  it("survives very many nested brackets", () => {
    expect(locateJson("[".repeat(100_000))).toMatchObject({ ok: false });
  });
});
