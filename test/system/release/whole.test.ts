import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot, NODE, ROOT, WRANGLER } from "../../../scripts/lib/paths.ts";
import { Cloudflare } from "../../../scripts/lib/release/cloudflare.ts";
import { readProject } from "../../../scripts/lib/release/project.ts";
import { SUMS_TABLE } from "../../../scripts/lib/release/schema.ts";
import { type FakePlatform, startFakePlatform } from "../../support/node/fake-platform.ts";
import { freshState, removeState } from "../../support/node/state.ts";

// The real scripts and the real wrangler against a fake of Cloudflare's API, whose edge splits requests over real workerd
// instances of the uploaded versions.

const CLIENTS = 12;
const project = readProject("production");
const [directory = { name: "", files: [] }] = project.databases;
const versionsSchema = z.object({ edge: z.string(), back: z.string() });
const reportSchema = z.object({
  version: versionsSchema,
  replaced: versionsSchema,
  outcome: z.enum(["released", "rolled back"]),
  steps: z.array(z.object({ percentage: z.int(), requests: z.int(), errors: z.int(), verdict: z.string() })),
  rollbackMs: z.number().nullable(),
});

let stateDir: string;
let platform: FakePlatform;
let cloudflare: Cloudflare;
let isOver = false;
/** What clients saw, by status; 0 is no answer at all. */
const seen = new Map<number, number>();

beforeAll(async () => {
  stateDir = await freshState();
  const secrets = Object.fromEntries(
    project.requiredSecrets.map((name, at) => [name, `Zq8-one-of-thirty-two-characters-471${at}`]),
  );
  platform = await startFakePlatform({
    stateDir,
    scripts: [project.scripts.edge, project.scripts.back],
    secrets,
    queues: project.queues,
    databases: project.databases.map(({ name }) => name),
  });
  cloudflare = Cloudflare.fromEnvironment(platform.environment);
  // What `npm run deploy` does for the first time, without its questions whether everything exists.
  for (const { name, files } of project.databases) {
    if (files.length > 0) await wrangler(["d1", "migrations", "apply", name, "--remote"]);
  }
  await wrangler(["deploy"]);
  await wrangler(["deploy"], "production-back");
  for (let client = 0; client < CLIENTS; client += 1) void visit();
});
afterAll(async () => {
  isOver = true;
  await platform?.stop();
  removeState(stateDir);
});

/** A client that asks all the time. */
async function visit(): Promise<void> {
  while (!isOver) {
    const status = await fetch(`${platform.edge}/api/v1/courses`).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => 0,
    );
    seen.set(status, (seen.get(status) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function wrangler(args: readonly string[], environment = "production"): Promise<void> {
  const { code, output } = await start([WRANGLER, ...args, "--env", environment]);
  if (code !== 0) throw new Error(output);
}

function run(script: "release" | "rollback", args: readonly string[]) {
  return start([fromRoot(`scripts/${script}.ts`), "--env", "production", ...args]);
}

function start(args: readonly string[]) {
  const child = spawn(NODE, [...args], {
    cwd: ROOT,
    env: platform.environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, output }));
  });
}

async function runRelease(args: readonly string[]) {
  const file = join(mkdtempSync(join(stateDir, "report-")), "report.json");
  const quick = ["--step-minutes", "0.06", "--look-seconds", "0.5", "--min-requests", "20"];
  const base = ["--url", platform.edge, "--checked", "--allow-uncommitted", "--report", file];
  const { code, output } = await run("release", [...quick, ...base, ...args]);
  return { code, output, report: () => reportSchema.parse(JSON.parse(readFileSync(file, "utf8"))) };
}

const shares = async () =>
  (await platform.state()).deployments.map(({ versions }) => versions.map(({ percentage }) => percentage).join("/"));
const sharesOfBack = async () =>
  (await platform.state()).back.map((versions) => versions.map(({ percentage }) => percentage).join("/"));
const liveVersion = async () => (await platform.state()).deployments[0]?.versions[0]?.version_id;

