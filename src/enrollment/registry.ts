import { and, asc, eq, gt, type SQL, sql } from "drizzle-orm";
import type { CoursePointer } from "../courses/index.ts";
import { callRevocations, erasedAmong, foreignAmong, notErasing } from "../identity/index.ts";
import type { ActorRef, EnrollAnswer, RefreshMessage, WriteAnswer } from "../mirror/index.ts";
import { courseMarks, enrollments, freshness, projectEnrollments } from "../mirror/index.ts";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import { countedDatabase, type QueryCounter } from "../platform/database/counted.ts";
import { type CourseDatabases, courseDatabases } from "../platform/database/course-databases.ts";
import { isFull } from "../platform/database/room.ts";
import { atCourse, directory, shardOf } from "../platform/database/shards.ts";
import { enrollmentId, parseEnrollmentId } from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import type { Applicant } from "./applicant.ts";
import { placesOf } from "./known-learners.ts";
import { profileIn } from "./meta.ts";
import { MADE_AT_ONCE, NewcomerAnswers, recordNewcomers, welcome } from "./newcomers.ts";
import { REGISTERED } from "./statements.ts";
import { callEnrollment } from "./stub.ts";

/** Objects asked at the same time by one batch. */
const PARALLEL_OBJECTS = 24;
/** Rows of one statement: 25 cohorts of 64 characters each, and a statement's value stays far below 2 MB. */
const ROWS_OF_A_STATEMENT = 100;

interface PublishedCourse {
  slug: string;
  pointer: CoursePointer;
  /** Where it is given, the actor enrolls only whom the staff of such a course find, see {@link foreignAmong}. */
  organization?: string | null;
}
interface Registration {
  id: string;
  enrolled_at: number;
  version: number;
  /** 1: this very call has made the row. */
  is_new: number;
  /** In the line of those who share an instant; only an object that begins takes it. */
  place: number | null;
}

/**
 * Enrolls a learner, or gives the enrolled what is asked for them: the registry row first, so that every object can be
 * found, then the object, which alone decides about everything in that row from then on. A crash between leaves a row
 * whose object starts from it with its first call, so repeating is harmless.
 */
export async function enroll(
  env: Env,
  queries: QueryCounter,
  course: PublishedCourse,
  applicant: Applicant,
  actor: ActorRef,
): Promise<Result<EnrollAnswer>> {
  // Staff may name anybody: an erased user must not come back as a learner.
  const standing = await callRevocations(env, applicant.user, (stub) => stub.standing(null));
  if (!standing.ok) return standing;
  if (standing.value === "erased") return refuse("user_not_found");
  if ((await foreignTo(env, course, [applicant.user], actor)).size > 0) return refuse("user_not_found");
  const full = await refuseIfFull(env, course.slug, [applicant.user]);
  if (full !== null) return full;
  const [row] = await register(env, queries, course.slug, [applicant], Date.now());
  if (row === undefined) return refuse("user_not_found"); // being erased at this very moment
  const result = await enrollInObject(env, course, applicant, row, actor);
  // Who was there already is listed as the row says, and may have lost something: D1 has it before the answer.
  if (result.ok && result.value.updated) await projectEnrollments(env, [row.id]);
  return result;
}

async function foreignTo(env: Env, course: PublishedCourse, users: readonly string[], actor: ActorRef) {
  const { slug, organization } = course;
  return organization === undefined ? new Set<string>() : foreignAmong(env, actor, { slug, organization }, users);
}

/**
 * Enrolls many, each as {@link enroll} would. One who fails fails alone (`unavailable`: send it again); somebody named
 * twice is asked in the order of the rows.
 * @returns a result for each, in order.
 */
