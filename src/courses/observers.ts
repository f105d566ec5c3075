import { and, eq } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { courseObservers } from "./tables.ts";

/** An answer is remembered for so long: who may no longer look sees nothing new after it. */
const MEMORY_MS = 30_000;
/** Answers remembered, about 150 bytes each; the oldest goes first. */
const MAX_REMEMBERED = 5_000;

const remembered = new Map<string, { isObserver: boolean; at: number }>();

/** Whether this user is an observer of this learner in this course: a parent, a mentor. */
export async function observes(
  db: () => Database,
  { course, user, learner }: { course: string; user: string; learner: string },
): Promise<boolean> {
  const key = `${course} ${user} ${learner}`;
  const now = Date.now();
  const known = remembered.get(key);
  if (known !== undefined && now - known.at < MEMORY_MS) return known.isObserver;
  const row = await db()
    .select({ user: courseObservers.user_id })
    .from(courseObservers)
    .where(
      and(
        eq(courseObservers.course_slug, course),
        eq(courseObservers.user_id, user),
        eq(courseObservers.learner_id, learner),
      ),
    )
    .get();
  remembered.delete(key);
  remembered.set(key, { isObserver: row !== undefined, at: now });
  for (const oldest of remembered.keys()) {
    if (remembered.size <= MAX_REMEMBERED) break;
    remembered.delete(oldest);
  }
  return row !== undefined;
}

/** Forgets what this isolate knows of one observer, after a change that this isolate made itself. */
export function forgetObserver(course: string, user: string, learner: string): void {
  remembered.delete(`${course} ${user} ${learner}`);
}
