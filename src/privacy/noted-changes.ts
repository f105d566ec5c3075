import { directory, everyShard } from "../platform/database/shards.ts";
import { coursesAfter, FORGET_ENROLLMENTS, forgetOwnChanges, forgetRecordChanges } from "./statements/backups.ts";

/** Courses read at once. */
const COURSE_PAGE = 1_000;

/**
 * For a user who is erased: removes every note of a change that names them. Later backups have the user in their list
 * of erasures.
 */
export async function forgetChangesOf(env: Env, user: string): Promise<void> {
  const db = directory(env);
  await db.batch([
    forgetOwnChanges(db, user),
    // Ids of records begin with their owner.
    forgetRecordChanges(db, user),
  ]);
  // Ids of enrollments begin with their course.
  for (let after = ""; ; ) {
    const { results } = await coursesAfter(db, after, COURSE_PAGE).all<{ slug: string }>();
    const ids = results.map(({ slug }) => `${slug}:${user}`);
    for (const { db } of everyShard(env)) {
      const statements = FORGET_ENROLLMENTS.over(db, ids);
      if (statements.length > 0) await db.batch(statements);
    }
    const last = results.at(-1);
    if (last === undefined || results.length < COURSE_PAGE) return;
    after = last.slug;
  }
}