export async function enrollAll(
  env: Env,
  queries: QueryCounter,
  course: PublishedCourse,
  applicants: readonly Applicant[],
  actor: ActorRef,
): Promise<Result<Result<EnrollAnswer>[]>> {
  const users = applicants.map(({ user }) => user);
  const full = await refuseIfFull(env, course.slug, users);
  if (full !== null) return full;
  const erased = await erasedAmong(directory(env), users);
  const foreign = await foreignTo(env, course, users, actor);
  const now = Date.now();
  const first = new Map<string, Applicant>();
  for (const applicant of applicants) {
    if (!erased.has(applicant.user) && !foreign.has(applicant.user) && !first.has(applicant.user))
      first.set(applicant.user, applicant);
  }
  const rows = new Map<string, Registration>();
  const named = [...first.values()];
  const later = named.length > MADE_AT_ONCE ? await prepareLater(env, queries, course, named, actor, now) : ok(null);
  if (!later.ok) return later;
  for (let start = 0; start < named.length; start += ROWS_OF_A_STATEMENT) {
    const page = named.slice(start, start + ROWS_OF_A_STATEMENT);
    for (const row of await register(env, queries, course.slug, page, now, later.value !== null)) rows.set(row.id, row);
  }
  const results = applicants.map((): Result<EnrollAnswer> => refuse("user_not_found"));
  const byUser = Map.groupBy(applicants.entries(), ([, { user }]) => user);
  let newcomers = 0;
  for (const [user, entries] of later.value === null ? [] : byUser) {
    const row = rows.get(enrollmentId(course.slug, user));
    const [entry] = entries;
    if (row?.is_new !== 1 || entry === undefined || later.value === null) continue;
    results[entry[0]] = ok(later.value.of(row.id, entry[1]));
    entries.shift();
    newcomers += 1;
  }
  if (newcomers > 0) await welcome(env, newcomers, now);
  await inParallel([...byUser], PARALLEL_OBJECTS, async ([user, entries]) => {
    const row = rows.get(enrollmentId(course.slug, user));
    if (row === undefined) return;
    for (const [index, applicant] of entries) results[index] = await enrollInObject(env, course, applicant, row, actor);
  });
  // What took something away is in D1 before it is acknowledged, as with every decision of staff; the rest follows.
  const locked = results.flatMap((result) =>
    result.ok && result.value.locked.length > 0 ? [result.value.enrollment_id] : [],
  );
  if (locked.length > 0) await projectEnrollments(env, [...new Set(locked)]);
  return ok(results);
}

/** Who is new of many is recorded, and what they will be answered is known, before anybody is registered. */
async function prepareLater(
  env: Env,
  queries: QueryCounter,
  course: PublishedCourse,
  applicants: readonly Applicant[],
  actor: ActorRef,
  now: number,
): Promise<Result<NewcomerAnswers>> {
  const answers = await NewcomerAnswers.load(env, queries, course, now);
  if (!answers.ok) return answers;
  const { db } = await shardOf(env, course.slug);
  const ids = applicants.map(({ user }) => enrollmentId(course.slug, user));
  const known = new Set((await REGISTERED.find<{ id: string }>(db, ids)).map(({ id }) => id));
  const newcomers = applicants.filter(({ user }) => !known.has(enrollmentId(course.slug, user)));
  const recorded = await recordNewcomers(env, course.slug, newcomers, actor, now);
  return recorded.ok ? answers : recorded;
}

/** Refuses those who are new where the course's database takes no more; whoever is there already may be changed. */
async function refuseIfFull(
  env: Env,
  course: string,
  users: readonly string[],
): Promise<{ ok: false; refusal: Refusal } | null> {
  const shard = await shardOf(env, course);
  if (!(await isFull(env, shard.name))) return null;
  const ids = [...new Set(users)].map((user) => enrollmentId(course, user));
  const known = await REGISTERED.find<{ id: string }>(shard.db, ids);
  return known.length === ids.length ? null : refuse("shards_full", { detail: "The course's database is full." });
}

async function register(
  env: Env,
  queries: QueryCounter,
  course: string,
  applicants: readonly Applicant[],
  now: number,
  isLater = false,
): Promise<Registration[]> {
  const users = applicants.map(({ user }) => user);
  const places = await placesOf(countedDatabase(directory(env), queries), course, users, now);
  const admitted = applicants.filter(({ user }) => places.has(user));
  if (admitted.length === 0) return [];
  const rows = await atCourse(env, course, (db) =>
    countedDatabase(db, queries).all<Omit<Registration, "place">>(registration(course, admitted, now, isLater)),
  );
  return rows.map((row) => ({ ...row, place: places.get(parseEnrollmentId(row.id).user) ?? null }));
}

/**
 * Registers people, or notes that they asked again: the nightly clean-up then leaves their rows. Nothing else of a row
 * that exists is touched. What the rows of newcomers hold is only where their objects start from.
 * @param isLater objects are made later: newcomers are marked for a sweep.
 */
