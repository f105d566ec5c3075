import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Runtime, startRuntime } from "../../scripts/lib/runtime.ts";
import { allRows, deltaSchema, enrollmentRows, expectAnswer, statesSchema } from "../support/node/answers.ts";
import { type ApiClient, clientOf } from "../support/node/api.ts";
import { announcements, queryD1 } from "../support/node/database.ts";
import { GeneratedCourse } from "../support/node/generated-course.ts";
import { until } from "../support/node/processes.ts";
import { Random, testSeed } from "../support/node/random.ts";
import { freshState, removeState } from "../support/node/state.ts";

const COURSE = "busy";
const CHAPTERS = 6;
const PROBLEMS_EACH = 2;
const LEARNERS = 60;
const READERS = 100;
const WRITERS = 25;
/** LATCHKEY_LONG=1 asks for the long run. */
const LOAD_MS = process.env.LATCHKEY_LONG === "1" ? 60_000 : 30_000;
/** While the load runs a new version is published at these moments, ms after its start. */
const PUBLISH_AT = [LOAD_MS / 4, (LOAD_MS * 7) / 12];
/** One problem in six is answered wrong first. */
const WRONG_SHARE = 1 / 6;
/** One read in three names the tag it has. */
const CONDITIONAL_SHARE = 1 / 3;
/** What may still be pending for D1 when the load ends, on a busy machine. */
const CATCH_UP_MS = 60_000;

const listSchema = z.object({
  results: z.array(
    z.looseObject({
      id: z.string(),
      status: z.string(),
      is_locked: z.boolean().optional(),
      is_unlocked: z.boolean().optional(),
    }),
  ),
  next_cursor: z.null(),
  snapshot: statesSchema.shape.snapshot,
});
const writeSchema = deltaSchema.extend({ course_version: z.int() });
const eventSchema = z.looseObject({ event: z.string() });
type List = "unlocks" | "chapters" | "problems";

interface Known {
  version: number;
  progress_seq: number;
}

/** One learner: the facts that were acknowledged, in order, and what may never be forgotten. */
class Student {
  readonly deeds: { seq: number; item: string; deed: "attempted" | "completed" }[] = [];
  /** Highest snapshot version any answer has shown, and progress of the last acknowledged write. */
  version = 0;
  seq = 0;
  courseVersion = 1;
  readonly tags = new Map<List, { etag: string; known: Known }>();
  readonly user: string;
  readonly client: ApiClient;

  constructor(user: string, client: ApiClient) {
    this.user = user;
    this.client = client;
  }

  /** What had been done when the progress stood at `seq`. */
  deedsAt(seq: number): Map<string, "attempted" | "completed"> {
    return new Map(this.deeds.filter((entry) => entry.seq <= seq).map(({ item, deed }) => [item, deed]));
  }
}

