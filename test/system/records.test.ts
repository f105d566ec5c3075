import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, startRuntime } from "../../scripts/lib/runtime.ts";
import { allRows, expectAnswer } from "../support/node/answers.ts";
import { type ApiClient, clientOf, tokenFor } from "../support/node/api.ts";
import { queryD1 } from "../support/node/database.ts";
import { runScript, until } from "../support/node/processes.ts";
import { Random, testSeed } from "../support/node/random.ts";
import { freshState, removeState } from "../support/node/state.ts";

const WRITERS = 8;
/** Each takes about four seconds to start again. LATCHKEY_LONG=1 asks for the long run. */
const KILLS = process.env.LATCHKEY_LONG === "1" ? 20 : 6;
const BATCH = { least: 200, most: 1_000 };
/** The runtime lives for a random time below this, milliseconds, before it is killed again. */
const LIFE_MS = 1_500;
const RETRY_MS = 50;
const DRAIN_MS = 30_000;

const batchSchema = z.looseObject({
  results: z.array(z.looseObject({ id: z.string(), status: z.string() })),
  rejected: z.int(),
});
const statsSchema = z.looseObject({ pending: z.int(), parked: z.int() });

/** One writer: what was acknowledged, and what never had an answer. */
class Writer {
  /** Version of each item, as last acknowledged. */
  readonly acknowledged = new Map<string, number>();
  /** Batches without an answer that were given up: version of each item before (0: none) and in the batch. */
  readonly abandoned: { id: string; before: number; sent: number }[][] = [];
  batches = 0;
  replayed = 0;
  readonly owner: string;
  readonly client: ApiClient;
  readonly #random: Random;
  #next = 0;

  constructor(owner: string, client: ApiClient, random: Random) {
    this.owner = owner;
    this.client = client;
    this.#random = random;
  }

  async open(): Promise<void> {
    const sessions = [
      {
        session_id: `${this.owner}:s`,
        version: 1,
        status: "processing",
        source_language: "en",
        target_language: "zh",
      },
    ];
    expectAnswer(await this.client.post("/api/v1/translation/sessions/batch", { sessions }), 200, batchSchema);
  }