function registration(course: string, applicants: readonly Applicant[], now: number, isLater: boolean): SQL {
  const rows = applicants.map(({ user, cohorts, practice_mode, profile, enrolled_at }) => ({
    id: enrollmentId(course, user),
    user,
    enrolled_at: enrolled_at ?? now,
    policy: JSON.stringify({
      cohorts: [...new Set(cohorts)],
      practice_mode: practice_mode ?? false,
      ...profileIn(profile ?? {}),
      overrides: [],
    }),
  }));
  return sql`
    INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at, policy, asked_at, is_stale, stale_reason,
      stale_scope, stale_since, stale_mark)
    SELECT value ->> 'id', ${course}, value ->> 'user', value ->> 'enrolled_at', ${now}, value ->> 'policy', ${now},
      ${isLater ? sql`1, 'enrollment', 'course', ${now}, 1` : sql`0, NULL, NULL, NULL, 0`}
    FROM ${jsonSet(oneBatch(rows))} WHERE ${sql.raw(notErasing("value ->> 'user'"))}
    ON CONFLICT (id) DO UPDATE SET asked_at = max(enrollments.asked_at + 1, excluded.asked_at)
    RETURNING id, enrolled_at, version, (version = 0 AND asked_at = ${now} AND last_active_at = ${now}) AS is_new`;
}

function enrollInObject(
  env: Env,
  course: PublishedCourse,
  { cohorts, practice_mode, profile, enrolled_at, returns }: Applicant,
  row: Registration,
  actor: ActorRef,
): Promise<Result<EnrollAnswer>> {
  return callEnrollment(env, row.id, (stub) =>
    stub.enroll({
      enrolled_at: enrolled_at ?? row.enrolled_at,
      told_enrolled_at: enrolled_at,
      // A row that was there stands for an object, or is where one that was not made yet starts from.
      has_history: row.is_new !== 1,
      place: row.place,
      cohorts,
      practice_mode,
      profile,
      pointer: course.pointer,
      actor,
      ...(returns === undefined ? {} : { returns }),
    }),
  );
}

/**
 * Ends an enrollment. The object decides and D1's row follows, before the answer as far as D1 answers. A row that says
 * "active" where the object says that nobody is enrolled is put right.
 * @param by whom a person withdraws by hand, no launch of another platform brings back.
 */
export async function withdraw(
  env: Env,
  id: string,
  actor: ActorRef,
  by: "hand" | "system",
): Promise<Result<WriteAnswer>> {
  const result = await callEnrollment(env, id, (stub) => stub.withdraw(actor, by === "hand"));
  if (!result.ok && result.refusal.code === "not_enrolled" && (await isListed(env, id))) {
    await callEnrollment(env, id, (stub) => stub.tellAgain());
    await projectEnrollments(env, [id]);
  }
  if (result.ok) await projectEnrollments(env, [id]);
  return result;
}

async function isListed(env: Env, id: string): Promise<boolean> {
  try {
    const db = await courseDatabases(env).ofCourse(parseEnrollmentId(id).course);
    const row = await db.select({ status: enrollments.status }).from(enrollments).where(eq(enrollments.id, id)).get();
    return row?.status === "active";
  } catch (fault) {
    logFault("registry_unreachable", fault, { enrollment_id: id });
    return false;
  }
}

/**
 * A page of a course's active enrollments by user id.
 * @param pointer the active version. A learner whose states it does not change has reached it without a new snapshot.
 */
export async function listEnrollments(
  databases: CourseDatabases,
  course: string,
  pointer: CoursePointer | null,
  after: string,
  limit: number,
) {
  const [mark] = await databases.directory
    .select({ up_to: courseMarks.marked_up_to })
    .from(courseMarks)
    .where(eq(courseMarks.course_slug, course));
  const isAboutToBe = mark === undefined ? sql`0` : sql`${enrollments.user_id} > ${mark.up_to}`;
  const db = await databases.ofCourse(course);
  return db
    .select({
      id: enrollments.id,
      user_id: enrollments.user_id,
      enrolled_at: enrollments.enrolled_at,
      open_count: enrollments.open_count,
      completed_count: enrollments.completed_count,
      item_count: enrollments.item_count,
      last_active_at: sql<number>`max(${enrollments.last_active_at}, ${enrollments.active_at})`,
      // Marked, or about to be.
      is_stale: sql<number>`(${freshness.is_stale} = 1 OR ${isAboutToBe})`,
      version: enrollments.version,
      course_version: sql<number>`CASE WHEN ${freshness.reached_activation} > ${enrollments.activation}
        AND ${freshness.reached_activation} = ${pointer?.activation ?? null}
        THEN ${pointer?.version ?? null} ELSE ${enrollments.course_version} END`,
    })
    .from(enrollments)
    .innerJoin(
      freshness,
      and(eq(freshness.course_slug, enrollments.course_slug), eq(freshness.user_id, enrollments.user_id)),
    )
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
