import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { roomGraph, trespasses } from "../../../scripts/lib/rooms.ts";
import { sourceFiles } from "../../../scripts/lib/source-files.ts";

const found = (files: Record<string, string>) =>
  trespasses(roomGraph(new Map(Object.entries(files)))).map(({ rule, from, to }) => `${rule}: ${from} -> ${to}`);

describe("the rooms of src/", () => {
  it("import platform/ and the public API of rooms below them", () => {
    const files = {
      "src/index.ts": `import { api } from "./api.ts";`,
      "src/api.ts": `import { a } from "./courses/index.ts"; import { l } from "./platform/log.ts";`,
      "src/courses/index.ts": `export { a } from "./inside.ts";`,
      "src/courses/inside.ts": `import { u } from "../unlock/index.ts"; import { l } from "../platform/log.ts";`,
      "src/unlock/index.ts": "",
      "src/platform/log.ts": "",
    };
    expect(found(files)).toEqual([]);
  });

  it("are checked for imports that go upward, past a public API, in a circle, or to an unknown room", () => {
    const files = {
      "src/api.ts": "",
      "src/courses/index.ts": `import type { T } from "../enrollment/index.ts";`,
      "src/courses/a.ts": `import { b } from "./b.ts"; import { rule } from "../unlock/rules.ts";`,
      "src/courses/b.ts": `const { a } = await import("./a.ts"); import { api } from "../api.ts";`,
      "src/enrollment/index.ts": `import { x } from "../attic/index.ts";`,
      "src/attic/index.ts": "",
      "src/unlock/rules.ts": `import { l } from "../../src/web/index.ts";`,
      "src/web/index.ts": `import { c } from "../client/react/index.ts"; import { u } from "../unlock/index.ts"; import { d } from "../courses/index.ts";`,
      "src/client/react/index.ts": "",
      "src/unlock/index.ts": "",
    };
    expect(found(files).sort()).toEqual([
      "circle: src/courses/a.ts -> src/courses/b.ts",
      "past the public API: src/courses/a.ts -> src/unlock/rules.ts",
      "unknown room: src/enrollment/index.ts -> src/attic/index.ts",
      "upward: src/courses/b.ts -> src/api.ts",
      "upward: src/courses/index.ts -> src/enrollment/index.ts",
      "upward: src/unlock/rules.ts -> src/web/index.ts",
      "upward: src/web/index.ts -> src/courses/index.ts",
    ]);
  });

  it("have no forbidden import", () => {
    const files = new Map(sourceFiles("src").map((path) => [path, readFileSync(path, "utf8")]));
    expect(trespasses(roomGraph(files))).toEqual([]);
  });
});
