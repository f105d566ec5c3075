import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureSampleCourse, SAMPLE_COURSE, SAMPLE_TUTORIAL } from "../../scripts/lib/demo.ts";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { type Runtime, startRuntime } from "../../scripts/lib/runtime.ts";
import type { Given, Seen } from "../clients/journey.ts";
import { clientOf } from "../support/node/api.ts";
import { freshState, removeState } from "../support/node/state.ts";

const PROGRAMS = fromRoot("test/clients");
const PASSWORD = "drizzle over the harbour at nine";
/** A chapter of the sample course that the tutorial alone does not open. */
const LOCKED_CHAPTER = "algorithms.graphs";

/** Each generator, with what it is called with; all read openapi.json and write below generated/. */
const GENERATORS = [
  {
    name: "openapi-fetch",
    command: ["openapi-typescript", "openapi.json", "-o", "generated/openapi-typescript/schema.ts"],
  },
  { name: "hey-api", command: ["openapi-ts", "-i", "openapi.json", "-o", "generated/hey-api"] },
  { name: "orval", command: ["orval", "--config", "orval.config.mjs"] },
] as const;

/** Clients that others generate from the API's own document, in a folder of their own with exact versions. */
describe("a generated client", () => {
  let folder: string;
  let stateDir: string;
  let runtime: Runtime;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-clients-"));
    cpSync(PROGRAMS, folder, { recursive: true });
    run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
    stateDir = await freshState();
    runtime = await startRuntime({ stateDir, logFile: join(stateDir, "runtime.log") });
    await ensureSampleCourse(await clientOf(runtime.url, "author", "author"));
    const admin = await clientOf(runtime.url, "admin", "admin");
    for (const { name } of GENERATORS) {
      const account = { id: `user-of-${name}`, email: emailOf(name), name, password: PASSWORD, role: "learner" };
      expect((await admin.post("/api/v1/users", account)).status).toBe(201);
    }
    const document = await fetch(`${runtime.url}/openapi.json`);
    writeFileSync(join(folder, "openapi.json"), await document.text());
  });
  afterAll(async () => {
    await runtime?.kill();
    if (stateDir !== undefined) removeState(stateDir);
    rmSync(folder, { recursive: true, force: true });
  });

  function run(command: string, args: readonly string[]): void {
    const path = [join(folder, "node_modules/.bin"), process.env.PATH ?? ""].join(delimiter);
    const env = { ...process.env, PATH: path };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, encoding: "utf8" });
    if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  }
  const emailOf = (name: string) => `${name}@example.org`;

  it.each(GENERATORS)(
    "of $name compiles strictly, and brings a learner from signing in to a locked item",
    async (generator) => {
      const [command, ...args] = generator.command;
      run(command, args);
      const program = `${generator.name}.ts`;
      writeFileSync(
        join(folder, `tsconfig.${generator.name}.json`),
        JSON.stringify({ extends: "./tsconfig.json", include: [], files: [program] }),
      );
      // Our own compiler and the one the generators are made for.
      run(fromRoot("node_modules/.bin/tsc"), ["-p", `tsconfig.${generator.name}.json`]);
      run("tsc", ["-p", `tsconfig.${generator.name}.json`]);

      const outfile = join(folder, `${generator.name}.mjs`);
      await build({
        absWorkingDir: folder,
        entryPoints: [program],
        outfile,
        bundle: true,
        format: "esm",
        logLevel: "error",
      });
      const given: Given = {
        url: runtime.url,
        email: emailOf(generator.name),
        password: PASSWORD,
        course: SAMPLE_COURSE,
        open: SAMPLE_TUTORIAL,
        locked: LOCKED_CHAPTER,
      };
      const { run: walk }: { run: (given: Given) => Promise<Seen> } = await import(pathToFileURL(outfile).href);
      expect(await walk(given)).toEqual({
        refused: ["invalid_credentials", 401],
        enrolled: `${SAMPLE_COURSE}:user-of-${generator.name}`,
        states: ["unlocked", "completed"],
        unlocked: expect.toSatisfy((count: number) => count > 0),
        lock: ["locked", 403, expect.toSatisfy((count: number) => count > 0)],
        field: "query.limit",
      } satisfies Record<keyof Seen, unknown>);
    },
  );
});
