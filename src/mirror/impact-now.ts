import { and, desc, eq } from "drizzle-orm";
import { type CoursePointer, namesOf, type PublishImpact } from "../courses/index.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";
import { toInstant } from "../platform/instants.ts";
import { inParallel } from "../platform/parallel.ts";
import type { Program } from "../unlock/index.ts";
import { impactOf } from "./impact.ts";
import { callPort } from "./port.ts";
import { projectEnrollments } from "./projection.ts";
import { enrollments } from "./tables.ts";

/**
 * Enrollments that are asked for writes D1 does not have yet: all of a small course, the last active ones of a large
 * one.
 */
export const MAX_ASKED = 100;
const PARALLEL_OBJECTS = 12;

/**
 * {@link impactOf}, which counts from D1. Pending rows in the learners' objects are brought to D1 first, and the answer
 * says for how many enrollments D1 is up to date.
 */
export async function impactNow(
  env: Env,
  databases: CourseDatabases,
  course: string,
  current: CoursePointer | null,
  next: Program,
  policy: "grandfather" | "relock",
  now: number,
): Promise<PublishImpact> {
  const upToDate = await bringUpToDate(env, databases, course);
  const { changed, ...impact } = await impactOf(databases, course, current, next, policy, now);
  const names = await namesOf(
    env,
    changed.map(({ user_id }) => user_id),
  );
  const learners = changed.map((learner) => ({ ...learner, name: names.get(learner.user_id) ?? null }));
  const up_to_date = Math.min(upToDate, impact.enrollments);
  return { ...impact, learners, as_of: toInstant(now), up_to_date, maybe_behind: impact.enrollments - up_to_date };
}

/** @returns how many enrollments are in D1 as they are in their objects. */
async function bringUpToDate(env: Env, databases: CourseDatabases, course: string): Promise<number> {
  const db = await databases.ofCourse(course);
  const rows = await db
    .select({ id: enrollments.id })
    .from(enrollments)
    .where(and(eq(enrollments.course_slug, course), eq(enrollments.status, "active")))
    .orderBy(desc(enrollments.last_active_at))
    .limit(MAX_ASKED)
    .all();
  const ids = rows.map(({ id }) => id);
  const found = await behindAmong(env, ids);
  if (found.behind.length === 0) return found.settled;
  await projectEnrollments(env, found.behind);
  const again = await behindAmong(env, found.behind);
  return found.settled + again.settled;
}

/** Which enrollments have rows pending for D1, and how many have none; one that does not answer is in neither. */
async function behindAmong(env: Env, ids: readonly string[]): Promise<{ behind: string[]; settled: number }> {
  const behind: string[] = [];
  let settled = 0;
  await inParallel(ids, PARALLEL_OBJECTS, async (id) => {
    const pending = await callPort(env, id, (stub) => stub.pendingProjection());
    if (!pending.ok) return;
    if (pending.value === null) settled += 1;
    else behind.push(id);
  });
  return { behind, settled };
}
