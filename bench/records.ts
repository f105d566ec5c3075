// Over 350 lines: each backend is measured with the same load, which is made here.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { freshState, removeState } from "../test/support/node/state.ts";
import { type Bench, type BenchContext, type BenchOutcome, cell, spread, spreadCell } from "./lib/bench.ts";
import { cpuOf } from "./lib/cpu.ts";
import { must, School } from "./lib/school.ts";
import { buildBundles, type Server, startServer } from "./lib/server.ts";

const WRITERS = 8;
const BATCH = 1_000;
const SAMPLE_MS = 250;
const WARM_UP_SECONDS = 5;
/** Asked for, items a second. */
const ACKNOWLEDGED = 10_000;
const STORED = 5_000;
/** Growth is measured with this many times the records of the first measurement. */
const GROWTH = 10;
/** Restores of 1,000 tasks that are timed; asked for: milliseconds. */
const RESTORES = 20;
const RESTORE_MS = 100;
const LARGE_SESSION = 100_000;
/** Tasks of the session that is walked while it changes, and rows of one of its pages. */
const WALKED = 20_000;
const WALK_PAGE = 1_000;
/** More than this much memory beyond what it was, and a restore of 100,000 tasks is not flat, MB. */
const FLAT_MB = 64;
const DRAIN_TIMEOUT_MS = 300_000;

const statsSchema = z.object({ pending: z.int(), oldest_pending_ms: z.number(), persisted: z.int() });
const pageSchema = z.object({
  results: z.array(z.looseObject({ task_id: z.string() })),
  next_cursor: z.string().nullable(),
});
/** Positions of a session's tasks are below this. */
const MAX_POSITION = 1_000_000;
const flushSchema = z.object({ journals: z.array(z.object({ journal: z.int() })) });
/** Text of about the length of a sentence in both languages. */
const SOURCE = "The second chapter begins with a walk along the river, and ends in a question that nobody answers.";
const TRANSLATED = "第二章以河边的一次散步开始，以一个无人回答的问题结束。";

export const recordsBench: Bench = {
  name: "records",
  about:
    "translation records: acknowledged, through to D1, with ten times the data; restore of 1,000 and 100,000 tasks",
  async run(context) {
    context.say("building the Worker");
    const bundles = await buildBundles();
    const stateDir = await freshState();
    const server = await startServer(bundles, stateDir, { bindings: { SHADOW_SAMPLE_RATE: "0" } });
    try {
      return await measure(context, server);
    } finally {
      await server.stop();
      removeState(stateDir);
    }
  },
};

interface Sample {
  seconds: number;
  pending: number;
  oldestMs: number;
}

interface Window {
  /** Records in D1 before. */
  stored: number;
  acknowledgedPerSecond: number;
  /** From the first batch to the last row in D1. */
  storedPerSecond: number;
  batchMs: number[];
  /** Of workerd, from the item's arrival to its row in D1, microseconds. */
  cpuPerItem: number;
  samples: Sample[];
}

/** Owners whose records are in different journals. */
async function ownersApart(school: School): Promise<string[]> {
  const owners = new Map<number, string>();
  for (let at = 0; owners.size < WRITERS; at += 1) {
    const owner = `writer-${at}`;
    const answer = await must(school.service.post(`/api/v1/translation/flush?owner=${owner}`, {}));
    const journal = flushSchema.parse(answer).journals[0]?.journal;
    if (journal !== undefined && !owners.has(journal)) owners.set(journal, owner);
  }
  return [...owners.values()];
}

class Load {
  readonly #school: School;
  readonly #server: Server;
  readonly #token: string;
  readonly #owners: readonly string[];
  #next = 0;

  private constructor(school: School, server: Server, token: string, owners: readonly string[]) {
    this.#school = school;
    this.#server = server;
    this.#token = token;
    this.#owners = owners;
  }

