// Over 350 lines: a move is cut at each of its steps, over the same courses.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { beginBackup, continueBackup } from "../../../src/backup/run.ts";
import { MoveCall } from "../../../src/ops/shards/move-call.ts";
import { workOnMove } from "../../../src/ops/shards/work.ts";
import { isAnyClosing, movesUnderWay } from "../../../src/platform/database/moves.ts";
import { directory, everyShard, isMoved, shardNamed, shardOf } from "../../../src/platform/database/shards.ts";
import { enroll, freshSlug, project, publish, runCron } from "../../support/worker/courses.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder, statesOf } from "../../support/worker/learners.ts";
import { erase } from "../privacy/support.ts";

const TABLES = ["freshness", "enrollments", "progress", "submissions", "unlock_events", "divergences"];
const admin = () => tokenOf("shards-admin", "admin");
const moveSchema = z.looseObject({
  state: z.string(),
  waits_for: z.string().nullable(),
  enrollments: z.int(),
  closed_ms: z.int().nullable(),
});
const begunSchema = z.object({
  move: moveSchema.nullable(),
  estimate: z.object({ enrollments: z.int(), rows: z.int(), bytes: z.int(), statements: z.int() }),
});

async function begin(course: string, to: string, dry_run = false) {
  return call("POST", "/system/shards/moves", { token: await admin(), body: { course, to, dry_run } });
}

async function work(course: string) {
  const answer = await call("POST", `/system/shards/moves/${course}/work`, { token: await admin() });
  expect(answer.status).toBe(200);
  return moveSchema.parse(await answer.json());
}

/** As if the seconds had passed in which readers may still look at the old place. */
async function pass(course: string): Promise<void> {
  await directory(env)
    .prepare("UPDATE course_moves SET moved_at = moved_at - 60000 WHERE course_slug = ?")
    .bind(course)
    .run();
}

async function toItsEnd(course: string) {
  for (;;) {
    const move = await work(course);
    if (move.state === "done") return move;
    await pass(course);
  }
}

/** Everything that a shard has of a course. */
async function rowsIn(shard: string, course: string): Promise<Record<string, unknown[]>> {
  const { db } = shardNamed(env, shard);
  const found: Record<string, unknown[]> = {};
  for (const table of TABLES) {
    const owner = { freshness: "course_slug || ':'", enrollments: "id" }[table] ?? "enrollment_id";
    const { results } = await db
      .prepare(`SELECT * FROM ${table} WHERE ${owner} LIKE ? ORDER BY 1, 2`)
      .bind(`${course}:%`)
      .all();
    found[table] = results;
  }
  return found;
}

const isEmpty = (rows: Record<string, unknown[]>) => Object.values(rows).every((own) => own.length === 0);

async function school(learners = 3): Promise<{ course: string; from: string; to: string }> {
  const course = freshSlug("moving");
  await publish(ladder(course));
  for (let at = 0; at < learners; at += 1) {
    await enroll(course, `user-${at}`);
    await completed(course, `user-${at}`, "one");
    await project(course, `user-${at}`);
  }
  const { name: from } = await shardOf(env, course);
  const to = everyShard(env).find(({ name }) => name !== from)?.name ?? "";
  return { course, from, to };
}

it("every table of a shard with rows of enrollments is known, and notes changes while its course moves", async () => {
  for (const { db } of everyShard(env)) {
    const names = await db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all<{ name: string }>();
    const owned: string[] = [];
    for (const { name } of names.results) {
      // Notes for gradebooks are not moved: the rows that arrive are noted in their new place by the same triggers.
      if (/^(_|sqlite_|d1_|insight_)|^moving_changes$|^lti_changes$/.test(name)) continue;
      const columns = await db.prepare("SELECT name FROM pragma_table_info(?)").bind(name).all<{ name: string }>();
      if (columns.results.some((column) => column.name === "enrollment_id")) owned.push(name);
    }
    const tables = ["enrollments", "freshness", ...owned].sort();
    expect(tables).toEqual([...TABLES].sort());
    const triggers = await db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_moving_%' ORDER BY name")
      .all<{ name: string }>();
    expect(triggers.results.map(({ name }) => name)).toEqual(
      tables.flatMap((table) => ["delete", "insert", "update"].map((op) => `${table}_moving_${op}`)),
    );
  }
});

