import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { SETTINGS } from "../../scripts/config/settings.ts";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, startRuntime } from "../../scripts/lib/runtime.ts";
import { inParallel } from "../../src/platform/parallel.ts";
import { deltaSchema, expectAnswer } from "../support/node/answers.ts";
import { type ApiClient, api, clientOf, tokenFor } from "../support/node/api.ts";
import { queryD1 } from "../support/node/database.ts";
import { runScript, type Script, until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

const IS_LONG = process.env.LATCHKEY_LONG === "1";
/** LATCHKEY_LONG=1 asks for the whole size: 20 courses, 10,000 enrollments, 50 writers. */
const COURSES = IS_LONG ? 20 : 6;
const LEARNERS = IS_LONG ? 500 : 40;
const WRITERS = IS_LONG ? 50 : 10;
/** Chapters of each course; all are open, so that a writer never runs out of something to do. */
const CHAPTERS = 40;
/** Rows of one call, and calls at a time, while the school is made. Of so many each is a row first, and an object on first use. */
const ROSTER = 500;
const PARALLEL = 4;
/** A client waits this long before it asks again, and gives up after the other. */
const RETRY_MS = 50;
const PATIENCE_MS = 120_000;
/** Local queues live in memory: what a kill lost is sent again by the objects' own alarms. */
const CATCH_UP_MS = 240_000;

/** How long the school may take to make, and all moves; the whole size on a busy machine. */
const SCHOOL_MS = 900_000;
const MOVES_MS = 1_200_000;

const slugOf = (course: number) => `moved-${course}`;
const learnerOf = (learner: number) => `learner-${learner}`;
const itemOf = (slug: string, chapter: number) => `${slug}.c${chapter}`;

const statusSchema = z.looseObject({
  shards: z.array(z.looseObject({ shard: z.string(), courses: z.int(), enrollments: z.int() })),
  moves: z.array(z.looseObject({ course: z.string(), state: z.string() })),
});
const resultSchema = z.object({
  moved: z.array(
    z.looseObject({
      course: z.string(),
      move: z.looseObject({ statements: z.int(), closed_ms: z.int().nullable(), rows: z.int() }).nullable(),
    }),
  ),
});

describe.runIf(SETTINGS.shards > 1)("courses that move between databases while their learners work", () => {
  let stateDir: string;
  let port: number;
  let runtime: Runtime;
  let admin: ApiClient;
  let token: string;
  let isDown = false;
  let kills = 0;
  const slugs = Array.from({ length: COURSES }, (_, course) => slugOf(course));
  /** Chapters that were acknowledged, by enrollment. */
  const acknowledged = new Map<string, Set<string>>();
  /** Longest a learner waited for an answer while nothing was killed, and over a kill; milliseconds. */
  const longest = { calm: 0, killed: 0, enrolling: 0 };
  const refused = { calm: 0, killed: 0 };

  beforeAll(async () => {
    stateDir = await freshState();
    port = await freePort();
    await start();
    admin = await clientOf(runtime.url, "registrar", "admin");
    token = await tokenFor("operator", "admin");
    for (const slug of slugs) {
      expectAnswer(await admin.post("/api/v1/courses", { slug, title: slug }), 201, z.unknown());
      const chapters = Array.from({ length: CHAPTERS }, (_, chapter) => ({
        id: itemOf(slug, chapter),
        title: `Chapter ${chapter}`,
        problems: [],
      }));
      const document = { slug, title: slug, options: { sequential: false }, chapters };
      expectAnswer(await admin.post(`/api/v1/courses/${slug}/versions`, { document }), 201, z.unknown());
    }
    const rosters = slugs.flatMap((slug) =>
      Array.from({ length: Math.ceil(LEARNERS / ROSTER) }, (_, page) => ({ slug, from: page * ROSTER })),
    );
    const registrars = await Promise.all(slugs.map((slug) => clientOf(runtime.url, `registrar-${slug}`, "admin")));
    await inParallel(rosters, PARALLEL, async ({ slug, from }) => {
      const enrollments = Array.from({ length: Math.min(ROSTER, LEARNERS - from) }, (_, at) => ({
        user_id: learnerOf(from + at),
      }));
      const registrar = registrars[slugs.indexOf(slug)] ?? admin;
      await insist(() => registrar.post(`/api/v1/courses/${slug}/enrollments/batch`, { enrollments }));
      for (const { user_id } of enrollments) acknowledged.set(`${slug}:${user_id}`, new Set());
    });
  }, SCHOOL_MS);
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  async function start(): Promise<void> {
    runtime = await startRuntime({ stateDir, port, logFile: join(stateDir, "runtime.log") });
    isDown = false;
  }

  async function killService(): Promise<void> {
    isDown = true;
    await runtime.kill();
    kills += 1;
    await start();
  }

  /** Asks until there is an answer; what is refused for the moment is asked again, as a client does. */
  async function insist(ask: () => Promise<{ status: number; body: unknown }>) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const [wasDown, killsBefore] = [isDown, kills];
      const answer = await ask().catch(() => null);
      if (answer !== null && answer.status < 429) return answer;
      if (wasDown || isDown || kills !== killsBefore) refused.killed += 1;
      else refused.calm += 1;
      if (Date.now() > deadline) throw new Error(`no answer within ${PATIENCE_MS} ms: ${JSON.stringify(answer)}`);
      await sleep(RETRY_MS);
    }
  }

  /** A learner's request, with the time that it took. */
  async function timed<T>(isEnrolling: boolean, ask: () => Promise<T>): Promise<T> {
    const [started, wasDown, killsBefore] = [Date.now(), isDown, kills];
    const answer = await ask();
    const took = Date.now() - started;
    if (wasDown || isDown || kills !== killsBefore) longest.killed = Math.max(longest.killed, took);
    else if (isEnrolling) longest.enrolling = Math.max(longest.enrolling, took);
    else longest.calm = Math.max(longest.calm, took);
    return answer;
  }

  /** Learners of one writer work, course after course, chapter after chapter, and sometimes somebody new comes. */
  async function write(writer: number, isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      const slug = slugs[(writer + turn) % slugs.length] ?? "";
      const own = writer + WRITERS * (turn % Math.max(Math.floor(LEARNERS / WRITERS), 1));
      const isNew = turn % 15 === 14;
      const user = isNew ? `newcomer-${writer}-${turn}` : learnerOf(own % LEARNERS);
      const client = await clientOf(runtime.url, user);
      const id = `${slug}:${user}`;
      if (isNew) {
        const answer = await timed(true, () => insist(() => client.post(`/api/v1/courses/${slug}/enrollments`, {})));
        expect([200, 201]).toContain(answer.status);
        acknowledged.set(id, new Set());
      }
      const done = acknowledged.get(id);
      const chapter = done?.size ?? 0;
      if (done === undefined || chapter >= CHAPTERS) continue;
      const item = itemOf(slug, chapter);
      const answer = await timed(false, () =>
        insist(() => client.post(`/api/v1/courses/${slug}/chapters/${item}/mark_as_completed/`, {})),
      );
      deltaSchema.parse(answer.body);
      expect(answer.status).toBe(200);
      done.add(item);
    }
  }

  const move = (courses: readonly string[], to: number): Script =>
    runScript("scripts/shards.ts", ["move", ...courses, "--to", String(to), "--url", runtime.url, "--token", token]);

  it(
    `[I1] [I5] ${COURSES} courses move with ${WRITERS} writers and three kills: nothing is lost, and nothing is there twice`,
    async () => {
      const placedSchema = z.object({ results: z.array(z.object({ course: z.string(), shard: z.string() })) });
      const places = async () => {
        const answer = await admin.get("/api/v1/system/shards/courses?limit=1000");
        const { results } = expectAnswer(answer, 200, placedSchema);
        return new Map(results.map(({ course, shard }) => [course, shard]));
      };
      const before = await places();
      const away = slugs.filter((slug) => before.get(slug) !== "DB_SHARD_2");
      const home = slugs.filter((slug) => before.get(slug) === "DB_SHARD_2");
      expect(home.length).toBeGreaterThan(0);
      let isOver = false;
      const writers = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer, () => isOver)));
      const started = Date.now();
      const statements = { moves: 0, rows: 0, closed_ms: 0 };
      const note = (script: Script) => {
        const text = script.output();
        const { moved } = resultSchema.parse(JSON.parse(text.slice(text.indexOf("\n{\n") + 1)));
        for (const { move: view } of moved) {
          statements.moves += view?.statements ?? 0;
          statements.rows += view?.rows ?? 0;
          statements.closed_ms = Math.max(statements.closed_ms, view?.closed_ms ?? 0);
        }
      };
      const moving = (async () => {
        // The service is killed while courses go, the command while they come, and the service once more.
        const first = move(away, 2);
        await until("the second course is on its way", PATIENCE_MS, () => first.output().includes(`${away[1]}: `));
        await killService();
        expect(await first.ended, first.output()).toBe(0);
        note(first);
        const second = move(home, 1);
        await until("its second course is on its way", PATIENCE_MS, () => second.output().includes(`${home[1]}: `));
        second.child.kill("SIGKILL");
        await second.ended;
        kills += 1;
        const third = move(home, 1);
        await until("it has gone on", PATIENCE_MS, () => third.output().includes(`${home[2]}: `));
        await killService();
        expect(await third.ended, third.output()).toBe(0);
        note(third);
      })();
      const outcomes = await Promise.allSettled([moving.finally(() => (isOver = true)), writers]);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      const took = Date.now() - started;
      const after = await places();
      for (const slug of away) expect(after.get(slug), slug).toBe("DB_SHARD_2");
      for (const slug of home) expect(after.get(slug), slug).toBe("DB");
      const { moves } = expectAnswer(await admin.get("/api/v1/system/shards"), 200, statusSchema);
      expect(moves).toEqual([]);
      const writes = [...acknowledged.values()].reduce((sum, done) => sum + done.size, 0);
      console.info(
        `${slugs.length} courses, ${acknowledged.size} enrollments, ${writes} acknowledged writes, ${kills} kills, ${took} ms; ` +
          `${statements.moves} statements, ${statements.rows} rows copied; closed at most ${statements.closed_ms} ms; ` +
          `longest answer: ${longest.calm} ms for progress, ${longest.enrolling} ms to enroll, ${longest.killed} ms over a kill; ` +
          `asked again: ${refused.calm} times, and ${refused.killed} times while something was killed`,
      );
    },
    MOVES_MS,
  );

  it(
    "[I1] [I10] the databases have every enrollment once, equal to its object, with everything that was acknowledged",
    async () => {
      const inspection = z.looseObject({
        outbox: z.looseObject({ rows: z.int() }),
        progress_seq: z.int(),
        version: z.int(),
      });
      const objects = new Map<string, { progress_seq: number; version: number }>();
      const operator = api(runtime.url, token);
      await until("every outbox is empty", CATCH_UP_MS, async () => {
        const waiting = [...acknowledged.keys()].filter((id) => !objects.has(id));
        await inParallel(waiting, PARALLEL * 2, async (id) => {
          const answer = await insist(() => operator.get(`/api/v1/enrollments/${id}`));
          const { outbox, progress_seq, version } = inspection.parse(answer.body);
          if (outbox.rows === 0) objects.set(id, { progress_seq, version });
        });
        return objects.size === acknowledged.size;
      });
      await runtime.stop();
      const rows = queryD1(
        stateDir,
        "SELECT id, version, progress_seq FROM enrollments",
        z.object({ id: z.string(), version: z.int(), progress_seq: z.int() }),
      );
      expect(rows.length).toBe(acknowledged.size);
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
      for (const { id, version, progress_seq } of rows) expect({ version, progress_seq }, id).toEqual(objects.get(id));
      const facts = queryD1(
        stateDir,
        "SELECT enrollment_id, item_id FROM progress WHERE completed_at IS NOT NULL",
        z.object({ enrollment_id: z.string(), item_id: z.string() }),
      );
      const found = new Map<string, string[]>();
      for (const { enrollment_id, item_id } of facts) {
        found.set(enrollment_id, [...(found.get(enrollment_id) ?? []), item_id]);
      }
      for (const [id, done] of acknowledged) expect((found.get(id) ?? []).sort(), id).toEqual([...done].sort());
    },
    2 * CATCH_UP_MS,
  );
});
