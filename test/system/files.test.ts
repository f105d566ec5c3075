import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { EVERY_MINUTE, NIGHTLY } from "../../scripts/lib/crons.ts";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import { tokenFor } from "../support/node/api.ts";
import { queryD1 } from "../support/node/database.ts";
import { Random, testSeed } from "../support/node/random.ts";
import { freshState, removeState } from "../support/node/state.ts";

const WRITERS = 6;
const KILLS = 6;
/** The runtime lives between so many ms and twice that before it is killed. */
const LIFE_MS = 400;
/** Largest file, bytes: some bodies take several chunks. */
const MAX_BYTES = 400_000;
/** A file in so many is deleted again. */
const DELETED_SHARE = 1 / 4;
/** Later than any of the sweep's ages. */
const LATER_MS = 26 * 3_600_000;

const fileSchema = z.looseObject({ id: z.string(), state: z.string(), sha256: z.string() });
const addressSchema = z.object({
  file: z.looseObject({ id: z.string() }),
  upload: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
});

/** Keys in the bucket, read from the local runtime's own file past the Worker; it must have ended. */
function storedKeys(stateDir: string): string[] {
  const folder = join(stateDir, "v3/r2/miniflare-R2BucketObject");
  const keys: string[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".sqlite") && file !== "metadata.sqlite")) {
    const database = new DatabaseSync(join(folder, name), { readOnly: true });
    try {
      const rows = database.prepare("SELECT key FROM _mf_objects WHERE key LIKE 'u/%' ORDER BY key").all();
      keys.push(
        ...z
          .array(z.object({ key: z.string() }))
          .parse(rows)
          .map(({ key }) => key),
      );
    } finally {
      database.close();
    }
  }
  return keys;
}

describe("a service that is killed during uploads", () => {
  let stateDir: string;
  let port: number;
  let runtime: Runtime;
  const random = new Random(testSeed());
  /** Acknowledged files that were not deleted, with their hash. */
  const kept = new Map<string, { user: string; sha256: string }>();
  /** Files whose deletion was acknowledged. */
  const deleted: { id: string; user: string }[] = [];
  let unanswered = 0;
  let isOver = false;

  beforeAll(async () => {
    stateDir = await freshState();
    port = await freePort();
    await start();
  });
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  async function start(): Promise<void> {
    runtime = await startRuntime({ stateDir, port, logFile: join(stateDir, "runtime.log") });
  }

  const call = (token: string, method: string, path: string, init: RequestInit = {}) =>
    fetch(`${runtime.url}/api/v1/storage${path}`, {
      ...init,
      method,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    });

  /** Uploads one file in one of the two ways, and deletes some again. @throws when no answer comes. */
  async function uploadOne(user: string, token: string, own: Random): Promise<void> {
    const bytes = Buffer.alloc(own.below(MAX_BYTES), own.below(256));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    let answer: Response;
    if (own.next() < 0.5) {
      const headers = { "content-type": "application/octet-stream" };
      answer = await call(token, "POST", "/files/upload?name=a", { headers, body: bytes });
    } else {
      const announced = { name: "a", content_type: "application/octet-stream", size: bytes.byteLength, sha256 };
      const asked = await call(token, "POST", "/files/upload-url", {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(announced),
      });
      const { upload } = addressSchema.parse(await asked.json());
      answer = await fetch(upload.url, {
        method: "PUT",
        headers: { "content-type": upload.headers["content-type"] ?? "" },
        body: bytes,
      });
    }
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    const file = fileSchema.parse(await answer.json());
    expect(file).toMatchObject({ state: "ready", sha256 });
    if (own.next() < DELETED_SHARE) {
      const gone = await call(token, "DELETE", `/files/${file.id}`);
      if (gone.status === 204) deleted.push({ id: file.id, user });
    } else kept.set(file.id, { user, sha256 });
  }

  it(`[I1] [I10] ${KILLS} times has no row without bytes and no bytes without a row after a sweep`, async () => {
    const writers = Array.from({ length: WRITERS }, async (_, number) => {
      const user = `writer-${number}`;
      const token = await tokenFor(user);
      const own = new Random(random.below(2 ** 32));
      while (!isOver) {
        await uploadOne(user, token, own).catch(async (fault: unknown) => {
          if (
            !(fault instanceof TypeError) &&
            !(fault instanceof SyntaxError) &&
            !/^5\d\d /.test(String(Reflect.get(Object(fault), "message")))
          ) {
            throw fault;
          }
          unanswered += 1;
          await sleep(50);
        });
      }
    });
    const killer = (async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await sleep(LIFE_MS + random.below(LIFE_MS));
        await runtime.kill();
        await start();
      }
    })().finally(() => {
      isOver = true;
    });
    const outcomes = await Promise.allSettled([killer, ...writers]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    expect(unanswered).toBeGreaterThan(0);
    expect(kept.size).toBeGreaterThan(KILLS);

    // What the kills left, before anybody has cleaned up.
    await runtime.stop();
    const rowsOf = () =>
      queryD1(stateDir, "SELECT key, state FROM files ORDER BY key", z.object({ key: z.string(), state: z.string() }));
    const left = rowsOf().filter(({ state }) => state !== "ready").length;
    console.info(
      `${kept.size} files kept, ${deleted.length} deleted, ${unanswered} unanswered, ${left} rows unfinished`,
    );
    expect(left).toBeGreaterThan(0);

    await start();
    await runCron(runtime.url, NIGHTLY, Date.now() + LATER_MS);
    await runCron(runtime.url, EVERY_MINUTE);
    for (const [id, { user, sha256 }] of kept) {
      const answer = await call(await tokenFor(user), "GET", `/files/${id}/download`);
      const hash = createHash("sha256").update(Buffer.from(await answer.arrayBuffer()));
      expect([answer.status, hash.digest("hex")], id).toEqual([200, sha256]);
    }
    for (const { id, user } of deleted) {
      const answer = await call(await tokenFor(user), "GET", `/files/${id}`);
      expect(answer.status, id).toBe(404);
      await answer.body?.cancel();
    }
    await runtime.stop();
    const rows = rowsOf();
    expect(rows.filter(({ state }) => state !== "ready")).toEqual([]);
    expect(rows.map(({ key }) => key)).toEqual(storedKeys(stateDir));
    expect(queryD1(stateDir, "SELECT id FROM file_sweeps", z.unknown())).toEqual([]);
    await start();
  });
});
