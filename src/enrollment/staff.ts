import type { CourseEntry, CoursePointer } from "../courses/index.ts";
import { type CourseAct, findCourse, findCourseForWrite, isSecret, may } from "../courses/index.ts";
import type { ActorRef, Idempotency, WriteAnswer } from "../mirror/index.ts";
import { projectEnrollments } from "../mirror/index.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { callEnrollment, type EnrollmentStub } from "./stub.ts";
import { idempotencyOf, pointerForWrite, settled } from "./write-parts.ts";

/** Who may be staff of some course: what they are in it decides. The rules say what they have to be. */
export const STAFF = ROLES;
export const STAFF_RULE = "Staff of the course: its owner, co-authors and graders; services and admins.";
export const DECIDE_RULE = "The owner of the course and its co-authors; services and admins.";

/** The course if the caller may read it as its staff. */
export async function staffCourse(c: AppContext, slug: string): Promise<Result<CourseEntry>> {
  return admitted(c, slug, await findCourse(() => databaseOf(c), slug), "read");
}

/** The course if the caller may do this in it, as rights stand at this moment: for writes. */
export async function courseForWrite(c: AppContext, slug: string, act: CourseAct): Promise<Result<CourseEntry>> {
  const hasRights = actorOf(c).role === "admin" || actorOf(c).role === "service";
  const find = hasRights ? findCourse : findCourseForWrite;
  return admitted(c, slug, await find(() => databaseOf(c), slug), act);
}

function admitted(c: AppContext, slug: string, course: CourseEntry | null, act: CourseAct): Result<CourseEntry> {
  c.get("facts").course_id = slug;
  if (course === null) return refuse("course_not_found");
  if (may(actorOf(c), act, course)) return ok(course);
  // That a secret course exists is known to those who have rights in it.
  if (isSecret(course) && !may(actorOf(c), "read", course)) return refuse("course_not_found");
  return refuse("forbidden", { detail: act === "read" ? STAFF_RULE : DECIDE_RULE });
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
  const staff = await courseForWrite(c, course, "decide");
  if (!staff.ok) return respond(c, staff.refusal);
  const actor = { ...actorOf(c), request_id: c.get("requestId") };
  const request = { actor, pointer: pointerForWrite(c, course), idempotency: await idempotencyOf(c) };
  const result = await callEnrollment(c.env, enrollment, (stub) => write(stub, request));
  if (!result.ok) return respond(c, result.refusal);
  await projectEnrollments(c.env, [enrollment]);
  return c.json(settled(c, enrollment, result.value), 200);
}