describe("a release", () => {
  it("of a version that throws on 5 % of its requests stops at 10 % and rolls back by itself", async () => {
    const before = await liveVersion();
    // Judged by its users alone: of their requests, a tenth goes there.
    const faulty = ["--entry", "test/support/worker/faulty-version.ts", "--step-minutes", "2", "--probes", "0"];
    const { code, output, report } = await runRelease(faulty);
    expect(output).toContain("rolled back");
    expect(code).toBe(1);
    const { version, replaced, outcome, steps, rollbackMs } = report();
    expect([outcome, replaced.edge]).toEqual(["rolled back", before]);
    expect(steps).toEqual([expect.objectContaining({ percentage: 10, verdict: "breach" })]);
    expect(rollbackMs).toBeGreaterThan(0);
    // Newest first: back at 100, after 10 and 0.
    expect((await shares()).slice(0, 4)).toEqual(["100", "90/10", "100/0", "100"]);
    expect((await sharesOfBack()).slice(0, 4)).toEqual(["100", "90/10", "100/0", "100"]);
    expect(await liveVersion()).toBe(before);
    const { totals } = await platform.state();
    expect(totals[version.edge]?.errors).toBeGreaterThan(0);
    expect(totals[replaced.edge]?.errors).toBe(0);
    const failed = (seen.get(500) ?? 0) / [...seen.values()].reduce((sum, count) => sum + count, 0);
    console.log(`release: ${output}\nclients saw ${JSON.stringify([...seen])}, ${(100 * failed).toFixed(2)} % failed`);
    expect(failed).toBeLessThan(0.01);
  });

  it("of a good version goes through 10, 50 and 100 % without one failed request; one command goes back", async () => {
    const before = await liveVersion();
    const failures = (seen.get(500) ?? 0) + (seen.get(0) ?? 0);
    // The fake starts its runtime again on the way to 100 %, which is slow and no fault of a version.
    const { code, output, report } = await runRelease(["--max-latency-ratio", "1000"]);
    expect(output).toContain("released: ");
    expect(code).toBe(0);
    expect(report().steps.map(({ percentage, errors, verdict }) => [percentage, errors, verdict])).toEqual([
      [10, 0, "pass"],
      [50, 0, "pass"],
      [100, 0, "pass"],
    ]);
    expect((await shares()).slice(0, 4)).toEqual(["100", "50/50", "90/10", "100/0"]);
    expect((await sharesOfBack()).slice(0, 4)).toEqual(["100", "50/50", "90/10", "100/0"]);
    expect(await liveVersion()).toBe(report().version.edge);
    // The clients' requests are forwarded: the new back has answered them too.
    const { totals, back: deployed } = await platform.state();
    expect(deployed[0]?.[0]?.version_id).toBe(report().version.back);
    expect(totals[report().version.back]?.requests).toBeGreaterThan(0);
    expect((seen.get(500) ?? 0) + (seen.get(0) ?? 0)).toBe(failures);
    // What was applied is written down, and a version says which commit it is.
    const database = await cloudflare.databaseId(directory.name);
    const sums = await cloudflare.query(database, `SELECT name, sha256 FROM ${SUMS_TABLE} ORDER BY name`);
    expect(sums).toEqual(directory.files.map(({ name, sha256 }) => ({ name, sha256 })));
    expect((await platform.state()).versions.at(-1)?.annotations["workers/tag"]).toMatch(/^[0-9a-f]{12}$/);

    const asked = await run("rollback", ["--dry-run"]);
    expect([asked.code, await liveVersion()]).toEqual([0, report().version.edge]);
    const back = await run("rollback", ["--reason", "a test", "--url", platform.edge]);
    expect(back.output).toMatch(/Not undone[\s\S]*data[\s\S]*schema[\s\S]*objects[\s\S]*rolled back in \d+ ms/);
    expect([back.code, await liveVersion()]).toEqual([0, before]);
    expect((await platform.state()).back[0]?.[0]?.version_id).toBe(report().replaced.back);
  });
});

describe("a refused release, with nothing changed", () => {
  const refusedBecause = async (reason: RegExp, args: readonly string[] = []) => {
    const before = (await platform.state()).deployments.length;
    const { code, output } = await runRelease(args);
    expect(output).toMatch(reason);
    expect(code).toBe(2);
    expect((await platform.state()).deployments.length).toBe(before);
  };

  it("is one after somebody edited the Worker in the dashboard, because wrangler would overwrite the edit without asking", async () => {
    await platform.setEditedFrom("dash");
    await refusedBecause(/edited the Worker past wrangler \(dash\)/);
    await platform.setEditedFrom("wrangler");
  });

  it("is one on a database that differs from its migrations", async () => {
    const database = await cloudflare.databaseId(directory.name);
    await cloudflare.query(database, "CREATE TABLE by_hand (id INTEGER)");
    await refusedBecause(/by_hand is in the database, but no migration makes it/);
    await cloudflare.query(database, "DROP TABLE by_hand");
    await cloudflare.query(database, `UPDATE ${SUMS_TABLE} SET sha256 = 'x' WHERE name LIKE '0002%'`);
    await refusedBecause(/0002_\w+\.sql was edited after it had been applied/);
    await cloudflare.query(database, `DELETE FROM ${SUMS_TABLE}`);
  });

  it("is one during another release, which one rollback ends", async () => {
    const { versions } = await platform.state();
    const [first, second] = [await liveVersion(), versions.at(-1)?.id];
    if (first === undefined || second === undefined) throw new Error("two versions are there");
    const split = [
      { version_id: first, percentage: 90 },
      { version_id: second, percentage: 10 },
    ];
    await cloudflare.deploy(project.scripts.edge, split, "left by a release that was killed");
    await refusedBecause(/another release is under way/);
    const back = (await platform.state()).back[0];
    expect((await run("rollback", [])).code).toBe(0);
    expect([await liveVersion(), (await shares())[0]]).toEqual([first, "100"]);
    // The back had not moved yet, and is the one that fits.
    expect((await platform.state()).back[0]).toEqual(back);
  });
});

it("a rollback to a version with other secrets names them and waits for a confirmation", async () => {
  const before = await liveVersion();
  const [secret = ""] = project.requiredSecrets;
  await platform.setSecret(secret, "Zq8-a-newer-one-of-thirty-two-characters");
  const refused = await run("rollback", []);
  expect(refused.output).toContain(`secrets have changed: ${secret}`);
  expect([refused.code, await liveVersion()]).toEqual([1, before]);
  const accepted = await run("rollback", ["--accept-secrets"]);
  expect(accepted.code).toBe(0);
  expect(await liveVersion()).not.toBe(before);
  expect((await platform.state()).unknown).toEqual([]);
});
