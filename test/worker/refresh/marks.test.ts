// Over 350 lines: a marking is followed page by page; each test lets another page fail.

import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  COURSE_MARK_PAGE,
  DATE_GRACE_MS,
  markCoursePage,
  markCourseStale,
  markExpired,
} from "../../../src/staleness/marks.ts";
import { EVALUATED_PAGE } from "../../../src/staleness/page-evaluation.ts";
import {
  COURSE_SWEEP,
  LEASE_MS,
  PROBLEM_SWEEP,
  SWEEP_SPAN_MS,
  sweep,
  sweepEveryMinute,
} from "../../../src/staleness/refresh.ts";
import { ENGINE } from "../../../src/unlock/index.ts";
import { AUTHOR, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { shards } from "../../support/worker/shards.ts";
import { all, bindingsWith, collectingQueue, consume, markAll, pair, rowOf, run } from "./support.ts";

/** Rows in D1 alone, in one statement: a sweep looks at rows, not at objects. */
async function insertStale(course: string, count: number, scope: string, since: number): Promise<void> {
  await run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
     INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, engine, is_stale, stale_scope, stale_since, stale_mark)
     SELECT ?1 || ':u' || i, ?1, 'u' || i, 1, ${ENGINE}, 1, ?3, ?4 + i, 7 FROM n`,
    course,
    count,
    scope,
    since,
  );
}

async function emptyCourse(): Promise<string> {
  const slug = freshSlug("marks");
  await run("INSERT INTO courses (slug, owner_id, title, created_at, updated_at) VALUES (?, 'x', '\"T\"', 1, 1)", slug);
  return slug;
}

/** Markings of a course that are not carried out yet. */
function asked(slug: string) {
  return all("SELECT reason, marked_up_to FROM course_marks WHERE course_slug = ?", slug);
}

async function unmarkEverything(): Promise<void> {
  await run("UPDATE freshness SET is_stale = 0, stale_scope = NULL, stale_since = NULL, leased_until = 0");
}

describe("stale marks", () => {
  it("are requested by a publish in one row, for any number of learners, and follow page by page", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    for (const user of ["a", "b", "c"]) await enroll(slug, user);
    await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf("c") });
    await publish(pair(slug, "second"));
    expect(await asked(slug)).toMatchObject([{ reason: "publish", marked_up_to: "" }]);
    await markAll(slug);
    for (const user of ["a", "b"]) {
      expect(await rowOf(slug, user)).toMatchObject({
        is_stale: 1,
        stale_mark: 1,
        stale_reason: "publish",
        stale_scope: "course",
      });
    }
    expect(await rowOf(slug, "c")).toMatchObject({ is_stale: 0, stale_mark: 0 });
    expect(await asked(slug)).toEqual([]);
    const first = await rowOf(slug, "a");
    await publish(pair(slug, "third"));
    await markAll(slug);
    // The mark grows, and the wait is counted from the first of them.
    expect(await rowOf(slug, "a")).toMatchObject({ stale_mark: 2, stale_since: first.stale_since });
  });

  it("are listed as stale already for a learner whose mark has not come yet", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    await enroll(slug, "ada");
    await project(slug, "ada");
    await markAll(slug);
    const listed = async () => {
      const answer = await call("GET", `/courses/${slug}/enrollments`, { token: await tokenOf("root", "admin") });
      return z.object({ results: z.array(z.looseObject({ is_stale: z.boolean() })) }).parse(await answer.json())
        .results;
    };
    expect(await listed()).toMatchObject([{ is_stale: false }]);
    await publish(pair(slug, "second"));
    expect(await listed()).toMatchObject([{ is_stale: true }]);
  });

  it("[I5] cover everyone once in pages; a page twice has one effect, and a newer publish begins again", async () => {
    const slug = await emptyCourse();
    await run("UPDATE courses SET activation = 1 WHERE slug = ?", slug);
    const count = COURSE_MARK_PAGE + 3;
    await run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO enrollments (id, course_slug, user_id, enrolled_at) SELECT ?1 || ':u' || i, ?1, 'u' || i, 1 FROM n`,
      slug,
      count,
    );
    const marks = () =>
      all("SELECT stale_mark, count(*) AS n FROM freshness WHERE course_slug = ? GROUP BY 1 ORDER BY 1", slug);
    await markCourseStale(drizzle(env.DB), slug, 1_000);
    // The same page by two consumers at once: the second finds its place taken.
    await Promise.all([markCoursePage(env, slug), markCoursePage(env, slug)]);
    expect(await marks()).toEqual([
      { stale_mark: 0, n: 3 },
      { stale_mark: 1, n: COURSE_MARK_PAGE },
    ]);
    await markCourseStale(drizzle(env.DB), slug, 2_000);
    await markAll(slug);
    expect(await marks()).toEqual([
      { stale_mark: 1, n: 3 },
      { stale_mark: 2, n: COURSE_MARK_PAGE },
    ]);
    expect(await asked(slug)).toEqual([]);
  });

  it("are not set for a snapshot that has reached the new version by itself, unless it is invalidated", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    await enroll(slug, "ada");
    await publish(pair(slug, "second"));
    await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("ada") });
    await project(slug, "ada");
    await markAll(slug);
    expect(await rowOf(slug, "ada")).toMatchObject({ activation: 2, is_stale: 0 });
    await markCourseStale(drizzle(env.DB), slug, Date.now(), "doubt");
    await publish(pair(slug, "third"));
    await markAll(slug);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, stale_reason: "doubt" });
  });

  it("[I10] are continued by the minute cron if their message was lost", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    await enroll(slug, "ada");
    await markCourseStale(drizzle(env.DB), slug, Date.now());
    const { queue, sent } = collectingQueue();
    await sweepEveryMinute(bindingsWith({ REFRESH_QUEUE: queue }), Date.now());
    const marks = sent.map(({ body }) => body).filter((body) => JSON.stringify(body).includes('"mark"'));
    const asked = marks.filter((body) => JSON.stringify(body).includes(slug));
    expect(asked).toEqual([{ type: "mark", course: slug, at: { generation: 1, user: "" } }]);
  });

  it("[fault 19] come from one chain of pages in a course, however often they are requested and a message repeated", async () => {
    const slug = await emptyCourse();
    await run("UPDATE courses SET activation = 1 WHERE slug = ?", slug);
    await run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO enrollments (id, course_slug, user_id, enrolled_at) SELECT ?1 || ':u' || i, ?1, 'u' || i, 1 FROM n`,
      slug,
      2 * EVALUATED_PAGE + 3,
    );
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ REFRESH_QUEUE: queue });
    /** Delivers these messages, each of them twice. @returns the marks they ask for next. */
    const deliverTwice = async (bodies: readonly unknown[]) => {
      await consume("latchkey-refresh", [...bodies, ...bodies], bindings);
      const next = sent.splice(0).map(({ body }) => body);
      return next.filter((body) => JSON.stringify(body).includes('"mark"'));
    };
    await markCourseStale(drizzle(env.DB), slug, 1_000);
    // Asked for by a publish, by a person and by two minutes, and every message comes twice.
    const ask = { type: "mark", course: slug };
    let waiting: unknown[] = [ask, ask, { ...ask, at: { generation: 1, user: "" } }];
    const chains: number[] = [];
    for (let round = 0; round < 10 && waiting.length > 0; round += 1) {
      waiting = await deliverTwice(waiting);
      const live = new Set(waiting.map((body) => JSON.stringify(body)));
      chains.push(live.size);
      // A second publish while the chain runs takes its place, and starts no second one beside it.
      if (round === 0) {
        await markCourseStale(drizzle(env.DB), slug, 2_000);
        waiting = [...waiting, ask];
      }
    }
    expect(await asked(slug)).toEqual([]);
    expect(waiting).toEqual([]);
    expect(chains.length).toBeLessThanOrEqual(5);
    expect(Math.max(...chains.slice(1))).toBeLessThanOrEqual(1);
    const marks = await all("SELECT DISTINCT is_stale FROM freshness WHERE course_slug = ?", slug);
    expect(marks).toEqual([{ is_stale: 1 }]);
    await unmarkEverything();
  });

  it("that cannot be requested stop the publish; a publish that fails later requests no marks", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    await enroll(slug, "ada");
    const versionOf = () =>
      all(
        "SELECT active_version, activation, (SELECT count(*) FROM course_versions WHERE course_slug = slug) AS versions FROM courses WHERE slug = ?",
        slug,
      );
    await markAll(slug);
    const before = await versionOf();
    await run(
      `CREATE TRIGGER no_marks BEFORE INSERT ON course_marks WHEN NEW.course_slug = '${slug}'
       BEGIN SELECT RAISE(ABORT, 'marking fails'); END`,
    );
    await expect(publish(pair(slug, "second"))).rejects.toThrow(/internal|unavailable/);
    await run("DROP TRIGGER no_marks");
    expect(await versionOf()).toEqual(before);
    await run(
      `CREATE TRIGGER no_pointer BEFORE UPDATE OF active_version ON courses WHEN NEW.slug = '${slug}'
       BEGIN SELECT RAISE(ABORT, 'moving fails'); END`,
    );
    await expect(publish(pair(slug, "second"))).rejects.toThrow(/internal|unavailable/);
    await run("DROP TRIGGER no_pointer");
    expect(await versionOf()).toEqual(before);
    expect(await asked(slug)).toEqual([]);
  });

  it("for a passed date come after the grace time of the object's own alarm, and never for a withdrawn learner", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    const now = Date.now();
    for (const user of ["due", "graced", "gone"]) {
      await enroll(slug, user);
      await project(slug, user);
    }
    await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf("gone") });
    await project(slug, "gone");
    const expire = (user: string, at: number) =>
      run("UPDATE enrollments SET valid_until = ? WHERE id = ?", at, `${slug}:${user}`);
    await expire("due", now - DATE_GRACE_MS);
    await expire("graced", now - DATE_GRACE_MS + 1);
    await expire("gone", now - 10 * DATE_GRACE_MS);
    for (const db of shards()) await markExpired(db, now);
    expect(await rowOf(slug, "due")).toMatchObject({ is_stale: 1, stale_reason: "date", stale_scope: "problems" });
    expect(await rowOf(slug, "graced")).toMatchObject({ is_stale: 0 });
    // Nobody refreshes a withdrawn enrollment, so its date never moves on: marked once, it would be marked for ever.
    expect(await rowOf(slug, "gone")).toMatchObject({ is_stale: 0, stale_mark: 0 });
  });

  it("are set once for snapshots of an older engine", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    for (const user of ["old", "new"]) {
      await enroll(slug, user);
      await project(slug, user);
    }
    // Rows that other tests have written without an engine would fill the first pages.
    await run("UPDATE enrollments SET engine = ? WHERE engine < ?", ENGINE, ENGINE);
    await run("UPDATE enrollments SET engine = ? WHERE id = ?", ENGINE - 1, `${slug}:old`);
    for (const db of shards()) await markExpired(db, Date.now());
    for (const db of shards()) await markExpired(db, Date.now());
    expect(await rowOf(slug, "old")).toMatchObject({ is_stale: 1, stale_reason: "engine", stale_mark: 1 });
    expect(await rowOf(slug, "new")).toMatchObject({ is_stale: 0, stale_mark: 0 });
  });
});

describe("sweeps", () => {
  it("take the oldest first, up to their limit, and leave out leased snapshots until the lease ends", async () => {
    await unmarkEverything();
    const slug = await emptyCourse();
    await insertStale(slug, COURSE_SWEEP + 5, "course", 1_000);
    const { queue, sent, sizes } = collectingQueue();
    const bindings = bindingsWith({ REFRESH_QUEUE: queue });
    const now = Date.now();
    expect(await sweep(bindings, "course", COURSE_SWEEP, now)).toBe(COURSE_SWEEP);
    expect(new Set(sent.map(({ body }) => body))).toEqual(
      new Set(
        Array.from({ length: COURSE_SWEEP }, (_, i) =>
          expect.objectContaining({ type: "refresh", enrollment_id: `${slug}:u${i + 1}`, stale_mark: 7 }),
        ),
      ),
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(await sweep(bindings, "course", COURSE_SWEEP, now)).toBe(5);
    expect(await sweep(bindings, "course", COURSE_SWEEP, now + LEASE_MS - 1)).toBe(0);
    expect(await sweep(bindings, "course", COURSE_SWEEP, now + LEASE_MS)).toBe(COURSE_SWEEP);
  });

  it("take 100 of courses and 200 of problems each minute, and problems once more 30 s later", async () => {
    await unmarkEverything();
    const slug = await emptyCourse();
    const other = await emptyCourse();
    await insertStale(slug, 120, "course", 1_000);
    await insertStale(other, 220, "problems", 1_000);
    const { queue, sent } = collectingQueue();
    const now = Date.now();
    await sweepEveryMinute(bindingsWith({ REFRESH_QUEUE: queue }), now);
    const refreshed = sent.filter(({ body }) => (body as { type: string }).type === "refresh");
    const of = (course: string) =>
      refreshed.filter(({ body }) => (body as { enrollment_id: string }).enrollment_id.startsWith(`${course}:`));
    expect(COURSE_SWEEP).toBe(100);
    expect(PROBLEM_SWEEP).toBe(200);
    expect(of(slug)).toHaveLength(100);
    expect(of(other)).toHaveLength(200);
    // Both scopes have more: each goes on in a second; and the pass for problems comes in half a minute.
    const until = now + SWEEP_SPAN_MS;
    expect(sent.filter(({ body }) => (body as { type: string }).type === "sweep")).toEqual([
      { body: { type: "sweep", scope: "course", until, step: expect.any(Number) }, delaySeconds: 1 },
      { body: { type: "sweep", scope: "problems", until, step: expect.any(Number) }, delaySeconds: 1 },
      { body: { type: "sweep", scope: "problems" }, delaySeconds: 30 },
    ]);
  });

  it("[I10] continue page after page until nothing is left or the minute is over", async () => {
    await unmarkEverything();
    const slug = await emptyCourse();
    await insertStale(slug, 2 * COURSE_SWEEP + 1, "course", 1_000);
    const takenBy = async (message: object) => {
      const { queue, sent } = collectingQueue();
      await consume("latchkey-refresh", [message], bindingsWith({ REFRESH_QUEUE: queue }));
      const of = (type: string) => sent.filter(({ body }) => (body as { type: string }).type === type);
      return { refreshed: of("refresh").length, next: of("sweep")[0]?.body };
    };
    const first = { type: "sweep", scope: "course", until: Date.now() + SWEEP_SPAN_MS };
    expect(await takenBy(first)).toEqual({ refreshed: COURSE_SWEEP, next: { ...first, step: expect.any(Number) } });
    expect(await takenBy({ ...first, until: Date.now() })).toEqual({ refreshed: COURSE_SWEEP, next: undefined });
    expect(await takenBy(first)).toEqual({ refreshed: 1, next: undefined });
  });

  it("[I5] [fault 19] run in one chain of pages for a scope: a repeated message has no second effect", async () => {
    await unmarkEverything();
    const slug = await emptyCourse();
    await insertStale(slug, 5 * COURSE_SWEEP, "course", 1_000);
    const { queue, sent } = collectingQueue();
    const bindings = bindingsWith({ REFRESH_QUEUE: queue });
    await sweepEveryMinute(bindings, Date.now());
    const sweeps = () => sent.splice(0).filter(({ body }) => JSON.stringify(body).includes('"until"'));
    let waiting = sweeps().map(({ body }) => body);
    expect(waiting).toHaveLength(1);
    for (let page = 2; page <= 4; page += 1) {
      await consume("latchkey-refresh", [...waiting, ...waiting], bindings);
      const refreshed = sent.filter(({ body }) => JSON.stringify(body).includes('"refresh"'));
      expect(refreshed).toHaveLength(COURSE_SWEEP);
      waiting = sweeps().map(({ body }) => body);
      expect(waiting).toHaveLength(1);
    }
    // Another minute begins a chain of its own, and the one before ends.
    await sweepEveryMinute(bindings, Date.now());
    sent.splice(0);
    await consume("latchkey-refresh", waiting, bindings);
    expect(sent).toEqual([]);
  });

  it("need not wait for a lease after a publish, because the publish ends it", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    await enroll(slug, "ada");
    await run("UPDATE freshness SET leased_until = ? WHERE course_slug = ?", Date.now() + LEASE_MS, slug);
    await publish(pair(slug, "second"), { author: AUTHOR });
    await markAll(slug);
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, leased_until: 0 });
  });
});
