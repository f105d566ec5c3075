import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

describe("[fault 1] content of items", () => {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") || path.endsWith(".tsx"))
    .map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join("src", path), "utf8") }));
  const where = (pattern: RegExp) => sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path);

  it("is read from D1 by one function, and that function needs a permit that only one function gives", () => {
    expect(where(/\bcourseContents\b/).sort()).toEqual([
      "courses/contents.ts",
      "courses/tables.ts",
      "courses/versions.ts",
    ]);
    expect(where(/course_contents/).sort()).toEqual(["backup/tables.ts", "courses/statements.ts", "courses/tables.ts"]);
    expect(where(/await loadShown\(d/).sort()).toEqual([
      "enrollment/pass/texts.ts",
      "enrollment/reads.ts",
      "enrollment/routes-grading.ts",
      "imports/file-routes.ts",
    ]);
    expect(where(/\bas Permit\b/)).toEqual(["mirror/access.ts"]);
    // A search reads texts too, of items for which the same file permits it.
    expect(where(/\bCONTENTS_WITH\.find/)).toEqual(["courses/contents.ts"]);
    expect(where(/\bas unknown as SearchPermit\b/)).toEqual(["mirror/access.ts"]);
  });
});
