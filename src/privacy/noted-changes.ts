import { cutByBytes, setParameter } from "../platform/database/batches.ts";
import { directory, everyShard, type Shard } from "../platform/database/shards.ts";

/** Courses asked for at once. */
const COURSE_PAGE = 1_000;

/** A user is erased: nothing that was noted names them. What a later backup would say of them, its list of erasures says. */
export async function forgetChangesOf(env: Env, user: string): Promise<void> {
  const db = directory(env);
  await db.batch([
    db.prepare("DELETE FROM backup_changes WHERE kind IN ('users', 'channels') AND key = ?").bind(user),
    // Ids of records begin with their owner.
    db
      .prepare(
        `DELETE FROM backup_changes WHERE kind IN ('translation_sessions', 'translation_tasks')
           AND key >= ?1 || ':' AND key < ?1 || ';'`,
      )
      .bind(user),
  ]);
  // Ids of enrollments begin with their course.
  for (let after = ""; ; ) {
    const { results } = await db
      .prepare("SELECT slug FROM courses WHERE slug > ? ORDER BY slug LIMIT ?")
      .bind(after, COURSE_PAGE)
      .all<{ slug: string }>();
    const ids = results.map(({ slug }) => `${slug}:${user}`);
    for (const shard of everyShard(env)) for (const { json } of cutByBytes(ids)) await forgetEnrollments(shard, json);
    const last = results.at(-1);
    if (last === undefined || results.length < COURSE_PAGE) return;
    after = last.slug;
  }
}

async function forgetEnrollments({ db }: Shard, ids: string): Promise<void> {
  await db
    .prepare(
      `DELETE FROM backup_changes WHERE kind IN ('enrollments', 'insight_learners', 'insight_predictions')
         AND key IN (SELECT value FROM ${setParameter(1)})`,
    )
    .bind(ids)
    .run();
}
