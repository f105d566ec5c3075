import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sourceFiles } from "../../../scripts/lib/source-files.ts";

const MOST = 350;
/** The first lines say why a file is longer, or that a program has written it. */
const REASON = /^\/\/ (?:Over 350 lines: .{20,}|Written by `)/;

function lengths(folders: readonly string[]) {
  return folders.flatMap(sourceFiles).map((path) => {
    const text = readFileSync(path, "utf8");
    return { path, text, lines: text.split("\n").length - 1 };
  });
}

describe("the length of files", () => {
  it("is at most 350 lines, or the first line says why", () => {
    const long = lengths(["src", "scripts", "bench", "test"]).filter(({ path, lines, text }) => {
      return lines > MOST && !REASON.test(text) && !path.includes("/node_modules/");
    });
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it("is below 120 lines for half of the sources", () => {
    const sorted = lengths(["src"])
      .map(({ lines }) => lines)
      .sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(120);
  });
});
