import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sourceFiles } from "../../../scripts/lib/source-files.ts";
import { needlessExceptions, strayStatements } from "../../../scripts/lib/stray-statements.ts";

const files = new Map(sourceFiles("src").map((path) => [path, readFileSync(path, "utf8")]));

describe("statements of D1", () => {
  it("stand in the statements.ts or the folder statements of their room", () => {
    expect(strayStatements(files)).toEqual([]);
  });

  it("have no exception that is not needed any more", () => {
    expect(needlessExceptions(files)).toEqual([]);
  });

  it("are found in other files, in whatever form they are made", () => {
    const made = [
      'const row = await db.prepare("SELECT 1").first();',
      "const FOUND = setStatement((set) => set);",
      'const found = statement<[id: string]>("SELECT 1");',
    ];
    const elsewhere = new Map(made.map((text, at) => [`src/files/a${at}.ts`, text]));
    expect(strayStatements(elsewhere)).toEqual([...elsewhere.keys()]);
  });

  it("are allowed in the statements.ts of a room and in a file of its folder", () => {
    const declared = ["src/files/statements.ts", "src/files/statements/uploads.ts"];
    const others = ["src/files/old-statements.ts", "src/files/statements/parts/uploads.ts"];
    const made = (paths: string[]) => new Map(paths.map((path) => [path, "const FOUND = setStatement((set) => set);"]));
    expect(strayStatements(made(declared))).toEqual([]);
    expect(strayStatements(made(others))).toEqual(others);
  });
});
