import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { sourceFiles } from "../../../scripts/lib/source-files.ts";
import {
  bundleWorker,
  evaluatedWith,
  gzipBytes,
  partOf,
  type WorkerBundle,
} from "../../../scripts/lib/worker-bundle.ts";
import * as uploadedZod from "../../../src/lean/zod.ts";

// A start takes as long as what it evaluates. Nothing here is timed: what is evaluated follows from the imports.

/** Of the edge, and of the Worker behind it. */
let bundle: WorkerBundle;
let back: WorkerBundle;
beforeAll(async () => {
  [bundle, back] = await Promise.all([bundleWorker("edge"), bundleWorker("back")]);
}, 120_000);

/** Rooms and packages of which something is evaluated with a file. */
const partsWith = (file: string) => [...new Set([...evaluatedWith(bundle, file)].map(partOf))];

describe("the Workers' bundles", () => {
  it("keep the edge below 300 KiB (gzip), without the code that only authors, operators and jobs need", () => {
    expect(gzipBytes(bundle.code)).toBeLessThanOrEqual(300 * 1_024);
    const parts = new Set(bundle.pieces.map(({ file }) => partOf(file)));
    for (const part of ["src/imports", "src/insight", "src/ops", "src/people", "src/privacy", "src/maintenance"]) {
      expect(parts.has(part), part).toBe(false);
      expect(
        back.pieces.some(({ file }) => partOf(file) === part),
        part,
      ).toBe(true);
    }
    for (const part of ["better-auth", "saxes", "ml-matrix", "@zxcvbn-ts/core", "cockatiel", "aws4fetch"]) {
      expect(parts.has(part), part).toBe(false);
    }
  });

  it("evaluate at the start only the list of classes and handlers of the Worker", () => {
    expect(
      partsWith("src/index.ts")
        .filter((part) => part.startsWith("src/"))
        .sort(),
    ).toEqual(["src/index.ts", "src/platform", "src/presence"]);
    expect(partsWith("src/index.ts")).not.toContain("zod");
  });

  it("evaluate with the first request what every request needs, and no feature", () => {
    const every = [
      "src/app.ts",
      "src/at-edge.ts",
      "src/audit",
      "src/backup",
      "src/identity",
      "src/lean",
      "src/platform",
    ];
    const rooms = partsWith("src/edge.ts").filter((part) => part.startsWith("src/"));
    expect(rooms.sort()).toEqual([...every, "src/edge.ts"].sort());
    const behind = [...new Set([...evaluatedWith(back, "src/api.ts")].map(partOf))];
    expect(behind.filter((part) => part.startsWith("src/")).sort()).toEqual([...every, "src/api.ts"].sort());
    expect(behind).not.toContain("better-auth");
  });

  it("evaluate with the first read no code that reads do not need", () => {
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
      expect(back.imports.has(`src/${heavy}.ts`), heavy).toBe(true);
      expect(files.has(`src/${heavy}.ts`), heavy).toBe(false);
    }
  });

  it("import no module of the platform that every start would have to evaluate", () => {
    const externals = ({ code }: WorkerBundle) =>
      new Set([...code.matchAll(/\bfrom\s*"((?:node|cloudflare):[^"]+)"/g)].map(([, name]) => name));
    expect([...externals(bundle)]).toEqual(["cloudflare:workers"]);
    expect([...externals(back)]).toEqual(["cloudflare:workers"]);
  });

  it("have every function of zod that is called, and import nothing that does not exist", () => {
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
    expect([...bundle.warnings, ...back.warnings]).toEqual([]);
  });
});
