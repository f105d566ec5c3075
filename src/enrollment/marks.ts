import { eq, sql } from "drizzle-orm";
import { countedDatabase, type Database } from "../bindings.ts";
import { ENGINE } from "../unlock/index.ts";
import { type RefreshMessage, sendAll } from "./messages.ts";
import { courseMarks } from "./tables.ts";

// Stale marks are set in D1, set by set and never in a loop over enrollments inside a request. A mark only tells the
// sweeps whom to refresh: every object notices a new course version by itself on its next read.

/** Enrollments marked by one statement after a publish: some 30 ms of D1's single writer. */
export const COURSE_MARK_PAGE = 2_000;
/** Courses whose marking one minute's cron takes up again; each goes on by itself from there. */
const COURSES_A_MINUTE = 100;
/** Expired or outdated snapshots marked per minute and cause; the rest follows a minute later. */
export const MARK_PAGE = 1_000;
/** An object's own alarm has this long to notice a passed date before the sweep marks it. */
export const DATE_GRACE_MS = 60_000;

/** A publish makes a snapshot old; an admin may doubt them all, and then each is recomputed whatever its version. */
export type CourseMarkReason = "publish" | "doubt";

/**
 * Asks for every active enrollment of a course to be marked stale. One row, whatever the size of the course, so it can
 * stand in the batch that moves the course's pointer. What still waits of an earlier request is covered by this one.
 */
export function markCourseStale(db: Database, course: string, now: number, reason: CourseMarkReason = "publish") {
  return db
    .insert(courseMarks)
    .values({ course_slug: course, reason, requested_at: now })
    .onConflictDoUpdate({
      target: courseMarks.course_slug,
      set: {
        reason: sql`CASE WHEN ${courseMarks.reason} = 'doubt' THEN 'doubt' ELSE ${reason} END`,
        generation: sql`${courseMarks.generation} + 1`,
        marked_up_to: "",
        // The wait is counted from the oldest request that is not carried out yet.
      },
    });
}

/** Sends the marking of a course on its way. */
export async function askForMarks(env: Env, course: string): Promise<void> {
  await env.REFRESH_QUEUE.send({ type: "mark", course } satisfies RefreshMessage);
}

/** Sends every marking that has not been carried out on its way again: the message of a publish may have been lost. */
export async function resumeMarks(env: Env): Promise<void> {
  const waiting = await countedDatabase(env.DB, { count: 0 })
    .select({ course: courseMarks.course_slug })
    .from(courseMarks)
    .limit(COURSES_A_MINUTE)
    .all();
  await sendAll(
    env.REFRESH_QUEUE,
    waiting.map(({ course }) => ({ type: "mark", course })),
  );
}

/**
 * Marks the next page of a course's enrollments. The page is fenced by the place it starts from: carried out twice, or
 * by two at once, it has one effect (invariant 5).
 * @returns whether more is left to mark.
 */
export async function markCoursePage(env: Env, course: string): Promise<boolean> {
  const db = countedDatabase(env.DB, { count: 0 });
  const mark = await db.select().from(courseMarks).where(eq(courseMarks.course_slug, course)).get();
  if (mark === undefined) return false;
  const { generation, marked_up_to: from, reason, requested_at: since } = mark;
  const page = await env.DB.prepare(
    `SELECT count(*) AS enrollments, max(user_id) AS last FROM (
       SELECT user_id FROM enrollments WHERE course_slug = ?1 AND status = 'active' AND user_id > ?2
       ORDER BY user_id LIMIT ${COURSE_MARK_PAGE})`,
  )
    .bind(course, from)
    .first<{ enrollments: number; last: string | null }>();
  const last = page?.last ?? from;
  const isLast = (page?.enrollments ?? 0) < COURSE_MARK_PAGE;
  const fence = "course_slug = ?1 AND generation = ?2 AND marked_up_to = ?3";
  await env.DB.batch([
    // A snapshot that has reached the new version meanwhile needs no mark, unless somebody doubts it.
    env.DB.prepare(
      `UPDATE enrollments SET is_stale = 1, stale_reason = ?4, stale_scope = 'course',
         stale_since = coalesce(stale_since, ?5), stale_mark = stale_mark + 1, leased_until = 0
       WHERE course_slug = ?1 AND status = 'active' AND user_id > ?3 AND user_id <= ?6
         AND (?4 = 'doubt' OR max(activation, reached_activation) < (SELECT activation FROM courses WHERE slug = ?1))
         AND EXISTS (SELECT 1 FROM course_marks WHERE ${fence})`,
    ).bind(course, generation, from, reason, since, last),
    isLast
      ? env.DB.prepare(`DELETE FROM course_marks WHERE ${fence}`).bind(course, generation, from)
      : env.DB.prepare(`UPDATE course_marks SET marked_up_to = ?4 WHERE ${fence}`).bind(course, generation, from, last),
  ]);
  return !isLast;
}

/** Set-based marks for snapshots whose date has passed unnoticed, and for those of an older engine. */
export async function markExpired(db: D1Database, now: number): Promise<void> {
  const mark = (reason: string, scope: string, where: string, bound: number) =>
    db
      .prepare(
        `UPDATE enrollments SET is_stale = 1, stale_reason = ?1, stale_scope = ?2, stale_since = ?3,
           stale_mark = stale_mark + 1
         WHERE id IN (SELECT id FROM enrollments WHERE ${where} LIMIT ${MARK_PAGE})`,
      )
      .bind(reason, scope, now, bound);
  await db.batch([
    // Only active ones: nobody refreshes a withdrawn enrollment, so its date would be marked again every minute.
    mark(
      "date",
      "problems",
      "status = 'active' AND is_stale = 0 AND valid_until IS NOT NULL AND valid_until <= ?4",
      now - DATE_GRACE_MS,
    ),
    mark("engine", "course", "engine < ?4 AND is_stale = 0 AND status = 'active'", ENGINE),
  ]);
}
