import { findCourseForWrite, mayGrade } from "../courses/index.ts";
import { directory } from "../platform/database/shards.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { enrollmentOfSubmission, parseEnrollmentId } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { judgedBy } from "./statements.ts";

export const GRADER_RULE = "The owner of the course, its co-authors and graders, services and admins.";

/** The limit of courses of one grader in one listing. */
const MAX_COURSES = 500;

/**
 * Whether the caller judges answers of a course. For other courses, the answer does not reveal whether the course
 * exists.
 */
export async function mayJudge(c: AppContext, course: string): Promise<Result<null>> {
  const actor = actorOf(c);
  c.get("facts").course_id = course;
  // They judge in any course, and a key in its own courses. D1 need not answer for that.
  if (actor.role === "service" || actor.role === "admin") return ok(null);
  const entry = await findCourseForWrite(() => databaseOf(c), course);
  return entry !== null && mayGrade(actor, entry) ? ok(null) : refuse("forbidden", { detail: GRADER_RULE });
}

/** Whether the caller may see the content of a submission: its learner, and people who judge in the course. */
export async function maySeeWork(c: AppContext, submission: string): Promise<Result<null>> {
  const { course, user } = parseEnrollmentId(enrollmentOfSubmission(submission));
  const actor = actorOf(c);
  c.get("facts").course_id = course;
  return actor.role !== "service" && actor.id === user ? ok(null) : mayJudge(c, course);
}

/** The courses in which the caller judges; null: all of them. */
export async function judgedCourses(c: AppContext): Promise<string[] | null> {
  const actor = actorOf(c);
  if (actor.role === "service" || actor.role === "admin") return null;
  // A user who is no author any more does not count as the owner.
  const owner = actor.role === "author" ? actor.id : "";
  const { results } = await judgedBy(directory(c.env), owner, actor.id, MAX_COURSES).all<{ slug: string }>();
  return results.map(({ slug }) => slug);
}
