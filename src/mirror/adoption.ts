import { and, asc, eq, gt } from "drizzle-orm";
import { type CoursePointer, loadActiveProgram } from "../courses/index.ts";
import { courseDatabases } from "../platform/database/course-databases.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import type { Program } from "../unlock/index.ts";
import type { ProjectedSubmission } from "./contract.ts";
import { loadMirror } from "./mirror.ts";
import type { MirroredEnrollment } from "./mirrored.ts";
import { submissions } from "./tables.ts";

/** The data in D1 about an enrollment whose object is empty: never created yet, or lost. */
export interface Adoption {
  mirror: MirroredEnrollment;
  pointer: CoursePointer;
  program: Program;
}

/**
 * Reads everything that an object needs to start from D1; null when there is no such enrollment of a published course.
 * @param statuses "active" for a read; a learner who comes back starts from a withdrawn enrollment, too.
 */
export async function findAdoption(
  env: Env,
  enrollment: string,
  statuses: readonly MirroredEnrollment["status"][] = ["active"],
): Promise<Adoption | null> {
  const databases = courseDatabases(env);
  const mirror = await loadMirror(await databases.ofCourse(parseEnrollmentId(enrollment).course), enrollment);
  if (mirror === null || !statuses.includes(mirror.status)) return null;
  const active = await loadActiveProgram(databases.directory, mirror.course);
  if (active === null) return null;
  return { mirror, ...active };
}

/** Submissions read at a time: a stored answer has at most 60 KB, and a verdict's text half of that. */
const SUBMISSION_PAGE = 50;

/**
 * The submissions of an enrollment in D1, in pages. All of them are needed: one that waits for its verdict must be
 * found again, one that was judged must not be judged twice.
 */
export async function* adoptedSubmissions(env: Env, enrollment: string): AsyncGenerator<ProjectedSubmission[]> {
  const db = await courseDatabases(env).ofCourse(parseEnrollmentId(enrollment).course);
  for (let after = ""; ; ) {
    const rows = await db
      .select()
      .from(submissions)
      .where(and(eq(submissions.enrollment_id, enrollment), gt(submissions.id, after)))
      .orderBy(asc(submissions.id))
      .limit(SUBMISSION_PAGE)
      .all();
    if (rows.length > 0) {
      yield rows.map(({ item_id, enrollment_id: _enrollment, ...rest }) => ({ item: item_id, ...rest }));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < SUBMISSION_PAGE) return;
    after = last.id;
  }
}
