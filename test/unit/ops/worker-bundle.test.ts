import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { sourceFiles } from "../../../scripts/lib/source-files.ts";
import { bundleWorker, evaluatedWith, partOf, type WorkerBundle } from "../../../scripts/lib/worker-bundle.ts";
import * as uploadedZod from "../../../src/lean/zod.ts";

// A start takes as long as what it evaluates. Nothing here is timed: what is evaluated follows from the imports.

let bundle: WorkerBundle;
beforeAll(async () => {
  bundle = await bundleWorker();
}, 60_000);

/** Rooms and packages of which something is evaluated with a file. */
const partsWith = (file: string) => [...new Set([...evaluatedWith(bundle, file)].map(partOf))];

describe("the Worker's bundle", () => {
  it("evaluates at the start only what says of which classes and handlers the Worker is made", () => {
    expect(
      partsWith("src/index.ts")
        .filter((part) => part.startsWith("src/"))
        .sort(),
    ).toEqual(["src/index.ts", "src/platform", "src/presence"]);
    expect(partsWith("src/index.ts")).not.toContain("zod");
  });

  it("evaluates with the first request what every request needs, and no feature", () => {
    const rooms = partsWith("src/api.ts").filter((part) => part.startsWith("src/"));
    expect(rooms.sort()).toEqual(["src/api.ts", "src/audit", "src/backup", "src/identity", "src/lean", "src/platform"]);
    expect(partsWith("src/api.ts")).not.toContain("better-auth");
  });

  it("evaluates with the first read nothing that only others need", () => {
    const files = new Set([
      ...evaluatedWith(bundle, "src/enrollment/routes-reads.ts"),
      ...evaluatedWith(bundle, "src/enrollment/object.ts"),
    ]);
    const others = [...files].filter((file) =>
      /^src\/(backup|files|insight|ops|presence|privacy|records|staleness)\//.test(file),
    );
    expect(others).toEqual([]);
    expect([...files].map(partOf)).not.toContain("re2js");
    for (const heavy of ["audit/shapes", "courses/document", "events/shapes", "identity/schemas", "identity/library"]) {
      expect(bundle.imports.has(`src/${heavy}.ts`), heavy).toBe(true);
      expect(files.has(`src/${heavy}.ts`), heavy).toBe(false);
    }
  });

  it("imports no module of the platform that every start would evaluate, wherever the import stands", () => {
    const external = [...bundle.code.matchAll(/\bfrom\s*"((?:node|cloudflare):[^"]+)"/g)].map(([, name]) => name);
    expect([...new Set(external)]).toEqual(["cloudflare:workers"]);
  });

  it("has every function of zod that is called, and no import of what is not there", () => {
    const sources = sourceFiles("src").filter((path) => !/^src\/(web|client|lean)\//.test(path));
    const texts = sources
      .map((path) => readFileSync(path, "utf8"))
      .filter((text) => /from "(zod|@hono\/zod-openapi)"/.test(text));
    const called = texts.flatMap((text) => [
      ...[...text.matchAll(/\bz\.([a-z]\w*)(?:\.([a-z]\w*))?\(/g)].map(
        ([, name = "", inner]) => [name, inner] as const,
      ),
      ...[...text.matchAll(/\b(?:instanceof|new) z\.(\w+)/g)].map(([, name = ""]) => [name, undefined] as const),
    ]);
    expect(called.length).toBeGreaterThan(1_000);
    const missing = called.filter(([name, inner]) => {
      const found: unknown = Reflect.get(uploadedZod, name);
      return inner === undefined
        ? typeof found !== "function"
        : typeof Reflect.get(Object(found), inner) !== "function";
    });
    expect(missing).toEqual([]);
    expect(bundle.warnings).toEqual([]);
  });
});
