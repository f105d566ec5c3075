import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { type Runtime, startRuntime } from "../../scripts/lib/runtime.ts";
import { inParallel } from "../../src/platform/parallel.ts";
import { type Config, openByTheTracksRule, visibleByTheTracksRule } from "../support/exercism-oracle.ts";
import {
  allRows,
  deltaSchema,
  enrollmentRows,
  expectAnswer,
  openOf,
  readStates,
  submissionSchema,
} from "../support/node/answers.ts";
import { type ApiClient, clientOf } from "../support/node/api.ts";
import { announcements } from "../support/node/database.ts";
import { runScript, until } from "../support/node/processes.ts";
import { Random, testSeed } from "../support/node/random.ts";
import { freshState, removeState } from "../support/node/state.ts";

/** Not part of the product; see its README. */
const DATA = fromRoot("../shared/data/exercism");
/** Learners who go through the track at once (LATCHKEY_LONG=1 asks for the long run), and requests in flight. */
const LEARNERS = process.env.LATCHKEY_LONG === "1" ? 50 : 20;
const IN_FLIGHT = 16;
/**
 * Of the 50, these take every problem the long way, by submission and verdict. The others' problems are recorded by
 * the import, one fact per call: one request instead of two, which keeps the whole near a minute on two cores.
 */
const BY_VERDICT = 5;
/** The full states are compared at every tenth step; the delta at every one. */
const FULL_CHECK = 10;
/** The projection needs a fraction of a second; a busy machine more. */
const PROJECTION_MS = 60_000;

const SIZES = {
  python: [1, 2, 4, 10, 16, 25, 31, 34, 67, 70, 87, 97, 146],
  javascript: [1, 38, 41, 47, 52, 63, 66, 68, 75, 82, 126, 159],
} as const;
type Track = keyof typeof SIZES;
const TRACKS: readonly Track[] = ["python", "javascript"];

const importSchema = z.looseObject({
  results: z.array(z.looseObject({ outcome: z.string() })).length(1),
  deltas: z.array(z.object({ enrollment_id: z.string(), unlocked: z.array(z.string()), locked: z.array(z.string()) })),
});

describe.skipIf(!existsSync(DATA))("real tracks, over HTTP only", () => {
  let stateDir: string;
  let runtime: Runtime;
  const configs = new Map<Track, Config>();
  const learners = new Map<Track, Student[]>(TRACKS.map((track) => [track, []]));

  beforeAll(async () => {
    stateDir = await freshState();
    runtime = await startRuntime({ stateDir, logFile: join(stateDir, "runtime.log") });
  });
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  async function enroll(track: Track, user: string): Promise<Student> {
    const config = configs.get(track);
    if (config === undefined) throw new Error(`${track} was not imported`);
    const client = await clientOf(runtime.url, user);
    const grader = await clientOf(runtime.url, `grader-${user}`, "service");
    const student = new Student(track, config, user, client, grader);
    const answer = expectAnswer(await client.post(`/api/v1/courses/${track}/enrollments`, {}), 201, deltaSchema);
    student.announced.push(...answer.unlocked);
    learners.get(track)?.push(student);
    return student;
  }

  it.each(TRACKS)("%s is imported by the command", async (track) => {
    const file = join(DATA, `${track}.json`);
    const script = runScript("scripts/import.ts", ["exercism", file, "--url", runtime.url]);
    expect(await script.ended, script.output()).toBe(0);
    configs.set(track, JSON.parse(readFileSync(file, "utf8")));
  });

  it.each(TRACKS)("%s opens step by step, and announces each item exactly once", async (track) => {
    const student = await enroll(track, "first");
    expect(student.announced).toEqual([`${track}.hello-world`]);
    const sizes: number[] = [];
    for (;;) {
      const states = await readStates(student.client, track);
      const open = openOf(states);
      expect(open).toEqual(student.expectedOpen());
      expect(Object.keys(states.states).sort()).toEqual(student.expectedVisible());
      const todo = open.filter((id) => !student.completed.has(id));
      if (todo.length === 0) break;
      sizes.push(open.length);
      await inParallel(todo, IN_FLIGHT, async (item) => {
        student.announced.push(...(await student.complete(item, "verdict")));
      });
    }
    expect(sizes).toEqual(SIZES[track]);
    expect(student.completed.size).toBe(SIZES[track].at(-1));
    expect([...student.announced].sort()).toEqual([...student.completed].sort());
    const { states } = await readStates(student.client, track);
    expect(new Set(Object.values(states))).toEqual(new Set(["completed"]));
  });

  it(`[I2] [I3] [I6] python: ${LEARNERS} learners in random orders see each step as the track's own rule says`, async () => {
    const seed = testSeed();
    await inParallel([...Array(LEARNERS).keys()], IN_FLIGHT, async (index) => {
      const random = new Random(seed + index);
      const student = await enroll("python", `learner-${index}`);
      const way = index < BY_VERDICT ? "verdict" : "import";
      for (let step = 1; ; step += 1) {
        const before = student.expectedOpen();
        const todo = before.filter((id) => !student.completed.has(id));
        if (todo.length === 0) break;
        const item = random.pick(todo);
        const opened = await student.complete(item, way);
        student.announced.push(...opened);
        const expected = student.expectedOpen().filter((id) => !before.includes(id));
        expect([...opened].sort(), `${student.user}, step ${step}: ${item}`).toEqual(expected);
        if (step % FULL_CHECK === 0) await student.expectFullStates();
      }
      await student.expectFullStates();
      expect(student.completed.size).toBe(SIZES.python.at(-1));
    });
    expect(learners.get("python")).toHaveLength(1 + LEARNERS);
  });

  it.each(TRACKS)("[I10] %s: D1 catches up by itself, and no message becomes a dead letter", async (track) => {
    const admin = await clientOf(runtime.url, "registrar", "admin");
    const size = SIZES[track].at(-1);
    await until(`${size} completed items of every learner in D1`, PROJECTION_MS, async () => {
      const rows = await enrollmentRows(admin, track);
      expect(rows.map((row) => row.user_id).sort()).toEqual((learners.get(track) ?? []).map(({ user }) => user).sort());
      return rows.every((row) => row.completed_count === size && row.open_count === size && row.item_count === size);
    });
    expect(await allRows(admin, "/api/v1/system/dead-letters", z.unknown())).toEqual([]);
  });

  it("[I6] each announcement is stored exactly once for each learner and item", async () => {
    await runtime.stop();
    for (const track of TRACKS) {
      const recorded = announcements(stateDir, track);
      const students = learners.get(track) ?? [];
      expect(recorded.size).toBe(students.length);
      for (const { user, announced, completed } of students) {
        const { unlocked = [], locked = [] } = recorded.get(`${track}:${user}`) ?? {};
        expect(locked).toEqual([]);
        expect([...unlocked].sort(), user).toEqual([...completed].sort());
        expect([...announced].sort(), user).toEqual([...completed].sort());
      }
    }
  });
});

