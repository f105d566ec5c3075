import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
/** A project of somebody else, with the packed client installed. */
let project: string;

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "latchkey-client-"));
  const built = join(project, "built");
  const installed = join(project, "node_modules/@latchkey/client");
  run(process.execPath, ["scripts/build-client.ts", built], ROOT);
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", project], built));
  mkdirSync(installed, { recursive: true });
  run("tar", ["-xzf", join(project, packed.filename), "--strip-components=1", "-C", installed], project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
}, 30_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the packed client", () => {
  it("[fault 47] has a README and a licence, and marks its hooks for frameworks that render on a server", () => {
    const read = (name: string) => readFileSync(join(project, "node_modules/@latchkey/client", name), "utf8");
    expect(read("README.md")).toMatch(/createClient[\s\S]*ALLOWED_ORIGINS/);
    expect(read("LICENSE")).toContain("MIT License");
    expect(read("react/index.js").split("\n")[0]).toBe('"use client";');
    expect(read("index.js")).not.toContain("use client");
  });

  it("runs in plain Node, without React", () => {
    writeFileSync(
      join(project, "plain.js"),
      `import { createClient, EventStream } from "@latchkey/client";
       const options = { baseUrl: "http://127.0.0.1:9", getToken: () => "t" };
       const stream = new EventStream(options);
       console.log(typeof createClient(options).get, stream.status.state);`,
    );
    expect(run(process.execPath, ["plain.js"], project).trim()).toBe("function stopped");
  });

  it("has its hooks where React and TanStack Query are installed", () => {
    mkdirSync(join(project, "node_modules/@tanstack"), { recursive: true });
    for (const name of ["react", "@tanstack/react-query", "@types"]) {
      symlinkSync(join(ROOT, "node_modules", name), join(project, "node_modules", name));
    }
    writeFileSync(
      join(project, "hooks.js"),
      `console.log(Object.keys(await import("@latchkey/client/react")).join(" "));`,
    );
    const names = run(process.execPath, ["hooks.js"], project).trim().split(" ");
    expect(names).toEqual(
      expect.arrayContaining(["LatchkeyProvider", "SSEConnectionStatus", "latchkeyKeys", "useUnlocks"]),
    );
  });

  it("has types that compile in a strict project and refuse what the API does not have", () => {
    writeFileSync(
      join(project, "typed.ts"),
      `import { createClient, EventStream } from "@latchkey/client";
       import { latchkeyKeys, useUnlocks } from "@latchkey/client/react";
       const client = createClient({ baseUrl: "", getToken: async () => null });
       const chapters = await client.get("/api/v1/courses/{course}/chapters", { path: { course: "a" }, query: { limit: 3 } });
       if (chapters.ok) chapters.value.results[0]?.is_locked satisfies boolean | undefined;
       else chapters.problem.code satisfies string;
       await client.get("/api/v1/courses");
       await client.post("/api/v1/courses/{course}/enrollments", { path: { course: "a" }, idempotencyKey: "k" });
       new EventStream({ baseUrl: "", getToken: () => "t" }).on("unlock.changed", ({ data }) => data.unlocked.length);
       latchkeyKeys.chapters("a") satisfies readonly string[];
       useUnlocks("a").chapters.data?.[0]?.title satisfies string | undefined;
       // @ts-expect-error the course is missing
       await client.get("/api/v1/courses/{course}/chapters");
       // @ts-expect-error the body is missing
       await client.post("/api/v1/courses");
       // @ts-expect-error there is no such operation
       await client.put("/api/v1/courses");
       // @ts-expect-error there is no such event
       new EventStream({ baseUrl: "", getToken: () => "t" }).on("unlock.change", () => undefined);`,
    );
    const options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
    const platform = [
      "--target",
      "es2023",
      "--module",
      "nodenext",
      "--lib",
      "es2023,dom,dom.iterable",
      "--types",
      "react",
    ];
    run(join(ROOT, "node_modules/.bin/tsc"), [...options, ...platform, "typed.ts"], project);
  });

  it("has no dependencies and no code of the server", () => {
    const installed = join(project, "node_modules/@latchkey/client");
    const { dependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    expect(dependencies).toBeUndefined();
    expect(peerDependenciesMeta).toEqual({ react: { optional: true }, "@tanstack/react-query": { optional: true } });
    const maps = ["index.js.map", "react/index.js.map"].map((name) => readFileSync(join(installed, name), "utf8"));
    const sources = maps.flatMap((map): string[] => JSON.parse(map).sources);
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.filter((source) => !source.includes("src/client/"))).toEqual([]);
  });
}, 30_000);