  /** Sends batches until stopped: new items, and newer versions of those acknowledged. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const batch = this.#compose();
      const key = `batch-${this.#next}`;
      // Half of those that broke are sent again until they are answered; the others never come again.
      const insists = this.#random.next() < 0.5;
      let isAnswered = await this.#send(batch, key);
      while (!isAnswered && insists && !isOver()) {
        await sleep(RETRY_MS);
        isAnswered = await this.#send(batch, key);
      }
      if (!isAnswered) {
        this.abandoned.push(batch);
        for (const { id } of batch) this.acknowledged.delete(id);
        await sleep(RETRY_MS);
      }
    }
  }

  #compose() {
    const size = BATCH.least + this.#random.below(BATCH.most - BATCH.least + 1);
    const known =
      this.#random.next() < 0.4 ? this.#random.sample([...this.acknowledged.keys()].slice(-2_000), size) : [];
    const items = known.map((id) => {
      const before = this.acknowledged.get(id) ?? 0;
      return { id, before, sent: before + 1 };
    });
    while (items.length < size) {
      this.#next += 1;
      items.push({ id: `${this.owner}:s:t${this.#next}`, before: 0, sent: 1 });
    }
    this.#next += 1;
    return items;
  }

  async #send(batch: readonly { id: string; sent: number }[], key: string): Promise<boolean> {
    const tasks = batch.map(({ id, sent }) => ({
      task_id: id,
      session_id: `${this.owner}:s`,
      version: sent,
      status: "processing",
      source_text: `version ${sent} of ${id}`,
    }));
    const headers = { "idempotency-key": key };
    const answer = await this.client.post("/api/v1/translation/tasks/batch", { tasks }, { headers }).catch(() => null);
    if (answer === null || answer.status >= 500) return false;
    const { results, rejected } = expectAnswer(answer, 200, batchSchema);
    expect(rejected).toBe(0);
    expect(results.map(({ id }) => id)).toEqual(batch.map(({ id }) => id));
    if (answer.headers.get("idempotency-replayed") === "true") this.replayed += 1;
    this.batches += 1;
    for (const { id, sent } of batch) this.acknowledged.set(id, sent);
    return true;
  }
}

describe(`translation records, with ${WRITERS} writers and the runtime killed ${KILLS} times`, () => {
  let stateDir: string;
  let port: number;
  let runtime: Runtime;
  let random: Random;

  beforeAll(async () => {
    random = new Random(testSeed());
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

  it("[I1] [I4] [I5] have every acknowledged item once in its last version, and each other batch completely or not at all", async () => {
    const writers: Writer[] = [];
    for (let number = 0; number < WRITERS; number += 1) {
      const owner = `writer-${number}`;
      const writer = new Writer(owner, await clientOf(runtime.url, owner), new Random(random.below(2 ** 32)));
      await writer.open();
      writers.push(writer);
    }
    let isOver = false;
    const writing = Promise.all(writers.map((writer) => writer.run(() => isOver)));
    const killing = (async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await sleep(random.below(LIFE_MS));
        await runtime.kill();
        await start();
      }
      await sleep(random.below(LIFE_MS));
    })().finally(() => {
      isOver = true;
    });
    for (const outcome of await Promise.allSettled([writing, killing])) {
      if (outcome.status === "rejected") throw outcome.reason;
    }

    const admin = await clientOf(runtime.url, "registrar", "admin");
    await until("empty journals", DRAIN_MS, async () => {
      await admin.post("/api/v1/translation/flush", {});
      const { pending, parked } = expectAnswer(await admin.get("/api/v1/translation/stats"), 200, statsSchema);
      expect(parked).toBe(0);
      return pending === 0;
    });
    await runtime.stop();
    const stored = new Map(
      queryD1(
        stateDir,
        "SELECT id, version, body FROM translation_tasks",
        z.object({ id: z.string(), version: z.int(), body: z.string() }),
      ).map(({ id, version, body }) => {
        // The content is that of the version it stands under.
        expect(body).toContain(`version ${version} of ${id}`);
        return [id, version];
      }),
    );

    const lost: string[] = [];
    const torn: string[] = [];
    let expected = 0;
    let present = 0;
    for (const { acknowledged, abandoned } of writers) {
      for (const [id, version] of acknowledged) {
        expected += 1;
        if (stored.get(id) !== version) lost.push(`${id}: ${stored.get(id)} instead of ${version}`);
        stored.delete(id);
      }
      for (const batch of abandoned) {
        const versions = batch.map(({ id }) => stored.get(id) ?? 0);
        const isThere = batch.every(({ sent }, at) => versions[at] === sent);
        const isAbsent = batch.every(({ before }, at) => versions[at] === before);
        if (isThere) present += 1;
        if (!isThere && !isAbsent) torn.push(`${batch[0]?.id} and ${batch.length - 1} more`);
        for (const { id } of batch) stored.delete(id);
      }
    }
    expect(lost).toEqual([]);
    expect(torn).toEqual([]);
    expect([...stored.keys()], "items nobody sent").toEqual([]);
    const sum = (pick: (writer: Writer) => number) => writers.reduce((all, writer) => all + pick(writer), 0);
    const unanswered = sum(({ abandoned }) => abandoned.length);
    console.info(
      `${expected} items acknowledged in ${sum(({ batches }) => batches)} batches, ${sum(({ replayed }) => replayed)} ` +
        `answers replayed, ${unanswered} batches without an answer, of which ${present} are there`,
    );
    // Otherwise nothing was interrupted, and nothing shown.
    expect(expected).toBeGreaterThan(10_000);
    expect(unanswered).toBeGreaterThan(0);
  });
});

describe("the translation worker of scripts/, killed twice", () => {
  const TASKS = 150;
  let stateDir: string;
  let runtime: Runtime;

  beforeAll(async () => {
    stateDir = await freshState();
    runtime = await startRuntime({ stateDir, logFile: join(stateDir, "runtime.log") });
  });
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  it("[I1] continues: in the end everything is translated, and very little twice", async () => {
    const client = await clientOf(runtime.url, "ada");
    const session = { session_id: "ada:novel", version: 1, status: "processing" };
    const sessions = [{ ...session, source_language: "en", target_language: "zh" }];
    expectAnswer(await client.post("/api/v1/translation/sessions/batch", { sessions }), 200, batchSchema);
    const tasks = Array.from({ length: TASKS }, (_, position) => ({
      task_id: `ada:novel:t${position}`,
      session_id: "ada:novel",
      version: 1,
      status: "pending",
      position,
      source_text: `sentence ${position}`,
    }));
    expectAnswer(await client.post("/api/v1/translation/tasks/batch", { tasks }), 200, batchSchema);

    const args = ["--url", runtime.url, "--session", "ada:novel", "--spool", join(stateDir, "spool"), "--delay", "10"];
    const token = { LATCHKEY_TOKEN: await tokenFor("ada") };
    const start = () => runScript("scripts/translation-worker.ts", args, token);
    const count = (text: string) => text.split("\n").filter((line) => line.startsWith("translated ")).length;
    let translated = 0;
    for (const killAfter of [20, 50]) {
      const worker = start();
      await until("some translations", DRAIN_MS, () => count(worker.output()) >= killAfter);
      worker.child.kill("SIGKILL");
      expect(await worker.ended).toBe("SIGKILL");
      translated += count(worker.output());
    }
    const last = start();
    expect(await last.ended, last.output()).toBe(0);
    expect(last.output()).toContain("finished");
    translated += count(last.output());
    // What was under way when it was killed, and no more, is done again.
    expect(translated).toBeGreaterThanOrEqual(TASKS - 2);
    expect(translated).toBeLessThanOrEqual(TASKS + 4);

    const stored = await allRows(
      client,
      "/api/v1/translation/sessions/ada:novel/tasks",
      z.looseObject({ status: z.string(), version: z.int(), source_text: z.string(), translated_text: z.string() }),
    );
    expect(stored).toHaveLength(TASKS);
    for (const task of stored) {
      const translated_text = [...task.source_text].reverse().join("");
      expect(task).toMatchObject({ status: "completed", version: 2, translated_text });
    }
  });
});
