import { and, asc, eq, gt, sql } from "drizzle-orm";
import { callEnrollment, type Database } from "../bindings.ts";
import type { CoursePointer } from "../courses/index.ts";
import { callGate } from "../identity/index.ts";
import { enrollmentId } from "../shared/ids.ts";
import { type Result, refuse } from "../shared/results.ts";
import type { ActorRef, WriteAnswer } from "./contract.ts";
import type { RefreshMessage } from "./messages.ts";
import { enrollments } from "./tables.ts";

/**
 * Enrolls a learner: the registry row first, then the object. A crash between leaves a row whose object starts from it
 * with its first call, so repeating is harmless.
 */
export async function enroll(
  env: Env,
  db: Database,
  course: { slug: string; pointer: CoursePointer },
  learner: { user: string; cohorts: string[] | null; practice_mode: boolean | null },
  actor: ActorRef,
): Promise<Result<WriteAnswer & { created: boolean }>> {
  // Staff may name anybody: an erased user must not come back as a learner.
  const standing = await callGate(env, learner.user, (stub) => stub.standing(null));
  if (!standing.ok) return standing;
  if (standing.value === "erased") return refuse("user_not_found");
  const now = Date.now();
  const id = enrollmentId(course.slug, learner.user);
  const policy = { cohorts: learner.cohorts ?? [], practice_mode: learner.practice_mode ?? false, overrides: [] };
  const row = await db
    .insert(enrollments)
    .values({
      id,
      course_slug: course.slug,
      user_id: learner.user,
      enrolled_at: now,
      last_active_at: now,
      policy: JSON.stringify(policy),
    })
    .onConflictDoUpdate({
      target: enrollments.id,
      set: { status: "active", withdrawn_at: null },
    })
    .returning({ enrolled_at: enrollments.enrolled_at, version: enrollments.version })
    .get();
  return callEnrollment(env, id, (stub) =>
    stub.enroll({
      enrolled_at: row.enrolled_at,
      has_history: row.version > 0,
      cohorts: learner.cohorts,
      practice_mode: learner.practice_mode,
      pointer: course.pointer,
      actor,
    }),
  );
}

/** Ends an enrollment: registry first, so that nobody lists it any more, then the object. */
export async function withdraw(env: Env, db: Database, id: string, actor: ActorRef): Promise<Result<WriteAnswer>> {
  const result = await callEnrollment(env, id, (stub) => stub.withdraw(actor));
  if (result.ok || result.refusal.code === "not_enrolled") {
    await db
      .update(enrollments)
      .set({ status: "withdrawn", withdrawn_at: Date.now() })
      .where(and(eq(enrollments.id, id), eq(enrollments.status, "active")));
  }
  return result;
}

/** A page of a course's active enrollments by user id. */
export function listEnrollments(db: Database, course: string, after: string, limit: number) {
  return db
    .select({
      id: enrollments.id,
      user_id: enrollments.user_id,
      enrolled_at: enrollments.enrolled_at,
      open_count: enrollments.open_count,
      completed_count: enrollments.completed_count,
      item_count: enrollments.item_count,
      last_active_at: enrollments.last_active_at,
      // Marked, or about to be.
      is_stale: sql<number>`(${enrollments.is_stale} = 1 OR EXISTS (
        SELECT 1 FROM course_marks WHERE course_slug = ${course} AND marked_up_to < ${enrollments.user_id}))`,
      version: enrollments.version,
      course_version: enrollments.course_version,
    })
    .from(enrollments)
    .where(and(eq(enrollments.course_slug, course), eq(enrollments.status, "active"), gt(enrollments.user_id, after)))
    .orderBy(asc(enrollments.user_id))
    .limit(limit)
    .all();
}

/** After a publish: the recently active are refreshed first, then the others are marked for the sweeps. */
export async function askForWarmUp(env: Env, course: string, activation: number): Promise<void> {
  const message: RefreshMessage = { type: "warm", course, activation, cursor: null };
  await env.REFRESH_QUEUE.send(message);
}
