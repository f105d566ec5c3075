import { directory } from "../platform/database/shards.ts";
import { coursesOfUser } from "./statements.ts";

/** The courses in which a user is or was enrolled; it may name one too many. */
export async function coursesOf(env: Env, user: string): Promise<string[]> {
  const { results } = await coursesOfUser(directory(env), user).all<{ course_slug: string }>();
  return results.map(({ course_slug }) => course_slug);
}
