import { type CourseEntry, isStaff } from "../courses/index.ts";
import { isOfOrganization } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { type AppContext, actorOf } from "../platform/http/context.ts";
import { enrollmentId } from "../platform/ids.ts";
import { askEnrollment } from "./stub.ts";

/**
 * Whether a course does not exist for the caller: it belongs to an organisation, and they are neither of it, nor staff of
 * the course, nor enrolled. A course of none costs no question; where nobody answers, the course stays hidden.
 */
export async function isConcealed(c: AppContext, course: CourseEntry): Promise<boolean> {
  const actor = actorOf(c);
  if (course.organization === null || isStaff(actor, course)) return false;
  if ((await isOfOrganization(directory(c.env), actor.id, course.organization).first()) !== null) return false;
  return !(await askEnrollment(c.env, enrollmentId(course.slug, actor.id), (stub) => stub.inspect())).ok;
}
