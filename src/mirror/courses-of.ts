import { directory } from "../platform/database/shards.ts";

/** The courses a user is or was enrolled in; it may name one too many. */
export async function coursesOf(env: Env, user: string): Promise<string[]> {
  const { results } = await directory(env)
    .prepare("SELECT course_slug FROM user_courses WHERE user_id = ?")
    .bind(user)
    .all<{ course_slug: string }>();
  return results.map(({ course_slug }) => course_slug);
}
