import { DAY_MS } from "../shared/instants.ts";
import { signingKey } from "../shared/secrets.ts";
import { pseudonymOf } from "./snapshot.ts";
import { type Assessment, type CourseFacts, dayAt, type Learner, type Submission } from "./world.ts";

/** Enrollments read at a time: a few hundred kilobytes of lines. */
export const COLLECT_PAGE = 400;

/** A course without its learners. */
export type CourseFrame = Omit<CourseFacts, "learners">;

interface EnrollmentRow {
  id: string;
  user_id: string;
  enrolled_at: number;
  withdrawn_at: number | null;
  told: number;
  registered: number | null;
  withdrawn: number | null;
  attempts: number | null;
  credits: number | null;
  passed: number | null;
  excluded: number | null;
}

const COURSES = `
  SELECT course_slug, module, period, starts_at, length_days, assessments FROM insight_courses
  WHERE course_slug > '' ORDER BY course_slug`;

// Enrollment ids begin with their course, so a course is a stretch of the primary key; ';' is the character after ':'.
const LEARNERS = `
  SELECT e.id, e.user_id, e.enrolled_at, e.withdrawn_at, l.enrollment_id IS NOT NULL AS told, l.registered, l.withdrawn,
    l.attempts, l.credits, l.passed, l.excluded
  FROM enrollments e LEFT JOIN insight_learners l ON l.enrollment_id = e.id
  WHERE e.id > ? AND e.id < ? ORDER BY e.id LIMIT ?`;

const SUBMISSIONS = `
  SELECT enrollment_id, item_id, completed_at, best_score FROM progress
  WHERE enrollment_id IN (SELECT value FROM json_each(?)) AND completed_at <= ? AND revoked_at IS NULL`;

/** The courses that take part and had begun by an instant, by name. */
export async function collectCourses(db: D1Database, asOf: number): Promise<CourseFrame[]> {
  const { results } = await db.prepare(COURSES).all<{
    course_slug: string;
    module: string;
    period: string;
    starts_at: number;
    length_days: number;
    assessments: string;
  }>();
  return results
    .map((row) => ({
      course: row.course_slug,
      module: row.module,
      period: row.period,
      start: row.starts_at,
      length: row.length_days,
      // SAFETY: written by the schedule's route alone, from its schema.
      assessments: JSON.parse(row.assessments) as Assessment[],
    }))
    .filter(({ start }) => start <= asOf);
}

/** Whether a course is over, so that its outcomes may be used. */
export function isOver(course: Pick<CourseFacts, "start" | "length">, asOf: number): boolean {
  return dayAt(course, asOf) > course.length;
}

/**
 * A page of a course's learners with what they had handed in by `asOf`; nothing later leaves the database. Outcomes
 * come along only where the course is over. Excluded learners are left out, erased ones are not there any more.
 *
 * @param after id of the last enrollment of the page before, or "".
 * @returns `next` null when this was the last page.
 */
export async function collectPage(
  env: Env,
  frame: CourseFrame,
  after: string,
  asOf: number,
): Promise<{ course: CourseFacts; excluded: number; next: string | null }> {
  const from = after === "" ? `${frame.course}:` : after;
  const { results } = await env.DB.prepare(LEARNERS).bind(from, `${frame.course};`, COLLECT_PAGE).all<EnrollmentRow>();
  const wanted = results.filter(({ excluded }) => excluded !== 1);
  const submissions = await env.DB.prepare(SUBMISSIONS)
    .bind(JSON.stringify(wanted.map(({ id }) => id)), asOf)
    .all<{ enrollment_id: string; item_id: string; completed_at: number; best_score: number | null }>();
  const byEnrollment = Map.groupBy(submissions.results, (row) => row.enrollment_id);
  const today = dayAt(frame, asOf);
  const over = isOver(frame, asOf);
  const key = await signingKey(env.AUTH_SECRET, "pseudonym");
  const learners: Learner[] = [];
  for (const row of wanted) {
    const registered = row.told === 1 ? row.registered : dayAt(frame, row.enrolled_at);
    const left = row.withdrawn ?? (row.withdrawn_at === null ? null : dayAt(frame, row.withdrawn_at));
    if ((registered ?? 0) > today) continue;
    learners.push({
      user: await pseudonymOf(key, row.user_id),
      registered,
      withdrawn: left !== null && left <= today ? left : null,
      attempts: row.attempts ?? 0,
      credits: row.credits ?? 0,
      passed: over && row.passed !== null ? row.passed === 1 : null,
      submissions: (byEnrollment.get(row.id) ?? [])
        .map((entry): Submission => {
          const day = Math.floor((entry.completed_at - frame.start) / DAY_MS);
          return { item: entry.item_id, day, score: entry.best_score };
        })
        .sort((a, b) => a.day - b.day || (a.item < b.item ? -1 : 1)),
    });
  }
  const next = results.length < COLLECT_PAGE ? null : (results.at(-1)?.id ?? null);
  return { course: { ...frame, learners }, excluded: results.length - wanted.length, next };
}

/** Who stands behind the pseudonyms of a course: those who are still enrolled and not excluded. */
export async function unveil(env: Env, course: string): Promise<Map<string, string>> {
  const { results } = await env.DB.prepare(
    `SELECT e.user_id, l.excluded FROM enrollments e LEFT JOIN insight_learners l ON l.enrollment_id = e.id
     WHERE e.id > ? AND e.id < ?`,
  )
    .bind(`${course}:`, `${course};`)
    .all<{ user_id: string; excluded: number | null }>();
  const key = await signingKey(env.AUTH_SECRET, "pseudonym");
  const users = new Map<string, string>();
  for (const { user_id, excluded } of results) {
    if (excluded !== 1) users.set(await pseudonymOf(key, user_id), user_id);
  }
  return users;
}
