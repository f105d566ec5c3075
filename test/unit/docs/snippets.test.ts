import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromRoot, NODE } from "../../../scripts/lib/paths.ts";
import { answerKeySchema, courseDocumentSchema, documentPaths, splitDocument } from "../../../src/courses/document.ts";
import { analyze } from "../../../src/unlock/analyze.ts";
import { OPERATORS, ruleSchema } from "../../../src/unlock/index.ts";
import { type Block, blocksOf, documents } from "../../support/node/documents.ts";

const BLOCKS = [...documents(), "src/client/README.md"].flatMap(blocksOf);
const place = ({ file, line }: Block) => `${file}:${line}`;
const named = (blocks: Block[]) => blocks.map((block) => ({ at: place(block), block }));

describe("JSON in the documents", () => {
  const json = BLOCKS.filter(({ language }) => language === "json");

  it.each(named(json))("$at parses", ({ block }) => {
    expect(() => JSON.parse(block.text)).not.toThrow();
  });

  it.each(named(json.filter(({ kind }) => kind === "rule")))("$at is a rule", ({ block }) => {
    expect(ruleSchema.safeParse(JSON.parse(block.text)).error).toBeUndefined();
  });

  it.each(named(json.filter(({ kind }) => kind === "answer")))("$at is an answer key", ({ block }) => {
    expect(answerKeySchema.safeParse(JSON.parse(block.text)).error).toBeUndefined();
  });

  it.each(named(json.filter(({ kind }) => kind === "course")))("$at is a course that can be published", ({ block }) => {
    const document = courseDocumentSchema.parse(JSON.parse(block.text));
    expect(analyze(splitDocument(document).outline, documentPaths(document)).errors).toEqual([]);
  });

  it("the page for authors shows every operator of the rule language", () => {
    const rules = json.filter(({ file, kind }) => file === "docs/authors/courses.md" && kind === "rule");
    const shown = rules.map(({ text }) => text).join();
    expect(OPERATORS.filter((operator) => !shown.includes(`"${operator}"`))).toEqual([]);
  });
});

describe("TypeScript in the documents", () => {
  // Below the checkout, so that packages are found.
  const folder = fromRoot("test-results/snippets");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("compiles with the published client", () => {
    const blocks = BLOCKS.filter(({ language }) => language === "ts" || language === "tsx");
    expect(blocks.length).toBeGreaterThan(6);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const block of blocks) {
      const name = place(block).replace(/[^\w-]+/g, "-");
      writeFileSync(join(folder, `${name}.${block.language}`), `${block.text}\nexport {};\n`);
    }
    writeFileSync(join(folder, "given.d.ts"), GIVEN);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(CONFIGURATION));
    const run = spawnSync(NODE, [fromRoot("node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8" });
    expect(run.stdout).toBe("");
    expect(run.status).toBe(0);
  }, 60_000);
});

/** What the readers of a snippet have in their own code. */
const GIVEN = `
declare const session: { accessToken: string };
declare const accessToken: string;
declare function show(value: unknown): void;
declare function showMissing(): void;
declare function showFault(title: string, requestId: string | undefined): void;
declare function showStatus(state: string, attempt: number | undefined, of: number | undefined): void;
declare function reload(course: string): void;
declare function reloadEverything(): void;
declare function log(type: string, at: string): void;
declare function report(item: unknown, rule: string): void;
declare function result(task: unknown): { task_id: string; session_id: string };
declare const client: ReturnType<typeof import("@latchkey/client").createClient>;
declare const stream: import("@latchkey/client").EventStream;
`;

const CONFIGURATION = {
  extends: "../../tsconfig.json",
  compilerOptions: {
    types: ["node", "react"],
    lib: ["ESNext", "DOM", "DOM.Iterable"],
    jsx: "react-jsx",
    noUnusedLocals: false,
    noUnusedParameters: false,
    paths: {
      "@latchkey/client": ["../../src/client/index.ts"],
      "@latchkey/client/react": ["../../src/client/react/index.ts"],
      "@latchkey/client/pass": ["../../src/client/pass/index.ts"],
      "@latchkey/client/node": ["../../src/client/records/node.ts"],
    },
  },
  include: ["*.ts", "*.tsx"],
};
