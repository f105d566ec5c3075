import { enrollmentId } from "../platform/ids.ts";
import { ENROLLED_AMONG } from "./statements.ts";

/** Which of some users are in a course now. @param db the course's database. */
export async function enrolledAmong(db: D1Database, course: string, users: readonly string[]): Promise<Set<string>> {
  const ids = users.map((user) => enrollmentId(course, user));
  const rows = await ENROLLED_AMONG.find<{ user_id: string }>(db, ids);
  return new Set(rows.map(({ user_id }) => user_id));
}
