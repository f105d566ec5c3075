import { eq, sql } from "drizzle-orm";
import { courses } from "../courses/index.ts";
import { notBeingErased } from "../identity/index.ts";
import { userCourses } from "../mirror/index.ts";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";

/**
 * Counts users who are new in a course among its learners, before they are registered. If two registrations run at
 * once, a user may be counted twice: then places skip a number, which does no harm.
 * @returns a place for each user who may be registered (without users who are being erased). An object uses its place
 * when it begins, and never changes it.
 */
export async function placesOf(
  db: Database,
  course: string,
  users: readonly string[],
  now: number,
): Promise<Map<string, number | null>> {
  const named = oneBatch(users);
  const [[row], admitted] = await db.batch([
    db
      .update(courses)
      .set({
        learners: sql`${courses.learners} + (
          SELECT count(*) FROM ${jsonSet(named)} AS named
          WHERE NOT EXISTS (SELECT 1 FROM user_courses WHERE user_id = named.value AND course_slug = ${course}))`,
      })
      .where(eq(courses.slug, course))
      .returning({ learners: courses.learners }),
    // First here and then in the course's shard, so that an erasure finds every enrollment.
    db
      .insert(userCourses)
      .select(sql`SELECT value, ${course}, ${now} FROM ${jsonSet(named)} WHERE ${sql.raw(notBeingErased("value"))}`)
      .onConflictDoUpdate({
        target: [userCourses.user_id, userCourses.course_slug],
        set: { asked_at: sql`max(${userCourses.asked_at}, excluded.asked_at)` },
      })
      .returning({ user: userCourses.user_id }),
  ]);
  const known = new Set(admitted.map(({ user }) => user));
  const places = users.map((user, index): [string, number | null] => [
    user,
    row === undefined ? null : Math.max(1, row.learners - users.length + 1 + index),
  ]);
  return new Map(places.filter(([user]) => known.has(user)));
}