describe(`${READERS} readers and ${WRITERS} writers at once, every read checked a second time`, () => {
  let stateDir: string;
  let runtime: Runtime;
  let admin: ApiClient;
  const random = new Random(testSeed());
  const versions: GeneratedCourse[] = [GeneratedCourse.random(COURSE, random, CHAPTERS, PROBLEMS_EACH)];
  const students: Student[] = [];
  let enrolled = 0;
  /** Learners nobody writes for at the moment: each has one writer at a time, so that the order of facts is known. */
  const idle: Student[] = [];
  const failures: string[] = [];
  /** Every distinct answer by learner, list, course version and progress; compared when all progress is known. */
  const seen = new Map<string, { student: Student; list: List; courseVersion: number; seq: number; rows: string }>();
  const checks = new Map<string, number>();
  const faults: string[] = [];

  beforeAll(async () => {
    stateDir = await freshState();
    runtime = await startRuntime({
      stateDir,
      vars: { SHADOW_SAMPLE_RATE: "1" },
      logFile: join(stateDir, "runtime.log"),
      onLog: noteLine,
    });
    admin = await clientOf(runtime.url, "registrar", "admin");
    expectAnswer(await admin.post("/api/v1/courses", { slug: COURSE, title: "A busy course" }), 201, z.unknown());
    await publish();
    for (let number = 0; number < LEARNERS; number += 1) await enrollAnother();
  });
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  function noteLine(line: string): void {
    if (!line.startsWith("{")) return;
    if (line.includes('"fault":')) faults.push(line);
    if (!line.includes('"shadow_check"')) return;
    const { outcome } = eventSchema.extend({ outcome: z.string() }).parse(JSON.parse(line));
    checks.set(outcome, (checks.get(outcome) ?? 0) + 1);
  }

  function courseAt(version: number): GeneratedCourse {
    const course = versions[version - 1];
    if (course === undefined) throw new Error(`version ${version} was never published`);
    return course;
  }

  async function publish(): Promise<void> {
    const document = courseAt(versions.length).document();
    expectAnswer(await admin.post(`/api/v1/courses/${COURSE}/versions`, { document }), 201, z.unknown());
  }

  async function enrollAnother(): Promise<void> {
    enrolled += 1;
    const user = `learner-${enrolled}`;
    const student = new Student(user, await clientOf(runtime.url, user));
    students.push(student);
    const answer = await student.client.post(`/api/v1/courses/${COURSE}/enrollments`, {});
    noteWrite(student, expectAnswer(answer, 201, writeSchema));
    idle.push(student);
  }

  function noteWrite(student: Student, answer: z.infer<typeof writeSchema>): void {
    if (answer.progress_seq < student.seq)
      failures.push(`${student.user}: progress went back to ${answer.progress_seq}`);
    student.seq = Math.max(student.seq, answer.progress_seq);
    student.version = Math.max(student.version, answer.version);
    student.courseVersion = Math.max(student.courseVersion, answer.course_version);
  }

  /** Every other write is for the learner who is furthest, so that courses are finished while the load runs. */
  function takeIdle(own: Random): Student | undefined {
    const furthest = idle.reduce(
      (best, { deeds }, at) => (deeds.length > (idle[best]?.deeds.length ?? 0) ? at : best),
      0,
    );
    return idle.splice(own.next() < 1 / 2 ? furthest : own.below(idle.length), 1)[0];
  }

  async function writeOnce(own: Random): Promise<void> {
    const student = takeIdle(own);
    if (student === undefined) return enrollAnother();
    const course = courseAt(student.courseVersion);
    const deeds = student.deedsAt(student.seq);
    const before = course.open(deeds);
    const todo = before.filter((id) => deeds.get(id) !== "completed");
    if (todo.length === 0) return enrollAnother(); // finished: somebody else takes the place
    const item = own.pick(todo);
    const isWrong = course.isProblem(item) && !deeds.has(item) && own.next() < WRONG_SHARE;
    const answer = course.isProblem(item)
      ? await student.client.post(`/api/v1/problems/${item}/submissions/`, {
          answer: isWrong ? "not this" : course.answerTo(item),
        })
      : await student.client.post(`/api/v1/courses/${COURSE}/chapters/${item}/mark_as_completed/`);
    const delta = expectAnswer(answer, course.isProblem(item) ? 201 : 200, writeSchema);
    if (delta.progress_seq !== student.seq + 1) failures.push(`${student.user} ${item}: not one fact more`);
    student.deeds.push({ seq: delta.progress_seq, item, deed: isWrong ? "attempted" : "completed" });
    noteWrite(student, delta);
    // What a publish opened meanwhile may stand in this answer or have been shown to a reader before it.
    const opened = course.open(student.deedsAt(delta.progress_seq)).filter((id) => !before.includes(id));
    const named = delta.unlocked.filter((id) => course.items.some((each) => each.id === id)).sort();
    if (named.join() !== opened.join() || delta.locked.length > 0) {
      failures.push(`${student.user} ${item}: opened ${named.join()} instead of ${opened.join()}`);
    }
    idle.push(student);
  }

  async function readOnce(own: Random): Promise<void> {
    const student = own.pick(students.filter(({ version }) => version > 0));
    const list = own.pick<List>(["unlocks", "unlocks", "chapters", "problems"]);
    const tag = own.next() < CONDITIONAL_SHARE ? student.tags.get(list) : undefined;
    const floor = { version: student.version, progress_seq: student.seq };
    const answer = await student.client.get(
      `/api/v1/courses/${COURSE}/${list}?min_seq=${floor.progress_seq}${list === "unlocks" ? "" : "&limit=1000"}`,
      tag === undefined ? {} : { headers: { "if-none-match": tag.etag } },
    );
    if (answer.status === 304 && tag !== undefined) return expectNotOlder(student, tag.known, floor);
    const { states, snapshot } =
      list === "unlocks"
        ? expectAnswer(answer, 200, statesSchema)
        : statesOfRows(expectAnswer(answer, 200, listSchema));
    expectNotOlder(student, snapshot, floor);
    if (!["snapshot", "recomputed"].includes(snapshot.source)) failures.push(`${student.user}: ${snapshot.source}`);
    student.version = Math.max(student.version, snapshot.version);
    student.tags.set(list, { etag: answer.headers.get("etag") ?? "", known: snapshot });
    const rows = canonical(states);
    const { course_version, progress_seq } = snapshot;
    const key = `${student.user} ${list} ${course_version} ${progress_seq} ${rows}`;
    seen.set(key, { student, list, courseVersion: course_version, seq: progress_seq, rows });
  }

  function statesOfRows({ results, snapshot }: z.infer<typeof listSchema>) {
    for (const { id, status, is_locked, is_unlocked } of results) {
      const says = is_locked ?? !is_unlocked;
      if (says !== (status === "locked")) failures.push(`${id} is ${status} and its flag says otherwise`);
    }
    return { states: Object.fromEntries(results.map(({ id, status }) => [id, status])), snapshot };
  }

  function expectNotOlder(student: Student, answer: Known, floor: Known): void {
    if (answer.progress_seq < floor.progress_seq) failures.push(`${student.user}: an own write was not seen`);
    if (answer.version < floor.version) {
      failures.push(`${student.user}: version ${answer.version} after ${floor.version}`);
    }
  }

  async function repeat(count: number, end: number, once: (own: Random) => Promise<void>): Promise<number> {
    let done = 0;
    const loop = async (own: Random) => {
      while (Date.now() < end) {
        try {
          await once(own);
          done += 1;
        } catch (fault) {
          failures.push(fault instanceof Error ? `${fault.message} ${String(fault.cause ?? "")}` : String(fault));
        }
      }
    };
    await Promise.all(Array.from({ length: count }, () => loop(new Random(random.below(2 ** 32)))));
    return done;
  }

  it("[I3] [I4] get all answers, with their own writes, and never an older state after a newer one", async () => {
    const start = Date.now();
    const publishing = PUBLISH_AT.map(async (moment, index) => {
      await new Promise((resolve) => setTimeout(resolve, moment));
      versions.push(courseAt(versions.length).withOpenChapter(`late-${index}`));
      await publish();
    });
    const [reads, writes] = await Promise.all([
      repeat(READERS, start + LOAD_MS, readOnce),
      repeat(WRITERS, start + LOAD_MS, writeOnce),
      ...publishing,
    ]);
    const seconds = (Date.now() - start) / 1_000;
    console.info(
      `${students.length} learners; ${Math.round(reads / seconds)} reads/s, ${Math.round(writes / seconds)} writes/s`,
    );
    expect(failures).toEqual([]);
    expect(students.length, "nobody finished the course").toBeGreaterThan(LEARNERS);
  });

  it("[I2] get the answers of the rules for the progress and the course version of each answer", () => {
    expect(seen.size).toBeGreaterThan(LEARNERS);
    const wrong: unknown[] = [];
    for (const { student, list, courseVersion, seq, rows } of seen.values()) {
      const course = courseAt(courseVersion);
      const states = Object.entries(course.states(student.deedsAt(seq)));
      const isListed = ([id]: [string, string]) => list === "unlocks" || course.isProblem(id) === (list === "problems");
      const expected = canonical(Object.fromEntries(states.filter(isListed)));
      if (rows !== expected) wrong.push({ user: student.user, list, courseVersion, seq, rows, expected });
    }
    expect(wrong).toEqual([]);
  });

  it("[I10] leave a D1 that catches up by itself, without a dead letter and without a logged error", async () => {
    await until("D1 to know everything of everyone", CATCH_UP_MS, async () => {
      const rows = new Map((await enrollmentRows(admin, COURSE)).map((row) => [row.user_id, row]));
      return students.every((student) => {
        const row = rows.get(student.user);
        const deeds = student.deedsAt(student.seq);
        const completed = [...deeds.values()].filter((deed) => deed === "completed").length;
        return (
          row?.is_stale === false &&
          row.course_version === versions.length &&
          row.completed_count === completed &&
          row.open_count === courseAt(versions.length).open(deeds).length
        );
      });
    });
    expect(await allRows(admin, "/api/v1/system/dead-letters", z.unknown())).toEqual([]);
    expect(faults).toEqual([]);
  });

  it("[I2] [I6] cause no divergence in many comparisons, and each unlock is announced exactly once", async () => {
    await runtime.stop();
    console.info(`shadow checks: ${JSON.stringify(Object.fromEntries(checks))}`);
    expect(queryD1(stateDir, "SELECT * FROM divergences", z.unknown())).toEqual([]);
    expect(checks.get("diverged")).toBeUndefined();
    expect(checks.get("equal") ?? 0).toBeGreaterThan(LEARNERS);
    const announced = announcements(stateDir, COURSE);
    for (const student of students) {
      const { unlocked = [], locked = [] } = announced.get(`${COURSE}:${student.user}`) ?? {};
      expect([...unlocked].sort(), student.user).toEqual(courseAt(versions.length).open(student.deedsAt(student.seq)));
      expect(locked, student.user).toEqual([]);
    }
  });
});

/** States as text that is equal exactly when they are. */
function canonical(states: Record<string, string>): string {
  return JSON.stringify(Object.entries(states).sort(([a], [b]) => (a < b ? -1 : 1)));
}
