import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { expect, it } from "vitest";
import { markCoursePage, markCourseStale } from "../../../src/staleness/marks.ts";
import { freshSlug } from "../../support/worker/courses.ts";
import { databaseOfCourse } from "../../support/worker/shards.ts";
import { all, rowOf, run } from "./support.ts";

/** Enrollments whose mirrors are as large as those of a course with a thousand items. */
const LEARNERS = 50;
const MIRROR_BYTES = 40_000;

async function wideCourse(): Promise<string> {
  const slug = freshSlug("wide");
  await run(
    "INSERT INTO courses (slug, owner_id, title, activation, created_at, updated_at) VALUES (?, 'x', '\"T\"', 2, 1, 1)",
    slug,
  );
  await run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
     INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, activation, valid_until, kept)
     SELECT ?1 || ':u' || i, ?1, 'u' || i, 1, 1, 9000000000000, '["' || hex(zeroblob(?3 / 2)) || '"]' FROM n`,
    slug,
    LEARNERS,
    MIRROR_BYTES,
  );
  return slug;
}

it("a mark writes two small rows and does not change the mirror, whatever its size", async () => {
  const slug = await wideCourse();
  const db = await databaseOfCourse(slug);
  // Whoever rewrites a mirror fails.
  await db
    .prepare(
      `CREATE TRIGGER no_rewrite BEFORE UPDATE ON enrollments WHEN NEW.course_slug = '${slug}' BEGIN
         SELECT RAISE(ABORT, 'a mirror was rewritten'); END`,
    )
    .run();
  const batch = db.batch;
  const counted = { written: 0, read: 0 };
  Object.defineProperty(db, "batch", {
    configurable: true,
    value: async (statements: D1PreparedStatement[]) => {
      const results = await batch.call(db, statements);
      for (const { meta } of results) {
        counted.written += meta.rows_written;
        counted.read += meta.rows_read;
      }
      return results;
    },
  });
  try {
    await markCourseStale(drizzle(env.DB), slug, 1_000);
    expect(await markCoursePage(env, slug)).toBe("done");
  } finally {
    Reflect.deleteProperty(db, "batch");
    await db.prepare("DROP TRIGGER no_rewrite").run();
  }
  const [marked] = await all<{ n: number; bytes: number }>(
    `SELECT count(*) AS n, sum(octet_length(course_slug) + octet_length(user_id) + octet_length(stale_reason) + 50) AS bytes
     FROM freshness WHERE course_slug = ? AND is_stale = 1`,
    slug,
  );
  expect(marked?.n).toBe(LEARNERS);
  console.info(
    `a mark: ${counted.written / LEARNERS} rows written, ${counted.read / LEARNERS} read, some ${(marked?.bytes ?? 0) / LEARNERS} bytes rewritten`,
  );
  // Each row and its entry among the stale ones; two more for the fence of the page.
  expect(counted.written).toBeGreaterThanOrEqual(2 * LEARNERS);
  expect(counted.written).toBeLessThanOrEqual(2 * LEARNERS + 2);
});

it("[I10] marks by the release before this one are swept by this one", async () => {
  const slug = await wideCourse();
  await run(
    `UPDATE enrollments SET is_stale = 1, stale_reason = 'doubt', stale_scope = 'course', stale_since = 7,
       stale_mark = stale_mark + 1, leased_until = 0 WHERE id = ?`,
    `${slug}:u1`,
  );
  const mark = { is_stale: 1, stale_reason: "doubt", stale_scope: "course", stale_since: 7, stale_mark: 1 };
  expect(await rowOf(slug, "u1")).toMatchObject(mark);
  expect(await rowOf(slug, "u2")).toMatchObject({ is_stale: 0, stale_mark: 0 });
  // Its refreshes say there what they have reached.
  await run("UPDATE enrollments SET reached_activation = 2 WHERE id = ?", `${slug}:u2`);
  expect(await rowOf(slug, "u2")).toMatchObject({ is_stale: 0, reached_activation: 2 });
});

it("[I4] a projected snapshot that is older than the reached activation is swept once more", async () => {
  const slug = await wideCourse();
  await run("UPDATE freshness SET reached_activation = 2 WHERE course_slug = ?", slug);
  await run("UPDATE enrollments SET version = 1, progress_seq = 1, computed_at = 5 WHERE id = ?", `${slug}:u1`);
  expect(await rowOf(slug, "u1")).toMatchObject({
    is_stale: 1,
    stale_reason: "publish",
    stale_scope: "course",
    stale_since: 5,
    reached_activation: 1,
  });
  await run("UPDATE enrollments SET version = 1, activation = 2 WHERE id = ?", `${slug}:u2`);
  expect(await rowOf(slug, "u2")).toMatchObject({ is_stale: 0, reached_activation: 2 });
});
