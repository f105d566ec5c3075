// Over 350 lines: a service is killed at each of the moments that matter, with one set of clients.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { EVERY_MINUTE } from "../../scripts/lib/crons.ts";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import {
  allRows,
  deltaSchema,
  enrollmentRows,
  expectAnswer,
  openOf,
  readStates,
  submissionSchema,
} from "../support/node/answers.ts";
import { type ApiAnswer, type ApiClient, clientOf } from "../support/node/api.ts";
import { announcements, queryD1 } from "../support/node/database.ts";
import { GeneratedCourse } from "../support/node/generated-course.ts";
import { until } from "../support/node/processes.ts";
import { Random, testSeed } from "../support/node/random.ts";
import { freshState, removeState } from "../support/node/state.ts";

const COURSE = "storm";
const CHAPTERS = 30;
const PROBLEMS_EACH = 1;
const LEARNERS = 40;
/** Each learner does between so many items and all of them, so that the final states differ. */
const LEAST_ITEMS = 20;
/** One submission in eight is wrong first. */
const WRONG_SHARE = 1 / 8;
/** A publish takes about a tenth of a second: killed within so many ms of its start, it is sometimes done and sometimes not. */
const PUBLISH_MS = 150;
/** The runtime is killed when so large a share of all answers has come in. */
const KILLS_AT = [0.2, 0.45, 0.7];
/** A client waits this long before it asks again. */
const RETRY_MS = 50;
/** A client that cannot get an answer for this long has found a defect. */
const PATIENCE_MS = 60_000;
/**
 * Queues of the local runtime live in its memory, so a kill loses what was sent; the outbox asks again after 15 s,
 * later each time, and the alarms of slept-through seconds come at once.
 */
const CATCH_UP_MS = 60_000;

interface Effort {
  item: string;
  kind: "chapter" | "right" | "wrong";
}

/** One learner, and every answer that was acknowledged. */
class Student {
  readonly deeds = new Map<string, "attempted" | "completed">();
  readonly announced: string[] = [];
  /** Ids of acknowledged submissions. */
  readonly submissions: string[] = [];
  /** Progress of the last acknowledged answer. */
  seq = 0;
  /** The last acknowledged write and its answer. */
  last: { path: string; body: unknown; key: string; answer: ApiAnswer } | null = null;
  retries = 0;
  replayed = 0;
  readonly user: string;
  readonly client: ApiClient;

  constructor(user: string, client: ApiClient) {
    this.user = user;
    this.client = client;
  }

  completed(): string[] {
    return [...this.deeds.keys()].filter((item) => this.deeds.get(item) === "completed").sort();
  }
}

function isReplayed(answer: ApiAnswer): boolean {
  return answer.headers.get("idempotency-replayed") === "true";
}