describe.runIf(everyShard(env).length > 1)("a course that is moved to another database", () => {
  beforeEach(async () => {
    await directory(env).prepare("DELETE FROM course_moves").run();
  });

  it("is complete in its new place, nothing is left in the old one, and its learners can continue", async () => {
    const { course, from, to } = await school();
    const before = await rowsIn(from, course);
    const { move, estimate } = begunSchema.parse(await (await begin(course, to)).json());
    expect(move?.state).toBe("copying");
    expect(estimate.enrollments).toBe(3);
    expect(estimate.rows).toBe(Object.values(before).flat().length);
    const copied = await work(course);
    expect(copied).toMatchObject({ state: "purging", waits_for: "readers", enrollments: 3 });
    // Readers who remember the old place still find everything there.
    expect(await rowsIn(from, course)).toEqual(before);
    expect(await rowsIn(to, course)).toEqual(before);
    expect((await toItsEnd(course)).state).toBe("done");
    expect(isEmpty(await rowsIn(from, course))).toBe(true);
    expect((await shardOf(env, course)).name).toBe(to);

    await completed(course, "user-0", "two");
    await project(course, "user-0");
    await enroll(course, "newcomer");
    const after = await rowsIn(to, course);
    expect(after.progress).toHaveLength(4);
    expect(after.enrollments).toHaveLength(4);
    expect(isEmpty(await rowsIn(from, course))).toBe(true);

    // And back again: what closed the old place opens it.
    expect((await begin(course, from)).status).toBe(200);
    await toItsEnd(course);
    expect(await rowsIn(from, course)).toEqual(after);
    expect(isEmpty(await rowsIn(to, course))).toBe(true);
    await completed(course, "user-1", "two");
    await project(course, "user-1");
    expect((await rowsIn(from, course)).progress).toHaveLength(5);
  });

  it("[I1] also has what was written, changed and removed after it was copied", async () => {
    const { course, from, to } = await school(4);
    await begin(course, to);
    // Copied once, and held up before it closes.
    const backup = await beginBackup(env, Date.now(), "everything");
    expect(await work(course)).toMatchObject({ state: "copying", waits_for: "backup" });
    expect((await rowsIn(to, course)).enrollments).toHaveLength(4);
    await completed(course, "user-1", "two");
    await project(course, "user-1");
    await enroll(course, "a-newcomer");
    const { db } = shardNamed(env, from);
    for (const table of ["progress", "unlock_events", "enrollments"]) {
      const owner = table === "enrollments" ? "id" : "enrollment_id";
      await db.prepare(`DELETE FROM ${table} WHERE ${owner} = ?`).bind(`${course}:user-3`).run();
    }
    // A backup that is under way sees one place only, and goes on.
    while ((await continueBackup(env, backup, Date.now() + 60_000)) === "running");
    const before = await rowsIn(from, course);
    expect(await work(course)).toMatchObject({ state: "purging" });
    expect(await rowsIn(to, course)).toEqual(before);
    expect(before.enrollments).toHaveLength(4);
    await toItsEnd(course);
  });

  it("[I4] refuses a writer with the old place, even if an update would find no row", async () => {
    const { course, from, to } = await school(1);
    await begin(course, to);
    await toItsEnd(course);
    const { db } = shardNamed(env, from);
    const fault: unknown = await db
      .prepare("INSERT INTO course_writes (course_slug) VALUES (?)")
      .bind(course)
      .run()
      .catch((error: unknown) => error);
    expect(isMoved(fault)).toBe(true);
  });

  it("[I5] continues where it stopped, whichever statement was the last of the killed call", async () => {
    const { course, from, to } = await school(2);
    const before = await rowsIn(from, course);
    await begin(course, to);
    for (let survived = 1; ; survived += 1) {
      let left = survived;
      const dying = (db: D1Database): D1Database =>
        new Proxy(db, {
          get(target, property) {
            const value: unknown = Reflect.get(target, property);
            if (property !== "prepare" && property !== "batch")
              return typeof value === "function" ? value.bind(target) : value;
            return (...args: [never]) => {
              left -= 1;
              if (left < 0) throw new Error("killed");
              return Reflect.apply(value as (...all: never[]) => unknown, target, args);
            };
          },
        });
      const names = everyShard(env).map(({ name, db }) => [name, dying(db)] as const);
      const killed = { ...env, ...Object.fromEntries(names) } as Env;
      const ended = await workOnMove(killed, course, Date.now() + 60_000).catch(() => null);
      await directory(env).prepare("UPDATE course_moves SET leased_until = 0, moved_at = moved_at - 60000").run();
      if (ended?.done === true) break;
      // Exactly one place answers, and it has everything.
      const { name } = await shardOf(env, course);
      expect(await rowsIn(name, course)).toEqual(before);
      expect(survived).toBeLessThan(400);
    }
    expect(await rowsIn(to, course)).toEqual(before);
    expect(isEmpty(await rowsIn(from, course))).toBe(true);
    expect(await movesUnderWay(env)).toEqual([]);
    await completed(course, "user-1", "two");
    await project(course, "user-1");
    expect((await rowsIn(to, course)).progress).toHaveLength(3);
  });

  it("[I4] accepts nothing from a call after another one has continued its work", async () => {
    const { course, from, to } = await school(2);
    await begin(course, to);
    const late = await MoveCall.take(env, course, Date.now());
    if (late === null) throw new Error("the move is held");
    await late.enter();
    expect(await work(course)).toMatchObject({ waits_for: "another_call", state: "copying" });
    await directory(env).prepare("UPDATE course_moves SET leased_until = 0").run();
    expect((await work(course)).state).toBe("purging");
    await completed(course, "user-0", "two");
    await project(course, "user-0");
    const after = await rowsIn(to, course);
    const { db } = late.target;
    const writes = [
      () => late.write("arriving", [db.prepare("DELETE FROM progress WHERE enrollment_id LIKE ?").bind(`${course}:%`)]),
      () => late.write("leaving", [late.opens(late.source.db)]),
      () => late.enter(),
      () => late.note({ state: "copying" }),
    ];
    for (const write of writes) await expect(write()).rejects.toThrow(/another call/);
    expect(await rowsIn(to, course)).toEqual(after);
    await toItsEnd(course);
    expect(isEmpty(await rowsIn(from, course))).toBe(true);
  });

  it("is closed for a moment: learners' progress is accepted, and arrives", async () => {
    const { course, from, to } = await school(2);
    await begin(course, to);
    const held = await MoveCall.take(env, course, Date.now());
    if (held === null) throw new Error("the move is held");
    await held.enter();
    await held.note({ state: "closing" });
    await held.write("leaving", [held.closes(held.source.db, to)]);
    expect(await isAnyClosing(env)).toBe(true);
    // Acknowledged by the object; D1 gets it later. A read is answered as ever.
    await completed(course, "user-0", "two");
    expect((await statesOf(course, "user-0"))[`${course}.two`]).toBe("completed");
    const enrolling = call("POST", `/courses/${course}/enrollments`, { token: await tokenOf("waiting"), body: {} });
    const backup = await beginBackup(env, Date.now(), "everything");
    expect(await continueBackup(env, backup, Date.now() + 1_000)).toBe("running");
    await directory(env).prepare("UPDATE course_moves SET leased_until = 0").run();
    // The minute's cron finds that the mover was killed. A backup is under way: the course is opened where it was.
    await runCron("* * * * *");
    expect((await enrolling).status).toBe(201);
    expect(await isAnyClosing(env)).toBe(false);
    while ((await continueBackup(env, backup, Date.now() + 60_000)) === "running");
    await project(course, "user-0");
    await toItsEnd(course);
    const rows = await rowsIn(to, course);
    expect(rows.enrollments).toHaveLength(3);
    expect(rows.progress).toHaveLength(3);
    expect(isEmpty(await rowsIn(from, course))).toBe(true);
  });

  it("is listed once over all databases, in every state of its move", async () => {
    const { course, from, to } = await school(1);
    const { db } = shardNamed(env, from);
    await db
      .prepare(
        "INSERT INTO submissions (id, enrollment_id, item_id, answer, status, submitted_at) VALUES (?1 || ':1', ?1, 'x', '', 'pending', 1)",
      )
      .bind(`${course}:user-0`)
      .run();
    const pending = async () => {
      const answer = await call("GET", "/submissions/pending?limit=1000", { token: await admin() });
      const { results } = z
        .object({ results: z.array(z.object({ enrollment_id: z.string() })) })
        .parse(await answer.json());
      return results.filter(({ enrollment_id }) => enrollment_id.startsWith(`${course}:`)).length;
    };
    await begin(course, to);
    const backup = await beginBackup(env, Date.now(), "everything");
    expect(await work(course)).toMatchObject({ state: "copying" });
    expect((await rowsIn(to, course)).submissions).toHaveLength(1);
    expect(await pending()).toBe(1);
    while ((await continueBackup(env, backup, Date.now() + 60_000)) === "running");
    expect(await work(course)).toMatchObject({ state: "purging" });
    expect((await rowsIn(from, course)).submissions).toHaveLength(1);
    expect(await pending()).toBe(1);
    await toItsEnd(course);
    expect(await pending()).toBe(1);
  });

  it("[I8] has nothing of a person who was erased meanwhile, in either place", async () => {
    const { course, from, to } = await school(1);
    const gone = `gone-${crypto.randomUUID().slice(0, 8)}`;
    await enroll(course, gone);
    await completed(course, gone, "one");
    await project(course, gone);
    await begin(course, to);
    const backup = await beginBackup(env, Date.now(), "everything");
    expect(await work(course)).toMatchObject({ state: "copying", waits_for: "backup" });
    while ((await continueBackup(env, backup, Date.now() + 60_000)) === "running");
    expect((await erase(gone)).status).toBe(202);
    for (const { name } of everyShard(env)) {
      const rows = JSON.stringify((await rowsIn(name, course)).enrollments);
      expect(rows).not.toContain(gone);
    }
    await toItsEnd(course);
    const rows = await rowsIn(to, course);
    expect(JSON.stringify(rows)).not.toContain(gone);
    expect(rows.enrollments).toHaveLength(1);
    expect(isEmpty(await rowsIn(from, course))).toBe(true);
  });

  it("may have an enrollment that is larger than what is held in memory at once", async () => {
    const { course, from, to } = await school(2);
    const { db } = shardNamed(env, from);
    for (let at = 0; at < 4; at += 1) {
      await db
        .prepare(
          "INSERT INTO submissions (id, enrollment_id, item_id, answer, status, submitted_at) VALUES (?1 || ?2, ?1, 'x', ?3, 'passed', 1)",
        )
        .bind(`${course}:user-0`, `:${at}`, "ü".repeat(430_000))
        .run();
    }
    const before = await rowsIn(from, course);
    await begin(course, to);
    await toItsEnd(course);
    expect(await rowsIn(to, course)).toEqual(before);
  });

  it("is refused, with the reason and before anything is copied", async () => {
    const { course, from, to } = await school(2);
    expect((await problem(await begin("no-such-course", to), 404)).code).toBe("course_not_found");
    for (const [where, rule] of [
      ["DB_SHARD_99", "unknown_shard"],
      [from, "already_there"],
    ] as const) {
      expect(await problem(await begin(course, where), 400)).toMatchObject({ errors: [{ path: "to", rule }] });
    }
    const draft = freshSlug("draft");
    await call("POST", "/courses", { token: await tokenOf("author", "author"), body: { slug: draft, title: "Draft" } });
    expect((await problem(await begin(draft, to), 409)).code).toBe("course_unpublished");
    const small: object = { SHARD_ENROLLMENTS: "1" };
    const full = await callWith(small, "POST", "/system/shards/moves", {
      token: await admin(),
      body: { course, to },
    });
    const refused = await problem(full, 507);
    expect(refused.code).toBe("shards_full");
    expect(refused.detail).toContain("would get 2");
    expect(await movesUnderWay(env)).toEqual([]);
    const dry = begunSchema.parse(await (await begin(course, to, true)).json());
    expect(dry.move).toBe(null);
    expect(await movesUnderWay(env)).toEqual([]);
    expect(isEmpty(await rowsIn(to, course))).toBe(true);
  });
});
