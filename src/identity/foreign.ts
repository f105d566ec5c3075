import { directory } from "../platform/database/shards.ts";
import { FOREIGN_AMONG } from "./statements.ts";

/**
 * Users whom the staff of a course do not find: accounts of another organisation than the course's (of any, if the course
 * has none), unless they were in the course before. Admins and services find everybody. Ids without an account are not
 * among them.
 */
export async function foreignAmong(
  env: Env,
  actor: { id: string; role: string },
  course: { slug: string; organization: string | null },
  users: readonly string[],
): Promise<Set<string>> {
  if (actor.role === "admin" || actor.role === "service") return new Set();
  const others = [...new Set(users)].filter((user) => user !== actor.id);
  const found = await FOREIGN_AMONG.find<{ id: string }>(directory(env), others, course.organization, course.slug);
  return new Set(found.map(({ id }) => id));
}