  static async open(server: Server): Promise<Load> {
    const school = await School.open(server);
    const token = await server.token("bench-service", "service");
    const load = new Load(school, server, token, await ownersApart(school));
    for (const owner of load.#owners) await load.openSession(owner, "s");
    return load;
  }

  openSession(owner: string, name: string): Promise<unknown> {
    const session = { session_id: `${owner}:${name}`, version: 1, status: "processing" };
    const sessions = [{ ...session, source_language: "en", target_language: "zh-Hans" }];
    return must(this.#school.service.post("/api/v1/translation/sessions/batch", { sessions }));
  }

  /** Sends a batch of new tasks. @returns milliseconds to its acknowledgement. */
  batch(session: string, count = BATCH): Promise<number> {
    const positions = Array.from({ length: count }, () => {
      this.#next += 1;
      return this.#next;
    });
    return this.#send(session, positions, 1);
  }

  async #send(session: string, positions: readonly number[], version: number): Promise<number> {
    const tasks = positions.map((number) => {
      const id = { task_id: `${session}:t${number}`, session_id: session, version, position: number % MAX_POSITION };
      return { ...id, status: "processing", source_text: SOURCE, translated_text: TRANSLATED };
    });
    const body = JSON.stringify({ tasks });
    const started = performance.now();
    const answer = await fetch(`${this.#server.url}/api/v1/translation/tasks/batch`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.#token}`,
        "content-type": "application/json",
        "idempotency-key": crypto.randomUUID(),
      },
      body,
    });
    const text = await answer.text();
    if (answer.status === 503) {
      await sleep(Number(answer.headers.get("retry-after") ?? 1) * 1_000);
      return this.#send(session, positions, version);
    }
    if (!answer.ok || !text.includes('"rejected":0')) throw new Error(`a batch: ${answer.status} ${text}`);
    return performance.now() - started;
  }

  async stats() {
    return statsSchema.parse(await must(this.#school.service.get("/api/v1/translation/stats")));
  }

  async drained(onSample: () => Promise<number>): Promise<void> {
    const deadline = performance.now() + DRAIN_TIMEOUT_MS;
    // The rest of each journal would wait for company; what is measured is the work, not the waiting.
    const flushing = must(this.#school.service.post("/api/v1/translation/flush", {})).catch(() => undefined);
    while ((await onSample()) > 0) {
      if (performance.now() > deadline) throw new Error("the journals do not drain");
      await sleep(SAMPLE_MS);
    }
    await flushing;
  }

  /** All writers at once for so many seconds, and then until everything is in D1. */
  async window(seconds: number): Promise<Window> {
    const before = await this.stats();
    const samples: Sample[] = [];
    const batchMs: number[] = [];
    const cpuBefore = cpuOf(this.#server.workerd());
    const started = performance.now();
    const elapsed = () => (performance.now() - started) / 1_000;
    const sample = async () => {
      const { pending, oldest_pending_ms } = await this.stats();
      samples.push({ seconds: elapsed(), pending, oldestMs: oldest_pending_ms });
      return pending;
    };
    const writing = Promise.all(
      this.#owners.map(async (owner) => {
        while (elapsed() < seconds) batchMs.push(await this.batch(`${owner}:s`));
      }),
    );
    let isWriting = true;
    const watching = (async () => {
      while (isWriting) {
        await sample();
        await sleep(SAMPLE_MS);
      }
    })();
    await writing.finally(() => {
      isWriting = false;
    });
    const acknowledged = elapsed();
    await watching;
    await this.drained(sample);
    const items = batchMs.length * BATCH;
    return {
      stored: before.persisted,
      acknowledgedPerSecond: items / acknowledged,
      storedPerSecond: items / elapsed(),
      batchMs,
      cpuPerItem: ((cpuOf(this.#server.workerd()) - cpuBefore) * 1e6) / items,
      samples,
    };
  }

  /** Writes until so many records are in D1. */
  async fill(target: number): Promise<void> {
    let { persisted } = await this.stats();
    while (persisted < target) {
      const batches = Math.min(4, Math.ceil((target - persisted) / BATCH / this.#owners.length));
      await Promise.all(
        this.#owners.map(async (owner) => {
          for (let done = 0; done < batches; done += 1) await this.batch(`${owner}:s`);
        }),
      );
      await this.drained(async () => (await this.stats()).pending);
      persisted = (await this.stats()).persisted;
    }
  }

  /** A session with so many open tasks, all stored. */
  async session(name: string, tasks: number): Promise<string> {
    const [owner = ""] = this.#owners;
    await this.openSession(owner, name);
    for (let done = 0; done < tasks; done += BATCH) await this.batch(`${owner}:${name}`, Math.min(BATCH, tasks - done));
    await this.drained(async () => (await this.stats()).pending);
    return `${owner}:${name}`;
  }

  /**
   * Reads a session's tasks page by page while a third of them change and others come in.
   * @returns of those that did not change: how many were missed, and how many came twice.
   */
  async walk(tasks: number): Promise<{ rows: number; ms: number; changes: number; missed: number; twice: number }> {
    const first = this.#next + 1;
    const session = await this.session("walked", tasks);
    const own = Array.from({ length: tasks }, (_, at) => first + at);
    let isWalking = true;
    let changes = 0;
    const changing = (async () => {
      for (let version = 2; isWalking; version += 1) {
        const changed = own.filter((at) => at % 3 === 0 && (at + version) % 20 === 0);
        await this.#send(session, changed, version);
        await this.batch(session, 50);
        changes += changed.length + 50;
      }
    })();
    const seen = new Map<string, number>();
    const started = performance.now();
    let rows = 0;
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `/api/v1/translation/sessions/${session}/tasks?limit=${WALK_PAGE}${query}`;
      const page: z.output<typeof pageSchema> = pageSchema.parse(await must(this.#school.service.get(path)));
      for (const { task_id } of page.results) seen.set(task_id, (seen.get(task_id) ?? 0) + 1);
      rows += page.results.length;
      cursor = page.next_cursor;
    } while (cursor !== null);
    const ms = performance.now() - started;
    isWalking = false;
    await changing;
    const counts = own.filter((at) => at % 3 !== 0).map((at) => seen.get(`${session}:t${at}`) ?? 0);
    const missed = counts.filter((count) => count === 0).length;
    return { rows, ms, changes, missed, twice: counts.filter((count) => count > 1).length };
  }

  /** Reads a restore to its end, as fast as it comes. @returns milliseconds and bytes. */
  async restore(session: string, tasks: number): Promise<{ ms: number; bytes: number }> {
    const started = performance.now();
    const answer = await fetch(`${this.#server.url}/api/v1/translation/recovery/restore/${session}`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#token}` },
    });
    if (!answer.ok || answer.body === null) throw new Error(`a restore: ${answer.status}`);
    let bytes = 0;
    let tail = "";
    const decoder = new TextDecoder();
    for await (const chunk of answer.body) {
      bytes += chunk.byteLength;
      tail = (tail + decoder.decode(chunk.subarray(-200), { stream: true })).slice(-200);
    }
    if (!tail.endsWith(`{"end":true,"tasks":${tasks}}\n`)) throw new Error(`a restore ended with ${tail}`);
    return { ms: performance.now() - started, bytes };
  }
}

async function measure({ say, quick }: BenchContext, server: Server): Promise<BenchOutcome> {
  const load = await Load.open(server);
  const seconds = quick ? 1 : 10;
  say("warming up");
  await load.window(quick ? 1 : WARM_UP_SECONDS);
  say(`${WRITERS} writers, batches of ${BATCH}`);
  const first = await load.window(seconds);
  const { persisted } = await load.stats();
  say(`writing until there are ${GROWTH} times as many records`);
  await load.fill(quick ? persisted : persisted * GROWTH);
  say("the same with that");
  const grown = await load.window(seconds);

  say("restoring 1,000 tasks");
  const small = await load.session("small", 1_000);
  await load.restore(small, 1_000);
  const smallMs: number[] = [];
  for (let done = 0; done < RESTORES; done += 1) smallMs.push((await load.restore(small, 1_000)).ms);
  const size = quick ? 5_000 : LARGE_SESSION;
  say(`restoring ${cell(size)} tasks`);
  const large = await load.session("large", size);
  await load.restore(small, 1_000);
  const memory = watchMemory(server.workerd());
  const restored = await load.restore(large, size);
  const { beforeMb, mostMb } = memory.stop();

  say("walking a session while it changes");
  const walked = await load.walk(quick ? 2_000 : WALKED);

  const grows = mostMb - beforeMb;
  const windows = [first, grown];
  return {
    tables: [
      {
        title: `${WRITERS} writers, batches of ${BATCH} tasks, ${seconds} s`,
        columns: [
          "records in D1 before",
          "acknowledged a second",
          "through to D1 a second",
          "CPU µs a record",
          "batch ms",
          "deepest buffer",
          "oldest ms",
        ],
        rows: windows.map((one) => [
          cell(one.stored),
          cell(one.acknowledgedPerSecond),
          cell(one.storedPerSecond),
          cell(one.cpuPerItem),
          spreadCell(spread(one.batchMs)),
          cell(Math.max(...one.samples.map(({ pending }) => pending))),
          cell(Math.max(...one.samples.map(({ oldestMs }) => oldestMs))),
        ]),
      },
      {
        title: "Restore",
        columns: ["tasks", "ms", "MB read", "MB of memory, before and most"],
        rows: [
          ["1,000", spreadCell(spread(smallMs)), "", ""],
          [cell(size), cell(restored.ms), cell(restored.bytes / 1e6), `${cell(beforeMb)}, ${cell(mostMb)}`],
        ],
      },
      {
        title: `Reading a session page by page (${cell(WALK_PAGE)} rows each) while a third of it changes`,
        columns: ["rows", "rows a second", "changes meanwhile", "unchanged rows missed", "twice"],
        rows: [
          [
            cell(walked.rows),
            cell(walked.rows / (walked.ms / 1_000)),
            cell(walked.changes),
            cell(walked.missed),
            cell(walked.twice),
          ],
        ],
      },
    ],
    charts: [
      {
        file: "records-depth",
        title: "Records that wait for D1",
        x: { label: "seconds" },
        y: { label: "records" },
        series: windows.map(({ stored, samples }) => ({
          name: `${cell(stored)} in D1 before`,
          points: samples.map(({ seconds: x, pending: y }) => ({ x, y })),
        })),
      },
      {
        file: "records-age",
        title: "Age of the oldest record that waits",
        x: { label: "seconds" },
        y: { label: "ms" },
        series: windows.map(({ stored, samples }) => ({
          name: `${cell(stored)} in D1 before`,
          points: samples.map(({ seconds: x, oldestMs: y }) => ({ x, y })),
        })),
      },
    ],
    targets: [
      target("Records acknowledged a second", ACKNOWLEDGED, first.acknowledgedPerSecond),
      target("Records through to D1 a second", STORED, first.storedPerSecond),
      target(`Acknowledged a second with ${GROWTH} times the records`, ACKNOWLEDGED, grown.acknowledgedPerSecond),
      target(`Through to D1 a second with ${GROWTH} times the records`, STORED, grown.storedPerSecond),
      {
        what: "Restore of 1,000 tasks",
        asked: `below ${RESTORE_MS} ms`,
        measured: `${spreadCell(spread(smallMs))} ms`,
        met: spread(smallMs).median < RESTORE_MS,
      },
      {
        what: "Rows that did not change and were missed or seen twice by a walk",
        asked: "0",
        measured: cell(walked.missed + walked.twice),
        met: walked.missed + walked.twice === 0,
      },
      {
        what: `Memory that a restore of ${cell(size)} tasks takes`,
        asked: `below ${FLAT_MB} MB`,
        measured: `${cell(grows)} MB, for ${cell(restored.bytes / 1e6)} MB read`,
        met: grows < FLAT_MB,
      },
    ],
    notes: [
      "Journals, D1 and the Worker share one thread here, with the writers beside them on the same machine; each acknowledgement waits for the disk.",
      "CPU is workerd's, for taking and storing together: what a record costs whatever else the machine does.",
      "Through to D1 counts from the first batch to the last row stored, writing and draining together.",
    ],
  };
}

function target(what: string, asked: number, measured: number) {
  return { what, asked: `at least ${cell(asked)}`, measured: cell(measured), met: measured >= asked };
}

/** Resident memory of a process while something happens. */
function watchMemory(pid: number) {
  const now = () => {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (kilobytes === undefined) throw new Error("the process has no memory");
    return Number(kilobytes) / 1_024;
  };
  const beforeMb = now();
  let mostMb = beforeMb;
  const timer = setInterval(() => {
    mostMb = Math.max(mostMb, now());
  }, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return { beforeMb, mostMb: Math.max(mostMb, now()) };
    },
  };
}
