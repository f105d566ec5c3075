import { mkdtempSync, openAsBlob, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { EVERY_MINUTE } from "../../scripts/lib/crons.ts";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import { importReportSchema } from "../../src/courses/importers/report.ts";
import { tgzOf } from "../support/courses/archives.ts";
import { writeLargeBackup } from "../support/courses/large-backup.ts";
import { backupOf } from "../support/courses/moodle-backup.ts";
import { withPeople } from "../support/courses/moodle-people.ts";
import { clientOf, tokenFor } from "../support/node/api.ts";
import { HeapWatch } from "../support/node/heap.ts";
import { runScript, until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

/** LATCHKEY_LONG=1 asks for an archive near the limits: 200 MB packed, 1 GB unpacked. */
const IS_LONG = process.env.LATCHKEY_LONG === "1";
const SIZE = IS_LONG
  ? { activities: 2_000, noise: 190_000_000, empty: 700_000_000 }
  : { activities: 400, noise: 60_000_000, empty: 0 };
/** What an isolate may hold, bytes. */
const ISOLATE = 128_000_000;
const LOOK_MS = 500;
/** A lease of a worker that died, and the minute until somebody sees it. */
const CARRIED_ON_MS = 240_000;
const DONE_MS = IS_LONG ? 1_500_000 : 280_000;

const view = z.looseObject({
  id: z.string(),
  state: z.string(),
  bytes_read: z.int(),
  attempts: z.int(),
  version: z.int().nullable(),
  errors: z.array(z.unknown()),
});

describe("an import of a large backup", () => {
  let folder: string;
  let archive: string;
  let stateDir: string;
  let port: number;
  let runtime: Runtime;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "imports-"));
    archive = join(folder, "large.mbz");
    await writeLargeBackup(archive, SIZE);
    stateDir = await freshState();
    port = await freePort();
    await start();
  });
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
    rmSync(folder, { recursive: true });
  });

  async function start(): Promise<void> {
    runtime = await startRuntime({ stateDir, port, logFile: join(stateDir, "runtime.log") });
  }

  async function begin(course: string): Promise<string> {
    const search = new URLSearchParams({ format: "moodle", course, name: "large.mbz" });
    const answer = await fetch(`${runtime.url}/api/v1/courses/imports?${search}`, {
      method: "POST",
      body: await openAsBlob(archive),
      headers: {
        authorization: `Bearer ${await tokenFor("author", "author")}`,
        "content-type": "application/vnd.moodle.backup",
      },
    });
    expect(answer.status).toBe(202);
    return view.parse(await answer.json()).id;
  }

  const author = () => clientOf(runtime.url, "author", "author");
  const seen = async (id: string) => view.parse((await (await author()).get(`/api/v1/courses/imports/${id}`)).body);
  const draft = async (course: string) => {
    const { status, body } = await (await author()).get(`/api/v1/courses/${course}/versions/1`);
    expect(status).toBe(200);
    // The course's slug is in every id: without it two imports of one archive are the same.
    return JSON.stringify(body).replaceAll(course, "course");
  };
  async function ended(id: string, within: number): Promise<z.output<typeof view>> {
    await until("the end of the import", within, async () => ["done", "failed"].includes((await seen(id)).state));
    return seen(id);
  }

  it(
    "fits the memory of a Worker",
    async () => {
      const watch = await HeapWatch.of(runtime, LOOK_MS);
      const [before, cpu] = [Date.now(), watch.cpu()];
      const id = await begin("whole");
      const done = await ended(id, DONE_MS);
      const used = watch.cpu() - cpu;
      const peak = await watch.end();
      const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
      console.info(
        `${mb(statSync(archive).size)}: held ${mb(peak.held)}, resident ${mb(peak.resident)}, ${used.toFixed(1)} s of CPU, ${Date.now() - before} ms`,
      );
      expect(done).toMatchObject({ state: "done", attempts: 1, version: 1 });
      expect(peak.held).toBeGreaterThan(0);
      expect(peak.held).toBeLessThan(ISOLATE / 2);
    },
    DONE_MS + 60_000,
  );

  /** Types `npm run -s import`. */
  async function typed(role: "author" | "admin", ...args: string[]) {
    const token = await tokenFor(role, role);
    const script = runScript("scripts/import.ts", [...args, "--url", runtime.url, "--token", token]);
    const code = await script.ended;
    return { code, output: script.output() };
  }

  it(
    "is sent in parts by the command line, which prints the result",
    async () => {
      const report = join(folder, "report.json");
      const { code, output } = await typed(
        "author",
        "moodle",
        archive,
        "--draft",
        "--course",
        "typed",
        "--report",
        report,
      );
      expect(output).toContain("bytes, in parts");
      expect(code, output).toBe(0);
      expect(output).toMatch(/sent {5}\d+ of \d+ bytes/);
      expect(output).toContain("draft    version 1 of typed; nobody sees it yet");
      expect(importReportSchema.parse(JSON.parse(readFileSync(report, "utf8")))).toMatchObject({ format: "moodle" });
      expect(await draft("typed")).toBe(await draft("whole"));
    },
    DONE_MS + 60_000,
  );

  it("with the people that the command line names can be repeated, and the second time changes nothing", async () => {
    const file = join(folder, "people.mbz");
    const done = [[1, 1, 1_600_000_000] as const, [2, 1, 1_600_000_600] as const];
    const backup = backupOf(
      "4.5.6 (Build: 20250811)",
      [{ id: 1, number: 0, sequence: [1, 2, 3] }],
      [1, 2, 3].map((id) => ({ id, section: 1 })),
    );
    writeFileSync(
      file,
      await tgzOf(
        withPeople(backup, [
          { id: 1, username: "ada", email: "ada@example.org", enrolledAt: 1_590_000_000, done, groups: [4] },
          { id: 2, username: "bob", email: "bob@example.org", enrolledAt: 1_590_000_000, done: done.slice(0, 1) },
          { id: 3, username: "eve", email: "eve@example.org", enrolledAt: 1_590_000_000, done },
        ]),
      ),
    );
    const names = join(folder, "people.csv");
    writeFileSync(names, "ada,learner-ada\nbob@example.org,learner-bob\nnobody,learner-none\n");
    const run = () => typed("admin", "moodle", file, "--course", "peopled", "--people", names);
    const statesOf = async (user: string) => {
      const client = await clientOf(runtime.url, user, "learner");
      const { status, body } = await client.get("/api/v1/courses/peopled/unlocks");
      expect(status).toBe(200);
      return JSON.stringify(body);
    };
    const first = await run();
    expect(first.code, first.output).toBe(0);
    expect(first.output).toContain("2 learners are named; 1 are not named and not imported; 3 facts");
    expect(first.output).toContain("! nobody in the source is called nobody");
    expect(first.output).toContain("enroll   2 created");
    expect(first.output).toMatch(/facts {4}.*\b3 recorded/);
    const before = [await statesOf("learner-ada"), await statesOf("learner-bob")];
    expect(before[0]).toContain("completed");
    const second = await run();
    expect(second.code, second.output).toBe(0);
    expect(second.output).toContain("enroll   2 unchanged");
    // The same rows under the same keys: within a day they are answered as they were the first time.
    expect(second.output).toMatch(/facts {4}.*\b3 recorded/);
    expect([await statesOf("learner-ada"), await statesOf("learner-bob")]).toEqual(before);
  }, 120_000);

  it(
    "continues after its whole process was killed, and gives the same draft as without a kill",
    async () => {
      const id = await begin("killed");
      await until("a part that was read", DONE_MS, async () => (await seen(id)).bytes_read > SIZE.noise / 10);
      await runtime.kill();
      await start();
      expect(await seen(id)).toMatchObject({ state: "reading", attempts: 1, version: null });
      expect((await (await author()).get("/api/v1/courses/killed")).status).toBe(404);
      await until("another attempt", CARRIED_ON_MS, async () => {
        await runCron(runtime.url, EVERY_MINUTE);
        return (await seen(id)).attempts === 2;
      });
      expect(await ended(id, DONE_MS)).toMatchObject({ state: "done", attempts: 2, version: 1 });
      expect(await draft("killed")).toBe(await draft("whole"));
    },
    CARRIED_ON_MS + 2 * DONE_MS,
  );
});
