import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import {
  COURSE_SWEEP,
  DATE_GRACE_MS,
  LEASE_MS,
  markExpired,
  PROBLEM_SWEEP,
  sweep,
  sweepEveryMinute,
} from "../../../src/enrollment/refresh.ts";
import { ENGINE } from "../../../src/unlock/index.ts";
import { AUTHOR, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { all, bindingsWith, collectingQueue, pair, rowOf, run } from "./support.ts";

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

async function unmarkEverything(): Promise<void> {
  await run("UPDATE enrollments SET is_stale = 0, stale_scope = NULL, stale_since = NULL, leased_until = 0");
}

describe("stale marks", () => {
  it("a publish marks every active enrollment in one statement and leaves the withdrawn alone", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    for (const user of ["a", "b", "c"]) await enroll(slug, user);
    await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf("c") });
    await publish(pair(slug, "second"));
    for (const user of ["a", "b"]) {
      expect(await rowOf(slug, user)).toMatchObject({
        is_stale: 1,
        stale_mark: 1,
        stale_reason: "publish",
        stale_scope: "course",
      });
    }
    expect(await rowOf(slug, "c")).toMatchObject({ is_stale: 0, stale_mark: 0 });
    const first = await rowOf(slug, "a");
    await publish(pair(slug, "third"));
    // The mark grows, and the wait is counted from the first of them.
    expect(await rowOf(slug, "a")).toMatchObject({ stale_mark: 2, stale_since: first.stale_since });
  });

  it("a publish whose marks fail moves no pointer, and one whose pointer fails marks nobody", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    await enroll(slug, "ada");
    const versionOf = () =>
      all(
        "SELECT active_version, activation, (SELECT count(*) FROM course_versions WHERE course_slug = slug) AS versions FROM courses WHERE slug = ?",
        slug,
      );
    const before = await versionOf();
    await run(
      `CREATE TRIGGER no_marks BEFORE UPDATE OF stale_mark ON enrollments WHEN NEW.course_slug = '${slug}'
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
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 0, stale_mark: 0 });
  });

  it("marks a passed date only after the object's own alarm has had its grace, and never a withdrawn learner's", async () => {
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
    await markExpired(env.DB, now);
    expect(await rowOf(slug, "due")).toMatchObject({ is_stale: 1, stale_reason: "date", stale_scope: "problems" });
    expect(await rowOf(slug, "graced")).toMatchObject({ is_stale: 0 });
    // Nobody refreshes a withdrawn enrollment, so its date never moves on: marked once, it would be marked for ever.
    expect(await rowOf(slug, "gone")).toMatchObject({ is_stale: 0, stale_mark: 0 });
  });

  it("marks snapshots of an older engine, once", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    for (const user of ["old", "new"]) {
      await enroll(slug, user);
      await project(slug, user);
    }
    await run("UPDATE enrollments SET engine = ? WHERE id = ?", ENGINE - 1, `${slug}:old`);
    await markExpired(env.DB, Date.now());
    await markExpired(env.DB, Date.now());
    expect(await rowOf(slug, "old")).toMatchObject({ is_stale: 1, stale_reason: "engine", stale_mark: 1 });
    expect(await rowOf(slug, "new")).toMatchObject({ is_stale: 0, stale_mark: 0 });
  });
});

describe("sweeps", () => {
  it("take the oldest first, up to their limit, and leave what is leased until the lease ends", async () => {
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

  it("each minute: 100 of courses, 200 of problems, and another pass for problems 30 s later", async () => {
    await unmarkEverything();
    const slug = await emptyCourse();
    const other = await emptyCourse();
    await insertStale(slug, 120, "course", 1_000);
    await insertStale(other, 220, "problems", 1_000);
    const { queue, sent } = collectingQueue();
    await sweepEveryMinute(bindingsWith({ REFRESH_QUEUE: queue }), Date.now());
    const refreshed = sent.filter(({ body }) => (body as { type: string }).type === "refresh");
    const of = (course: string) =>
      refreshed.filter(({ body }) => (body as { enrollment_id: string }).enrollment_id.startsWith(`${course}:`));
    expect(COURSE_SWEEP).toBe(100);
    expect(PROBLEM_SWEEP).toBe(200);
    expect(of(slug)).toHaveLength(100);
    expect(of(other)).toHaveLength(200);
    expect(sent.filter(({ body }) => (body as { type: string }).type === "sweep")).toEqual([
      { body: { type: "sweep", scope: "problems" }, delaySeconds: 30 },
    ]);
  });

  it("a publish lifts the lease, so that the newest change is not waited for", async () => {
    const slug = freshSlug();
    await publish(pair(slug));
    await enroll(slug, "ada");
    await run("UPDATE enrollments SET leased_until = ? WHERE id = ?", Date.now() + LEASE_MS, `${slug}:ada`);
    await publish(pair(slug, "second"), { author: AUTHOR });
    expect(await rowOf(slug, "ada")).toMatchObject({ is_stale: 1, leased_until: 0 });
  });
});
