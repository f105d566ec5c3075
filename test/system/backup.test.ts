import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { BackupFolder } from "../../scripts/lib/backup/folder.ts";
import { type Runtime, startRuntime } from "../../scripts/lib/runtime.ts";
import { MANIFEST, type Manifest } from "../../src/backup/format.ts";
import { deltaSchema, enrollmentRows, expectAnswer, readStates } from "../support/node/answers.ts";
import { type ApiAnswer, type ApiClient, clientOf } from "../support/node/api.ts";
import { queryD1 } from "../support/node/database.ts";
import { GeneratedCourse } from "../support/node/generated-course.ts";
import { runScript } from "../support/node/processes.ts";
import { Random, testSeed } from "../support/node/random.ts";
import { freshState, removeState } from "../support/node/state.ts";

const COURSE = "backup";
const WRITERS = 25;
/** Enough that nobody is done before the backup is. */
const CHAPTERS = 120;
const PROBLEMS_EACH = 2;
const BATCH = 20;
/** Everybody goes on for so long after the backup is finished, milliseconds. */
const GO_ON_MS = 1_500;

const batchSchema = z.looseObject({ results: z.array(z.looseObject({ id: z.string(), status: z.string() })) });
const summarySchema = z.looseObject({ id: z.string(), rows: z.int() });

/** An acknowledged write of a learner. */
interface Deed {
  /** When its answer had come, epoch ms. */
  at: number;
  seq: number;
  item: string;
  what: "attempted" | "completed";
  path: string;
  body: unknown;
  key: string;
  answer: ApiAnswer;
}

/** Somebody who learns and translates, and writes down what was acknowledged. */
class Writer {
  readonly user: string;
  readonly client: ApiClient;
  readonly deeds: Deed[] = [];
  /** Versions of each task with the instant at which each was acknowledged. */
  readonly tasks = new Map<string, { version: number; at: number }[]>();
  readonly #random: Random;
  readonly #course: GeneratedCourse;
  #batches = 0;

  constructor(user: string, client: ApiClient, random: Random, course: GeneratedCourse) {
    this.user = user;
    this.client = client;
    this.#random = random;
    this.#course = course;
  }

  async begin(): Promise<void> {
    expectAnswer(await this.client.post(`/api/v1/courses/${COURSE}/enrollments`, {}), 201, deltaSchema);
    const session = { session_id: `${this.user}:s`, version: 1, status: "processing", title: this.user };
    const sessions = [{ ...session, source_language: "en", target_language: "zh" }];
    expectAnswer(await this.client.post("/api/v1/translation/sessions/batch", { sessions }), 200, batchSchema);
  }

  async work(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      if (this.#random.next() < 0.7) await this.#learn();
      else await this.#translate();
    }
  }

  /** What this learner has done, up to a sequence number. */
  deedsUpTo(seq: number): Map<string, "attempted" | "completed"> {
    const done = new Map<string, "attempted" | "completed">();
    for (const deed of this.deeds) if (deed.seq <= seq) done.set(deed.item, deed.what);
    return done;
  }

  async #learn(): Promise<void> {
    const done = this.deedsUpTo(Number.POSITIVE_INFINITY);
    const todo = this.#course.open(done).filter((id) => done.get(id) !== "completed");
    if (todo.length === 0) return this.#translate();
    const item = this.#random.pick(todo);
    const isProblem = this.#course.isProblem(item);
    const isWrong = isProblem && !done.has(item) && this.#random.next() < 0.2;
    const path = isProblem
      ? `/api/v1/problems/${item}/submissions/`
      : `/api/v1/courses/${COURSE}/chapters/${item}/mark_as_completed/`;
    const body = isProblem ? { answer: isWrong ? "no" : this.#course.answerTo(item) } : {};
    const key = `${item}-${this.deeds.length}`;
    const answer = await this.client.post(path, body, { headers: { "idempotency-key": key } });
    const { progress_seq: seq } = expectAnswer(answer, [200, 201], deltaSchema);
    const what = isWrong ? "attempted" : "completed";
    this.deeds.push({ at: Date.now(), seq, item, what, path, body, key, answer });
  }

