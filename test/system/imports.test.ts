import { mkdtempSync, openAsBlob, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { EVERY_MINUTE } from "../../scripts/lib/crons.ts";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import { writeLargeBackup } from "../support/courses/large-backup.ts";
import { clientOf, tokenFor } from "../support/node/api.ts";
import { HeapWatch } from "../support/node/heap.ts";
import { until } from "../support/node/processes.ts";
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

  it(
    "that is killed with its whole process is carried on with, and gives the draft of one that was not",
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
