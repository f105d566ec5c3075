import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { isSecret, isStaff, mayManage } from "./access.ts";
import { type CourseEntry, fetchCourse } from "./catalog.ts";
import { OWNER_RULE } from "./routes-common.ts";

/** The course if the caller may manage it. Others' courses that are secret are not admitted to exist. */
export async function managedCourse(c: AppContext, slug: string): Promise<Result<CourseEntry>> {
  c.get("facts").course_id = slug;
  const course = await fetchCourse(databaseOf(c), slug);
  if (course === null) return refuse("course_not_found");
  const actor = actorOf(c);
  if (mayManage(actor, course)) return ok(course);
  return isSecret(course) && !isStaff(actor, course)
    ? refuse("course_not_found")
    : refuse("forbidden", { detail: OWNER_RULE });
}