  async #translate(): Promise<void> {
    this.#batches += 1;
    const session_id = `${this.user}:s`;
    const again = this.#random.sample([...this.tasks.keys()].slice(-100), BATCH / 4);
    const fresh = Array.from({ length: BATCH - again.length }, (_, n) => `${session_id}:${this.#batches}-${n}`);
    const tasks = [...again, ...fresh].map((task_id) => {
      const version = (this.tasks.get(task_id)?.at(-1)?.version ?? 0) + 1;
      return { task_id, session_id, version, status: "processing", source_text: `version ${version} of ${task_id}` };
    });
    const answer = await this.client.post("/api/v1/translation/tasks/batch", { tasks });
    const { results } = expectAnswer(answer, 200, batchSchema);
    expect(results.map(({ status }) => status)).not.toContain("invalid");
    const at = Date.now();
    for (const { task_id, version } of tasks) {
      this.tasks.set(task_id, [...(this.tasks.get(task_id) ?? []), { version, at }]);
    }
  }
}

describe(`a backup taken while ${WRITERS} people write`, () => {
  let folder: string;
  let sourceState: string;
  let targetState: string;
  let source: Runtime;
  let target: Runtime;
  let course: GeneratedCourse;
  let manifest: Manifest;
  const writers: Writer[] = [];

  beforeAll(async () => {
    const random = new Random(testSeed());
    course = GeneratedCourse.random(COURSE, random, CHAPTERS, PROBLEMS_EACH);
    folder = mkdtempSync(join(tmpdir(), "latchkey-backup-"));
    sourceState = await freshState();
    targetState = await freshState();
    source = await startRuntime({ stateDir: sourceState, logFile: join(folder, "source.log") });
    const admin = await clientOf(source.url, "registrar", "admin");
    expectAnswer(await admin.post("/api/v1/courses", { slug: COURSE, title: "A course to back up" }), 201, z.unknown());
    const published = await admin.post(`/api/v1/courses/${COURSE}/versions`, { document: course.document() });
    expectAnswer(published, 201, z.unknown());
    for (let number = 0; number < WRITERS; number += 1) {
      const user = `writer-${number}`;
      const writer = new Writer(user, await clientOf(source.url, user), new Random(random.below(2 ** 32)), course);
      await writer.begin();
      writers.push(writer);
    }
  });
  afterAll(async () => {
    await source?.kill();
    await target?.kill();
    for (const state of [sourceState, targetState, folder]) removeState(state);
  });

  it("stops no writer", async () => {
    let isOver = false;
    const writing = Promise.all(writers.map((writer) => writer.work(() => isOver)));
    const taking = (async () => {
      // With somebody who has done nothing yet the test could not fail.
      while (writers.some(({ deeds, tasks }) => deeds.length === 0 || tasks.size === 0)) await sleep(50);
      const script = runScript("scripts/backup.ts", ["--url", source.url, "--out", folder]);
      expect(await script.ended, script.output()).toBe(0);
      await sleep(GO_ON_MS);
      const printed = script.output();
      return summarySchema.parse(JSON.parse(printed.slice(printed.indexOf("{")))).id;
    })().finally(() => {
      isOver = true;
    });
    const [, id] = await Promise.all([writing, taking]);
    manifest = await new BackupFolder(folder, id).manifest();
    await source.kill();
    for (const writer of writers) {
      const { mark, finished_at } = manifest;
      // Otherwise the test could not fail.
      expect(writer.deeds.filter(({ at }) => at < mark).length, writer.user).toBeGreaterThan(0);
      expect(writer.deeds.filter(({ at }) => at > finished_at).length, writer.user).toBeGreaterThan(0);
    }
    expect(writers.some(({ deeds }) => deeds.some(({ at }) => at > manifest.mark && at < manifest.finished_at))).toBe(
      true,
    );
  });

  it("[I1] is restored into an empty deployment by one command", async () => {
    target = await startRuntime({ stateDir: targetState, logFile: join(folder, "target.log") });
    const options = ["--to", target.url, "--from", folder, "--backup", manifest.id, "--erasures", "none"];
    const script = runScript("scripts/restore.ts", options);
    expect(await script.ended, script.output()).toBe(0);
    expect(script.output()).toContain('"restored": true');
    // Again, it is not empty any more.
    const again = runScript("scripts/restore.ts", options);
    expect(await again.ended, again.output()).toBe(3);
  });

  it("[I1] [I2] has exactly what was acknowledged at each learner's mark, and nothing from before the mark is missing", async () => {
    const admin = await clientOf(target.url, "registrar", "admin");
    const rows = new Map((await enrollmentRows(admin, COURSE)).map((row) => [row.user_id, row]));
    let after = 0;
    for (const writer of writers) {
      const { user, deeds } = writer;
      const { states, snapshot } = await readStates(await clientOf(target.url, user), COURSE);
      const seq = snapshot.progress_seq;
      const acknowledged = deeds.filter(({ at }) => at < manifest.mark).map((deed) => deed.seq);
      expect(seq, user).toBeGreaterThanOrEqual(Math.max(0, ...acknowledged));
      const done = writer.deedsUpTo(seq);
      expect(states, user).toEqual(course.states(done));
      const completed = [...done.values()].filter((what) => what === "completed").length;
      expect(rows.get(user), user).toMatchObject({ completed_count: completed, open_count: course.open(done).length });
      after += seq - Math.max(0, ...acknowledged);
    }
    console.info(`${after} deeds of the time between the mark and each learner's own copy are in it`);
  });

  it("[I5] has the earlier answers: a write sent again gets its stored answer, and is not done again", async () => {
    for (const { user, deeds } of writers) {
      const last = deeds.findLast(({ at }) => at < manifest.mark);
      if (last === undefined) throw new Error(`${user} did nothing`);
      const client = await clientOf(target.url, user);
      const again = await client.post(last.path, last.body, { headers: { "idempotency-key": last.key } });
      expect(again.headers.get("idempotency-replayed"), user).toBe("true");
      expect(again.body).toEqual(last.answer.body);
    }
  });

  it("[I1] [I4] has every record acknowledged before the mark, in that version or in one acknowledged later", async () => {
    const admin = await clientOf(target.url, "registrar", "admin");
    expectAnswer(await admin.post("/api/v1/translation/flush", {}), 200, z.unknown());
    await target.stop();
    const stored = new Map(
      queryD1(
        targetState,
        "SELECT id, version, body FROM translation_tasks",
        z.object({ id: z.string(), version: z.int(), body: z.string() }),
      ).map(({ id, version, body }) => {
        expect(body).toContain(`version ${version} of ${id}`);
        return [id, version];
      }),
    );
    let checked = 0;
    for (const { tasks } of writers) {
      for (const [id, versions] of tasks) {
        const before = versions.filter(({ at }) => at < manifest.mark).at(-1)?.version ?? 0;
        const version = stored.get(id) ?? 0;
        expect(version, id).toBeGreaterThanOrEqual(before);
        expect([0, ...versions.map((known) => known.version)], id).toContain(version);
        checked += before > 0 ? 1 : 0;
      }
    }
    expect(checked).toBeGreaterThan(WRITERS);
  });

  it("is refused by name, and by exit code, if its files are damaged", async () => {
    const backup = new BackupFolder(folder, manifest.id);
    const [one = "", other = ""] = manifest.parts.filter(({ rows }) => rows > 0).map(({ name }) => name);
    const path = (file: string) => join(backup.path, file);
    const whole = new Map([one, other, MANIFEST].map((file) => [file, readFileSync(path(file))]));
    const bytes = whole.get(one) ?? Buffer.alloc(0);
    const flipped = Buffer.from(bytes);
    flipped[30] = (flipped[30] ?? 0) ^ 1;
    const damages: [code: number, name: string, damage: () => void][] = [
      [12, "backup_part_missing", () => rmSync(path(one))],
      [13, "backup_part_truncated", () => writeFileSync(path(one), bytes.subarray(0, -20))],
      [14, "backup_part_damaged", () => writeFileSync(path(one), flipped)],
      [15, "backup_part_swapped", () => writeFileSync(path(one), whole.get(other) ?? "")],
      [
        11,
        "backup_manifest_tampered",
        () => writeFileSync(path(MANIFEST), String(whole.get(MANIFEST)).replace(/"rows":\d/, '"rows":7')),
      ],
    ];
    for (const [code, name, damage] of damages) {
      damage();
      const script = runScript("scripts/backup-verify.ts", ["--dir", folder, "--backup", manifest.id]);
      expect(await script.ended, name).toBe(code);
      expect(script.output()).toContain(name);
      for (const [file, content] of whole) writeFileSync(path(file), content);
    }
    expect(await backup.check()).toMatchObject({ backup: manifest.id, parts: manifest.parts.length });
  });
});
