import type { CourseEntry, CoursePointer } from "../courses/index.ts";
import { findCourse, isStaff } from "../courses/index.ts";
import type { ActorRef, Idempotency, WriteAnswer } from "../mirror/index.ts";
import { projectEnrollments } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { idempotencyOf, pointerForWrite, settled } from "./routes-writes.ts";
import { callEnrollment, type EnrollmentStub } from "./stub.ts";

/** Roles that may act on other people's enrollments, and the rule beyond the role. */
export const STAFF = ["author", "service", "admin"] as const;
export const STAFF_RULE = "Authors: own courses only.";

/** The course if the caller is staff of it. */
export async function staffCourse(c: AppContext, slug: string): Promise<Result<CourseEntry>> {
  c.get("facts").course_id = slug;
  const course = await findCourse(() => databaseOf(c), slug);
  if (course === null) return refuse("course_not_found");
  if (isStaff(actorOf(c), course)) return ok(course);
  // That an unpublished course exists is its author's secret.
  return course.pointer === null ? refuse("course_not_found") : refuse("forbidden", { detail: STAFF_RULE });
}

/**
 * A staff write on one enrollment. It may take access away, so it is projected to D1 before it is acknowledged (as far
 * as D1 answers): the fallback must not answer from before it.
 */
export async function staffWrite(
  c: AppContext,
  enrollment: string,
  write: (
    stub: EnrollmentStub,
    request: {
      actor: ActorRef;
      pointer: CoursePointer | null;
      idempotency: Idempotency | null;
    },
  ) => Promise<Result<WriteAnswer>>,
) {
  const { course } = parseEnrollmentId(enrollment);
  const staff = await staffCourse(c, course);
  if (!staff.ok) return respond(c, staff.refusal);
  const actor = { ...actorOf(c), request_id: c.get("requestId") };
  const request = { actor, pointer: pointerForWrite(c, course), idempotency: await idempotencyOf(c) };
  const result = await callEnrollment(c.env, enrollment, (stub) => write(stub, request));
  if (!result.ok) return respond(c, result.refusal);
  await projectEnrollments(c.env, [enrollment]);
  return c.json(settled(c, enrollment, result.value), 200);
}