describe("a service that is killed during very many answers", () => {
  let stateDir: string;
  let port: number;
  let runtime: Runtime;
  let url: string;
  let admin: ApiClient;
  let course: GeneratedCourse;
  let random: Random;
  let kills = 0;
  /** True from a kill until the runtime answers again: only then may a request go unanswered. */
  let isDown = false;
  const students: Student[] = [];

  beforeAll(async () => {
    random = new Random(testSeed());
    course = GeneratedCourse.random(COURSE, random, CHAPTERS, PROBLEMS_EACH);
    stateDir = await freshState();
    port = await freePort();
    await start();
    url = runtime.url;
    admin = await clientOf(url, "registrar", "admin");
    const created = await admin.post("/api/v1/courses", { slug: COURSE, title: "A storm" });
    expectAnswer(created, 201, z.unknown());
    expectAnswer(await publish(course), 201, z.unknown());
  });
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  async function start(): Promise<void> {
    runtime = await startRuntime({ stateDir, port, logFile: join(stateDir, "runtime.log") });
    isDown = false;
  }

  async function kill(): Promise<void> {
    isDown = true;
    await runtime.kill();
    kills += 1;
  }

  function publish(version: GeneratedCourse): Promise<ApiAnswer> {
    return admin.post(`/api/v1/courses/${COURSE}/versions`, { document: version.document() });
  }

  /** Sends a write until it is answered, always with the same key, as a client does that saw its connection break. */
  async function insist(student: Student, path: string, body: unknown, key: string): Promise<ApiAnswer> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const wasDown = isDown;
      const killsBefore = kills;
      const answer = await student.client.post(path, body, { headers: { "idempotency-key": key } }).catch(() => null);
      if (answer !== null && answer.status < 500) {
        if (isReplayed(answer)) student.replayed += 1;
        student.last = { path, body, key, answer };
        return answer;
      }
      const isExcused = wasDown || isDown || kills !== killsBefore;
      if (!isExcused) throw new Error(`no answer while nothing was killed: ${JSON.stringify(answer)}`);
      if (Date.now() > deadline) throw new Error(`no answer within ${PATIENCE_MS} ms: ${path}`);
      student.retries += 1;
      await sleep(RETRY_MS);
    }
  }

  async function attempt(student: Student, { item, kind }: Effort): Promise<void> {
    const before = course.open(student.deeds);
    const key = `${kind}-${item}`;
    const answer =
      kind === "chapter"
        ? await insist(student, `/api/v1/courses/${COURSE}/chapters/${item}/mark_as_completed/`, {}, key)
        : await insist(student, `/api/v1/problems/${item}/submissions/`, { answer: answerOf(item, kind) }, key);
    const delta = expectAnswer(answer, [200, 201], deltaSchema);
    if (kind !== "chapter") {
      const submission = expectAnswer(answer, 201, submissionSchema);
      expect(submission.status).toBe(kind === "right" ? "passed" : "failed");
      student.submissions.push(submission.submission_id);
    }
    student.deeds.set(item, kind === "wrong" ? "attempted" : "completed");
    student.announced.push(...delta.unlocked);
    student.seq = delta.progress_seq;
    const opened = course.open(student.deeds).filter((id) => !before.includes(id));
    expect([...delta.unlocked].sort(), `${student.user} ${key}`).toEqual(opened);
    expect(delta.locked).toEqual([]);
  }

  function answerOf(item: string, kind: Effort["kind"]): string {
    return kind === "right" ? course.answerTo(item) : "not this";
  }

  /** @returns what to try next, or null when everything is done. */
  function nextEffort(student: Student, own: Random): Effort | null {
    const todo = course.open(student.deeds).filter((id) => student.deeds.get(id) !== "completed");
    if (todo.length === 0) return null;
    const item = own.pick(todo);
    if (!course.isProblem(item)) return { item, kind: "chapter" };
    const isFirst = !student.deeds.has(item);
    return { item, kind: isFirst && own.next() < WRONG_SHARE ? "wrong" : "right" };
  }

  async function expectD1CatchesUp(): Promise<void> {
    await until("D1 to know every acknowledged completion", CATCH_UP_MS, async () => {
      const rows = new Map((await enrollmentRows(admin, COURSE)).map((row) => [row.user_id, row]));
      expect(rows.size).toBe(LEARNERS);
      return students.every((student) => {
        const row = rows.get(student.user);
        return (
          row?.completed_count === student.completed().length && row.open_count === course.open(student.deeds).length
        );
      });
    });
  }

  it(`[I1] [I5] loses and repeats nothing in ${KILLS_AT.length} kills: every answer arrives, with its exact delta`, async () => {
    for (let number = 0; number < LEARNERS; number += 1) {
      const user = `learner-${number}`;
      const student = new Student(user, await clientOf(url, user));
      const answer = await student.client.post(`/api/v1/courses/${COURSE}/enrollments`, {});
      student.announced.push(...expectAnswer(answer, 201, deltaSchema).unlocked);
      students.push(student);
    }
    const goals = students.map(() => LEAST_ITEMS + random.below(course.items.length - LEAST_ITEMS + 1));
    const total = goals.reduce((sum, goal) => sum + goal, 0);
    let answered = 0;
    let isOver = false;
    const storm = students.map(async (student, index) => {
      const own = new Random(random.below(2 ** 32));
      for (let done = 0; done < (goals[index] ?? 0); ) {
        const effort = nextEffort(student, own);
        if (effort === null) break;
        await attempt(student, effort);
        if (effort.kind !== "wrong") {
          done += 1;
          answered += 1;
        }
      }
    });
    const killer = (async () => {
      for (const share of KILLS_AT) {
        while (answered < total * share && !isOver) await sleep(1);
        expect(isOver, "the storm was over before the kill").toBe(false);
        await kill();
        await start();
      }
    })();
    const outcomes = await Promise.allSettled([Promise.all(storm).finally(() => (isOver = true)), killer]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    const sum = (pick: (student: Student) => number) => students.reduce((all, student) => all + pick(student), 0);
    console.info(
      `${answered} completions, ${sum((s) => s.retries)} retries, ${sum((s) => s.replayed)} replayed answers`,
    );
    expect(sum((student) => student.retries)).toBeGreaterThan(0);
  });

  it("[I10] projects by itself the writes that were acknowledged just before a kill", async () => {
    // A last answer to everybody, and the end before a single outbox can have been delivered.
    const last = students.map(async (student) => {
      const effort = nextEffort(student, random);
      if (effort !== null) await attempt(student, effort);
    });
    await Promise.all(last);
    await kill();
    await start();
    await expectD1CatchesUp();
    expect(await allRows(admin, "/api/v1/system/dead-letters", z.unknown())).toEqual([]);
  });

  it("[I1] [I3] shows every learner everything that was acknowledged", async () => {
    for (const { user, client, deeds, seq } of students) {
      const read = await readStates(client, COURSE, seq);
      expect(read.states, user).toEqual(course.states(deeds));
      expect(read.snapshot.progress_seq).toBe(seq);
    }
  });

  it("[I5] repeats the answer to a write from before the kill, and changes nothing", async () => {
    for (const { user, client, last, seq } of students) {
      if (last === null) throw new Error(`${user} has written nothing`);
      const again = await client.post(last.path, last.body, { headers: { "idempotency-key": last.key } });
      expect(isReplayed(again), last.key).toBe(true);
      expect([again.status, again.body]).toEqual([last.answer.status, last.answer.body]);
      expect((await readStates(client, COURSE)).snapshot.progress_seq, user).toBe(seq);
    }
  });

  it("[I1] has both the pointer of a publish and its request for stale marks, or neither, whenever it is killed", async () => {
    const readCourse = () => {
      const [row] = queryD1(
        stateDir,
        // A request for marks that has been carried out is gone, and its marks are there.
        `SELECT active_version, activation, EXISTS (SELECT 1 FROM course_marks) AS waiting
         FROM courses WHERE slug = '${COURSE}'`,
        z.object({ active_version: z.int(), activation: z.int(), waiting: z.int() }),
      );
      if (row === undefined) return undefined;
      const marks = queryD1(
        stateDir,
        `SELECT stale_mark FROM freshness WHERE course_slug = '${COURSE}'`,
        z.object({ stale_mark: z.int() }),
      );
      const isMarked = row.waiting === 1 || (marks.length > 0 && marks.every(({ stale_mark }) => stale_mark > 0));
      const { active_version, activation } = row;
      return { active_version, activation, marked: isMarked ? 1 : 0 };
    };
    // Not acknowledged: killed at some moment of it.
    const attempted = course.withOpenChapter("late");
    const publishing = publish(attempted).catch(() => null);
    await sleep(random.below(PUBLISH_MS));
    await kill();
    await publishing;
    const between = readCourse();
    const marked = (between?.active_version ?? 0) - 1;
    console.info(`the publish that was killed ${marked === 1 ? "is" : "is not"} there`);
    expect(between).toEqual({ active_version: 1 + marked, activation: 1 + marked, marked });

    // Acknowledged: the same document again, and the end right after the answer.
    await start();
    expectAnswer(await publish(attempted), [200, 201], z.unknown());
    course = attempted;
    await kill();
    expect(readCourse()).toEqual({ active_version: 2, activation: 2, marked: 1 });
    await start();
  });

  it("[I10] refreshes everyone with the next minute's sweep, though the warm-up was lost with its queue", async () => {
    await runCron(url, EVERY_MINUTE);
    await until("no stale enrollment", CATCH_UP_MS, async () => {
      const rows = await enrollmentRows(admin, COURSE);
      return rows.length === LEARNERS && rows.every((row) => !row.is_stale && row.course_version === 2);
    });
    await expectD1CatchesUp();
    for (const { user, client, deeds } of students) {
      expect(openOf(await readStates(client, COURSE)), user).toEqual(course.open(deeds));
    }
  });

  it("[I1] [I5] [I6] has stored what was acknowledged, and each unlock exactly once", async () => {
    await until("an empty outbox of everyone", CATCH_UP_MS, async () => {
      for (const { user } of students) {
        const inspected = await admin.get(`/api/v1/enrollments/${COURSE}:${user}`);
        const { outbox } = expectAnswer(
          inspected,
          200,
          z.looseObject({ outbox: z.object({ rows: z.int(), oldest_ms: z.int() }) }),
        );
        if (outbox.rows > 0) return false;
      }
      return true;
    });
    await runtime.stop();
    const announced = announcements(stateDir, COURSE);
    const facts = Map.groupBy(
      queryD1(
        stateDir,
        "SELECT enrollment_id, item_id, completed_at IS NOT NULL AS is_completed FROM progress ORDER BY item_id",
        z.object({ enrollment_id: z.string(), item_id: z.string(), is_completed: z.int() }),
      ),
      (row) => row.enrollment_id,
    );
    const submissions = Map.groupBy(
      queryD1(
        stateDir,
        "SELECT id, enrollment_id FROM submissions ORDER BY id",
        z.object({ id: z.string(), enrollment_id: z.string() }),
      ),
      (row) => row.enrollment_id,
    );
    for (const student of students) {
      const id = `${COURSE}:${student.user}`;
      expect([...(announced.get(id)?.unlocked ?? [])].sort(), id).toEqual(course.open(student.deeds));
      expect(announced.get(id)?.locked, id).toEqual([]);
      const stored = (facts.get(id) ?? []).map((row) => [
        row.item_id,
        row.is_completed === 1 ? "completed" : "attempted",
      ]);
      expect(Object.fromEntries(stored), id).toEqual(Object.fromEntries(student.deeds));
      expect(
        (submissions.get(id) ?? []).map((row) => row.id),
        id,
      ).toEqual([...student.submissions].sort());
      // The answers alone say the same, but for the chapter that a publish opened.
      expect([...student.announced, `${COURSE}.late`].sort(), id).toEqual(course.open(student.deeds));
    }
  });
});
