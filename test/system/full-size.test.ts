// Over 350 lines: a school is made once, which takes minutes, and everything is measured on it.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import { allRows, enrollmentRows, expectAnswer, readStates } from "../support/node/answers.ts";
import { type ApiClient, clientOf, tokenFor } from "../support/node/api.ts";
import { processesOn, runScript, until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

// A course at the stated limits goes through everything that is ever done with one, on bindings that refuse what the
// platform refuses. One learner has all that one may have; of the others there are 500 with LATCHKEY_LONG=1, and else
// fifty, which bounds the time: they differ in nothing but their number. LATCHKEY_LEARNERS and LATCHKEY_ANSWERS say others.

const COURSE = "full-size";
const CHAPTERS = 500;
const PROBLEMS_EACH = 9;
const LEARNERS = Number(process.env.LATCHKEY_LEARNERS ?? (process.env.LATCHKEY_LONG === "1" ? 500 : 50));
const FACTS = 2_000;
const ANSWERS = Number(process.env.LATCHKEY_ANSWERS ?? 1_000);
/** Characters of an item's text in each language: the document then has some seven million bytes. */
const TEXT = 300;
/** The learner who has done all that. */
const HEAVY = "heavy";
const PARALLEL = 8;
const PATIENCE_MS = 600_000;
const ENFORCED = "test/support/worker/enforced-main.ts";

const usageSchema = z.object({
  d1_statements: z.int(),
  object_statements: z.int(),
  largest_value: z.int(),
  largest_row: z.int(),
  largest_message: z.int(),
  largest_statement: z.string(),
  refused: z.int(),
});
const jobSchema = z.looseObject({ job: z.string(), done: z.boolean() });
const backupSchema = z.looseObject({ id: z.string(), unreadable: z.int() });

interface Line extends z.infer<typeof usageSchema> {
  operation: string;
  seconds: number;
  peak_mb: number;
}

/** Memory of the process that runs the Worker, as the kernel counts it; the peak is forgotten by asking. Linux only. */
function peakOf(stateDir: string): number {
  const peaks = processesOn(stateDir).map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    if (!/^Name:\s+workerd/m.test(status)) return 0;
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
    return peak;
  });
  return Math.round(Math.max(0, ...peaks) / 1_024);
}

const id = (name: string) => `${COURSE}.${name}`;
const both = (en: string, zh: string, length: number) => ({
  en: en.padEnd(length, " learn"),
  zh: zh.padEnd(length, "学"),
});

/** Everything but the last chapter is open from the start, so that each learner's mirror names as much as it can. */
function document(edition: string) {
  const last = id(`chapter-number-${CHAPTERS - 1}`);
  return {
    slug: COURSE,
    title: { en: `Full size ${edition}`, zh: `最大的课程 ${edition}` },
    options: { sticky: false },
    chapters: Array.from({ length: CHAPTERS }, (_, chapter) => {
      const chapterId = id(`chapter-number-${chapter}`);
      return {
        id: chapterId,
        title: both(`Chapter ${chapter}`, `第${chapter}章`, 30),
        content: both(`Text of chapter ${chapter}`, `第${chapter}章的内容`, TEXT),
        rule: chapterId === last ? { completed: id("chapter-number-0") } : null,
        problems: Array.from({ length: PROBLEMS_EACH }, (_, problem) => ({
          id: id(`problem-${chapter}-${problem}`),
          title: both(`Problem ${problem}`, `问题${problem}`, 30),
          content: both(`Statement of ${chapter}-${problem}`, `问题${chapter}-${problem}`, TEXT),
        })),
      };
    }),
  };
}

async function inParallel<T>(items: readonly T[], parallel: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    }),
  );
}

