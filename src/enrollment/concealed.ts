import { type CourseEntry, isStaff } from "../courses/index.ts";
import { isOfOrganization } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { type AppContext, actorOf } from "../platform/http/context.ts";
import { enrollmentId } from "../platform/ids.ts";
import { askEnrollment } from "./stub.ts";

/**
 * Whether a course must not exist for the caller: it belongs to an organisation, and the caller is not in it, not staff of
 * the course and not enrolled. For a course without an organisation, nothing is asked. If the object does not answer, the
 * course stays hidden.
 */
export async function isConcealed(c: AppContext, course: CourseEntry): Promise<boolean> {
  const actor = actorOf(c);
  if (course.organization === null || isStaff(actor, course)) return false;
  if ((await isOfOrganization(directory(c.env), actor.id, course.organization).first()) !== null) return false;
  return !(await askEnrollment(c.env, enrollmentId(course.slug, actor.id), (stub) => stub.inspect())).ok;
}