/** One learner of a track, with what the track's own rule says of them. */
class Student {
  readonly completed = new Set<string>();
  /** Every item named by an answer to this learner's writes, in order. */
  readonly announced: string[] = [];
  readonly track: Track;
  readonly user: string;
  readonly client: ApiClient;
  readonly #config: Config;
  readonly #grader: ApiClient;
  readonly #chapters: ReadonlySet<string>;
  /** The rule's answer after the last completion; asking it again would cost more than the requests. */
  #open: readonly string[] | null = null;

  constructor(track: Track, config: Config, user: string, client: ApiClient, grader: ApiClient) {
    this.track = track;
    this.user = user;
    this.client = client;
    this.#config = config;
    this.#grader = grader;
    this.#chapters = new Set(config.exercises.concept?.map(({ slug }) => `${track}.${slug}`));
  }

  expectedOpen(): readonly string[] {
    this.#open ??= this.#ids(openByTheTracksRule(this.#config, this.#slugs()));
    return this.#open;
  }

  expectedVisible(): string[] {
    return this.#ids(visibleByTheTracksRule(this.#config, this.#slugs()));
  }

  /** Completes an item. @returns what the answers say it opened. */
  async complete(item: string, way: "verdict" | "import"): Promise<string[]> {
    const opened = this.#chapters.has(item)
      ? await this.#completeChapter(item)
      : way === "verdict"
        ? await this.#solve(item)
        : await this.#import(item);
    this.completed.add(item);
    this.#open = null;
    return opened;
  }

  async expectFullStates(): Promise<void> {
    const open = new Set(this.expectedOpen());
    const stateOf = (id: string) => (this.completed.has(id) ? "completed" : open.has(id) ? "unlocked" : "locked");
    const expected = Object.fromEntries(this.expectedVisible().map((id) => [id, stateOf(id)]));
    const { states } = await readStates(this.client, this.track);
    expect(states, `${this.user} after ${this.completed.size}`).toEqual(expected);
  }

  async #completeChapter(item: string): Promise<string[]> {
    const path = `/api/v1/courses/${this.track}/chapters/${item}/mark_as_completed/`;
    return this.#opened(expectAnswer(await this.client.post(path), 200, deltaSchema));
  }

  async #solve(item: string): Promise<string[]> {
    const path = `/api/v1/problems/${item}/submissions/`;
    const taken = expectAnswer(await this.client.post(path, { answer: "print()" }), 201, submissionSchema);
    expect(taken.status).toBe("pending");
    const verdict = `/api/v1/submissions/${taken.submission_id}/verdict`;
    const judged = await this.#grader.post(verdict, { passed: true, score: 100 });
    return [...this.#opened(taken), ...this.#opened(expectAnswer(judged, 200, submissionSchema))];
  }

  async #import(item: string): Promise<string[]> {
    const fact = { user_id: this.user, item, completed: true, at: new Date().toISOString() };
    const answer = await this.#grader.post("/api/v1/progress/import", { facts: [fact] });
    const { results, deltas } = expectAnswer(answer, 200, importSchema);
    expect(results[0]?.outcome).toBe("recorded");
    return deltas.flatMap((delta) => {
      expect(delta.enrollment_id).toBe(`${this.track}:${this.user}`);
      return this.#opened(delta);
    });
  }

  #opened(delta: { unlocked: string[]; locked: string[] }): string[] {
    expect(delta.locked).toEqual([]);
    return delta.unlocked;
  }

  #ids(slugs: ReadonlySet<string>): string[] {
    return [...slugs].map((slug) => `${this.track}.${slug}`).sort();
  }

  #slugs(): Set<string> {
    return new Set([...this.completed].map((id) => id.slice(this.track.length + 1)));
  }
}