describe(`a course of ${CHAPTERS * (1 + PROBLEMS_EACH)} items and ${LEARNERS} learners`, { timeout: 900_000 }, () => {
  const table: Line[] = [];
  const faults: string[] = [];
  let folder: string;
  let stateDir: string;
  let targetState: string;
  let runtime: Runtime;
  let admin: ApiClient;
  let service: ApiClient;
  let heavy: ApiClient;
  let backup: string;
  const learners = Array.from({ length: LEARNERS - 1 }, (_, number) => `learner-${String(number).padStart(4, "0")}`);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-full-"));
    stateDir = await freshState();
    targetState = await freshState();
    runtime = await startRuntime({ stateDir, main: ENFORCED, onLog: noteLine });
    admin = await clientOf(runtime.url, "registrar", "admin");
    service = await clientOf(runtime.url, "importer", "service");
    heavy = await clientOf(runtime.url, HEAVY);
    await usage();
  }, 120_000);
  afterAll(async () => {
    const [first] = table;
    // Past the console, which shows nothing of tests that pass.
    if (first !== undefined) process.stdout.write(`${asMarkdown()}\n`);
    if (faults.length > 0) console.info(`faults:\n${faults.slice(0, 20).join("\n")}`);
    await runtime?.kill();
    for (const state of [stateDir, targetState, folder]) if (state !== undefined) removeState(state);
  });

  /** What the Worker has logged as a fault; there must be none. */
  function noteLine(line: string): void {
    if (line.includes('"fault":')) faults.push(line);
  }

  async function usage(): Promise<z.infer<typeof usageSchema>> {
    const answer = await fetch(`${runtime.url}/api/__usage`);
    return usageSchema.parse(await answer.json());
  }

  /** Does something, and writes down what it took. Nothing may be refused by a binding. */
  async function measured(operation: string, work: () => Promise<void>): Promise<void> {
    await usage();
    peakOf(runtimeState());
    const started = performance.now();
    await work();
    const seconds = (performance.now() - started) / 1_000;
    const peak_mb = peakOf(runtimeState());
    const used = await usage();
    table.push({ operation, seconds, peak_mb, ...used });
    // Past the console, which says nothing of tests that pass: these take minutes, and a silent runner is taken for a stalled one.
    process.stdout.write(`full size: ${operation} took ${seconds.toFixed(1)} s\n`);
    expect(used.refused, operation).toBe(0);
  }

  let runtimeStateDir: string | undefined;
  const runtimeState = () => runtimeStateDir ?? stateDir;

  function asMarkdown(): string {
    const number = (value: number) => value.toLocaleString("en");
    const lines = table.map(
      ({
        operation,
        seconds,
        peak_mb,
        d1_statements,
        object_statements,
        largest_value,
        largest_row,
        largest_message,
      }) =>
        `| ${operation} | ${seconds.toFixed(1)} s | ${peak_mb} MB | ${number(d1_statements)} | ${number(object_statements)} | ` +
        `${number(largest_value)} | ${number(largest_row)} | ${number(largest_message)} |`,
    );
    return [
      "",
      "| operation | time | peak memory | statements of D1 | of objects | largest value, bytes | largest row | largest message |",
      "|---|---:|---:|---:|---:|---:|---:|---:|",
      ...lines,
    ].join("\n");
  }

  /** Publishes an edition, however long a busy machine takes for its megabytes. */
  async function publish(edition: string): Promise<void> {
    const answer = await fetch(`${runtime.url}/api/v1/courses/${COURSE}/versions`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${await tokenFor("registrar", "admin")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ document: document(edition) }),
    });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
    await answer.body?.cancel();
  }

  /** Waits until D1 has everything, and nobody is stale. */
  async function settled(courseVersion: number): Promise<void> {
    await until("everybody is projected and nobody is stale", PATIENCE_MS, async () => {
      const rows = await enrollmentRows(admin, COURSE);
      if (rows.length === LEARNERS && rows.every((row) => !row.is_stale && row.course_version === courseVersion)) {
        return (await pending()) === 0;
      }
      await sleep(500);
      return false;
    });
  }

  async function pending(): Promise<number> {
    const state = expectAnswer(
      await admin.get(`/api/v1/enrollments/${COURSE}:${HEAVY}`),
      200,
      z.looseObject({ outbox: z.object({ rows: z.int() }) }),
    );
    return state.outbox.rows;
  }

  /** Works on a task of a backup until it is done. */
  async function workOn(task: "backup" | "check" | "verify"): Promise<void> {
    let job: string | undefined;
    for (;;) {
      const body = { task, ...(job === undefined ? {} : { job }) };
      const answer = await admin.post(`/api/v1/system/backups/${backup}/work`, body);
      const state = expectAnswer(answer, 200, jobSchema);
      if (state.done) return;
      job = state.job;
    }
  }

  it("is published", async () => {
    expectAnswer(await admin.post("/api/v1/courses", { slug: COURSE, title: "Full size" }), 201, z.unknown());
    await measured("publish", async () => {
      await publish("one");
    });
  });

  it("enrolls its learners, and accepts the facts and the answers", async () => {
    await measured(`enroll ${LEARNERS}`, async () => {
      await inParallel([HEAVY, ...learners], PARALLEL, async (user_id) => {
        const answer = await service.post(`/api/v1/courses/${COURSE}/enrollments`, { user_id });
        expectAnswer(answer, 201, z.unknown());
      });
    });
    const at = new Date(Date.now() - 60_000).toISOString();
    await measured(`import ${FACTS} facts`, async () => {
      const facts = Array.from({ length: FACTS }, (_, number) => {
        const [chapter, problem] = [Math.floor(number / PROBLEMS_EACH), number % PROBLEMS_EACH];
        return { user_id: HEAVY, item: id(`problem-${chapter}-${problem}`), completed: true, score: 90, at };
      });
      for (let from = 0; from < FACTS; from += 1_000) {
        const answer = await service.post("/api/v1/progress/import", { facts: facts.slice(from, from + 1_000) });
        const { recorded } = expectAnswer(answer, 200, z.looseObject({ recorded: z.int() }));
        expect(recorded).toBe(1_000);
      }
    });
    await measured(`${ANSWERS} answers`, async () => {
      const answers = Array.from({ length: ANSWERS }, (_, number) => number);
      await inParallel(answers, PARALLEL, async (number) => {
        const problem = id(`problem-${CHAPTERS - 2}-${number % PROBLEMS_EACH}`);
        const answer = await heavy.post(`/api/v1/problems/${problem}/submissions`, {
          answer: `${number}`.padEnd(10_000, "答"),
        });
        expectAnswer(answer, 201, z.unknown());
      });
    });
  });

  it("is projected, invalidated and published again, and every learner gets the new version", async () => {
    await measured("projection", () => settled(1));
    await measured("refresh after invalidating", async () => {
      expectAnswer(await admin.post(`/api/v1/courses/${COURSE}/stale`, {}), 202, z.unknown());
      await runCron(runtime.url, "* * * * *");
      await settled(1);
    });
    await measured("publish and refresh", async () => {
      await publish("two");
      await runCron(runtime.url, "* * * * *");
      await settled(2);
    });
  });

  it("is read only from D1, and says for each learner whether they can open an item", async () => {
    const before = (await readStates(heavy, COURSE)).states;
    const share = (realtime_percent: number) =>
      admin.put("/api/v1/system/switches/realtime-reads", { realtime_percent, reason: "the test" });
    expectAnswer(await share(100), 200, z.unknown());
    await measured("fallback, 10 reads", async () => {
      for (let read = 0; read < 10; read += 1) {
        const { states, snapshot } = await readStates(heavy, COURSE);
        expect(snapshot.source).toBe("realtime");
        expect(states).toEqual(before);
      }
    });
    expectAnswer(await share(0), 200, z.unknown());
    await measured("audience of one item", async () => {
      const path = `/api/v1/courses/${COURSE}/items/${id(`chapter-number-${CHAPTERS - 1}`)}/audience`;
      const rows = await allRows(admin, path, z.looseObject({ user_id: z.string(), is_open: z.boolean() }));
      expect(rows).toHaveLength(LEARNERS);
    });
  });

  it("is backed up, verified and restored", async () => {
    await measured("backup", async () => {
      const script = runScript("scripts/backup.ts", ["--url", runtime.url, "--out", folder]);
      expect(await script.ended, script.output()).toBe(0);
      const printed = script.output();
      backup = z.looseObject({ id: z.string() }).parse(JSON.parse(printed.slice(printed.indexOf("{")))).id;
    });
    const known = expectAnswer(await admin.get(`/api/v1/system/backups/${backup}`), 200, backupSchema);
    expect(known.unreadable).toBe(0);
    await measured("verify", () => workOn("verify"));
    const states = (await readStates(heavy, COURSE)).states;
    const source = runtime;
    runtime = await startRuntime({ stateDir: targetState, main: ENFORCED, onLog: noteLine });
    runtimeStateDir = targetState;
    try {
      await measured("restore", async () => {
        const options = [
          "--to",
          runtime.url,
          "--from",
          folder,
          "--backup",
          backup,
          "--erasures",
          join(folder, "erasures.json"),
        ];
        const script = runScript("scripts/restore.ts", options);
        expect(await script.ended, script.output()).toBe(0);
      });
      expect((await readStates(await clientOf(runtime.url, HEAVY), COURSE)).states).toEqual(states);
    } finally {
      await runtime.kill();
      runtime = source;
      runtimeStateDir = undefined;
    }
  });

  it("is exported for one learner, who is then erased", async () => {
    await measured("export", async () => {
      const answer = await fetch(`${runtime.url}/api/v1/users/${HEAVY}/export`, {
        method: "POST",
        headers: { authorization: `Bearer ${await tokenFor(HEAVY)}` },
      });
      expect(answer.status).toBe(200);
      const text = await answer.text();
      expect(text.split("\n").filter((line) => line.includes('"submission"'))).toHaveLength(ANSWERS);
    });
    await measured("erasure", async () => {
      const asked = await admin.del(`/api/v1/users/${HEAVY}`);
      expect([200, 202, 204]).toContain(asked.status);
      await until("the learner is erased", PATIENCE_MS, async () => {
        const state = z
          .looseObject({ state: z.string() })
          .parse((await admin.get(`/api/v1/erasures/${HEAVY}`)).body).state;
        if (state !== "running") return true;
        await runCron(runtime.url, "* * * * *");
        await sleep(200);
        return false;
      });
    });
    const rows = await enrollmentRows(admin, COURSE);
    expect(rows.map(({ user_id }) => user_id)).not.toContain(HEAVY);
    expect(faults).toEqual([]);
  });
});
