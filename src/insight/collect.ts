import { directory, forCourse } from "../platform/database/shards.ts";
import { DAY_MS } from "../platform/instants.ts";
import { signingKey } from "../platform/secrets.ts";
import { pseudonymOf } from "./snapshot.ts";
import {
  coursesWithSchedule,
  enrolledBetween,
  excludedOf,
  GIVEN_ABOUT,
  learnersOf,
  SUBMISSIONS_OF,
} from "./statements.ts";
import { type Assessment, type CourseFacts, dayAt, type Learner, type Submission } from "./world.ts";

/** Enrollments read at a time: a few hundred kilobytes of lines. */
const COLLECT_PAGE = 400;
/** The limit of facts of these enrollments together. A page ends before the enrollment that would exceed it. */
const MAX_FACTS = 40_000;

/** A course without its learners. */
export type CourseFrame = Omit<CourseFacts, "learners">;

/** The data about a learner in the course's shard. */
interface EnrollmentRow {
  id: string;
  user_id: string;
  enrolled_at: number;
  withdrawn_at: number | null;
  progress_seq: number;
}

/** The data about a learner that staff gave; it is in the directory. */
interface GivenRow {
  enrollment_id: string;
  registered: number | null;
  withdrawn: number | null;
  attempts: number;
  credits: number;
  passed: number | null;
  excluded: number;
}

/** The courses that take part and had begun by an instant, by name. */
export async function collectCourses(db: D1Database, asOf: number): Promise<CourseFrame[]> {
  const { results } = await coursesWithSchedule(db).all<{
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
      // SAFETY: only the schedule's route writes this, from its schema.
      assessments: JSON.parse(row.assessments) as Assessment[],
    }))
    .filter(({ start }) => start <= asOf);
}

/** Whether a course is over, so that its outcomes may be used. */
export function isOver(course: Pick<CourseFacts, "start" | "length">, asOf: number): boolean {
  return dayAt(course, asOf) > course.length;
}

/**
 * A page of a course's learners with what they had submitted by `asOf`; nothing later leaves the database. Outcomes are
 * included only if the course is over. Excluded learners are left out; erased learners no longer exist.
 *
 * @param after id of the last enrollment of the page before, or "".
 * @returns `next` null if this was the last page.
 */
export async function collectPage(
  env: Env,
  frame: CourseFrame,
  after: string,
  asOf: number,
): Promise<{ course: CourseFacts; excluded: number; next: string | null }> {
  const from = after === "" ? `${frame.course}:` : after;
  const shard = await forCourse(env, frame.course);
  const found = await learnersOf(shard, from, `${frame.course};`, COLLECT_PAGE).all<EnrollmentRow>();
  const results = withFewFacts(found.results);
  const given = new Map(
    (
      await GIVEN_ABOUT.find<GivenRow>(
        directory(env),
        results.map(({ id }) => id),
      )
    ).map((row) => [row.enrollment_id, row]),
  );
  const wanted = results.filter(({ id }) => given.get(id)?.excluded !== 1);
  const submissions = await SUBMISSIONS_OF.find<{
    enrollment_id: string;
    item_id: string;
    completed_at: number;
    best_score: number | null;
  }>(
    shard,
    wanted.map(({ id }) => id),
    asOf,
  );
  const byEnrollment = Map.groupBy(submissions, (row) => row.enrollment_id);
  const today = dayAt(frame, asOf);
  const over = isOver(frame, asOf);
  const key = await signingKey(env.AUTH_SECRET, "pseudonym");
  const learners: Learner[] = [];
  for (const row of wanted) {
    const said = given.get(row.id);
    const registered = said === undefined ? dayAt(frame, row.enrolled_at) : said.registered;
    const left = said?.withdrawn ?? (row.withdrawn_at === null ? null : dayAt(frame, row.withdrawn_at));
    if ((registered ?? 0) > today) continue;
    learners.push({
      user: await pseudonymOf(key, row.user_id),
      registered,
      withdrawn: left !== null && left <= today ? left : null,
      attempts: said?.attempts ?? 0,
      credits: said?.credits ?? 0,
      passed: over && said != null && said.passed !== null ? said.passed === 1 : null,
      submissions: (byEnrollment.get(row.id) ?? [])
        .map((entry): Submission => {
          const day = Math.floor((entry.completed_at - frame.start) / DAY_MS);
          return { item: entry.item_id, day, score: entry.best_score };
        })
        .sort((a, b) => a.day - b.day || (a.item < b.item ? -1 : 1)),
    });
  }
  const isLast = results.length === found.results.length && results.length < COLLECT_PAGE;
  const next = isLast ? null : (results.at(-1)?.id ?? null);
  return { course: { ...frame, learners }, excluded: results.length - wanted.length, next };
}

/** The users behind the pseudonyms of a course: those who are still enrolled and not excluded. */
export async function unveil(env: Env, course: string): Promise<Map<string, string>> {
  const [enrolled, excluded] = await Promise.all([
    enrolledBetween(await forCourse(env, course), `${course}:`, `${course};`).all<{ id: string; user_id: string }>(),
    excludedOf(directory(env), course).all<{ enrollment_id: string }>(),
  ]);
  const left = new Set(excluded.results.map(({ enrollment_id }) => enrollment_id));
  const key = await signingKey(env.AUTH_SECRET, "pseudonym");
  const users = new Map<string, string>();
  for (const { id, user_id } of enrolled.results) {
    if (!left.has(id)) users.set(await pseudonymOf(key, user_id), user_id);
  }
  return users;
}

/**
 * The first enrollments whose facts fit into memory together. No enrollment has more facts than its progress has steps.
 */
function withFewFacts(rows: readonly EnrollmentRow[]): EnrollmentRow[] {
  let room = MAX_FACTS;
  const end = rows.findIndex(({ progress_seq }, index) => {
    room -= progress_seq;
    return room < 0 && index > 0;
  });
  return end < 0 ? [...rows] : rows.slice(0, end);
}
