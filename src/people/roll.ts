import { sql } from "drizzle-orm";
import { z } from "zod";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";

// The roll of a course: its learners with names, cohorts and when they were last here. Names are in the directory and
// enrollments in the course's database, so nothing is joined: two statements a page, whatever the course holds.

export interface Learner {
  user_id: string;
  name: string | null;
  email: string | null;
  status: "active" | "withdrawn";
  cohorts: string[];
  practice_mode: boolean;
  enrolled_at: number;
  /** Epoch ms; 0 is never. */
  last_active_at: number;
  completed_count: number;
  item_count: number;
}

export interface RollQuery {
  /** A part of a name, an address or an id; empty for all. */
  search: string;
  cohort: string | null;
  status: "active" | "withdrawn";
  after: string | null;
  limit: number;
}

/** Names that are looked at for each learner of a page: some have left since, or are of other cohorts. */
const NAMES_EACH = 3;
/** Characters of a name that learners are ordered by: a cursor has to hold them. */
const NAME_CHARACTERS = 60;
/** Cohorts of a course that are listed. */
const MAX_COHORTS = 200;

const nameSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  place: z.string(),
});
const rowSchema = z.object({
  user_id: z.string(),
  status: z.enum(["active", "withdrawn"]),
  cohorts: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  practice_mode: z.number().transform((value) => value === 1),
  enrolled_at: z.number(),
  last_active_at: z.number(),
  completed_count: z.number(),
  item_count: z.number(),
});

/** What JSON of a policy says; of somebody whose object was not made yet it may be empty. */
const POLICY = sql.raw("CASE policy WHEN '' THEN '{}' ELSE policy END");

/** A page of the roll by name. @returns the learners, and where the next page begins; null at the end. */
export async function rollPage(
  databases: CourseDatabases,
  course: string,
  query: RollQuery,
): Promise<{ learners: Learner[]; next: string | null }> {
  const take = NAMES_EACH * query.limit;
  const [, id = "", place = ""] = /^(\S*) (.*)$/s.exec(query.after ?? "") ?? [];
  const like = `%${query.search.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;
  const found = await databases.directory.all(sql`SELECT * FROM (
    SELECT user_courses.user_id AS id, name, email, substr(lower(coalesce(name, user_courses.user_id)), 1, ${NAME_CHARACTERS}) AS place
    FROM user_courses LEFT JOIN users ON users.id = user_courses.user_id WHERE course_slug = ${course}
    ${query.search === "" ? sql`` : sql`AND (lower(coalesce(name, '')) LIKE ${like} ESCAPE '\\' OR email LIKE ${like} ESCAPE '\\' OR lower(user_courses.user_id) LIKE ${like} ESCAPE '\\')`}
  ) AS learners WHERE (place, id) > (${place}, ${id}) ORDER BY place, id LIMIT ${take}`);
  const named = z.array(nameSchema).parse(found);
  if (named.length === 0) return { learners: [], next: null };
  const rows = await enrolledAmong(databases, course, named, query);
  const learners: Learner[] = [];
  let last: (typeof named)[number] | undefined;
  for (const who of named) {
    if (learners.length === query.limit) break;
    last = who;
    const row = rows.get(who.id);
    if (row !== undefined) learners.push({ ...row, name: who.name, email: who.email });
  }
  const isAll = last === named.at(-1) && named.length < take;
  return { learners, next: isAll || last === undefined ? null : `${last.id} ${last.place}` };
}

async function enrolledAmong(
  databases: CourseDatabases,
  course: string,
  named: readonly { id: string }[],
  { cohort, status }: RollQuery,
) {
  const ids = oneBatch(named.map(({ id }) => `${course}:${id}`));
  const inCohort =
    cohort === null ? sql`` : sql`AND EXISTS (SELECT 1 FROM json_each(${POLICY}, '$.cohorts') WHERE value = ${cohort})`;
  const db = await databases.ofCourse(course);
  const found = await db.all(sql`
    SELECT user_id, status, coalesce(json_extract(${POLICY}, '$.cohorts'), '[]') AS cohorts,
      coalesce(json_extract(${POLICY}, '$.practice_mode'), 0) AS practice_mode, enrolled_at,
      max(last_active_at, active_at) AS last_active_at, completed_count, item_count
    FROM (SELECT value AS wanted FROM ${jsonSet(ids)}) AS wanted CROSS JOIN enrollments ON enrollments.id = wanted
    WHERE status = ${status} ${inCohort}`);
  const rows = z.array(rowSchema).parse(found);
  return new Map(rows.map((row) => [row.user_id, row]));
}

/** The cohorts of a course with how many learners each has. */
export async function cohortsOf(databases: CourseDatabases, course: string) {
  const db = await databases.ofCourse(course);
  const found = await db.all(sql`
    SELECT cohort.value AS name, count(*) AS learners FROM enrollments, json_each(${POLICY}, '$.cohorts') AS cohort
    WHERE course_slug = ${course} AND status = 'active' GROUP BY cohort.value ORDER BY cohort.value LIMIT ${MAX_COHORTS}`);
  return z.array(z.object({ name: z.string(), learners: z.number() })).parse(found);
}

/**
 * Who is enrolled now, with their cohorts: what a roster is compared with.
 * @param among only these; null for the whole class, at most `most` of it.
 */
export async function enrolledNow(
  databases: CourseDatabases,
  course: string,
  among: readonly string[] | null,
  most: number,
) {
  const db = await databases.ofCourse(course);
  const cohorts = sql`coalesce(json_extract(${POLICY}, '$.cohorts'), '[]') AS cohorts`;
  const found = await db.all(
    among === null
      ? sql`SELECT user_id, ${cohorts} FROM enrollments
          WHERE course_slug = ${course} AND status = 'active' ORDER BY user_id LIMIT ${most}`
      : sql`SELECT user_id, ${cohorts}
          FROM (SELECT value AS wanted FROM ${jsonSet(oneBatch(among.map((user) => `${course}:${user}`)))}) AS wanted
          CROSS JOIN enrollments ON enrollments.id = wanted WHERE status = 'active'`,
  );
  const rows = z.array(rowSchema.pick({ user_id: true, cohorts: true })).parse(found);
  return new Map(rows.map((row) => [row.user_id, row.cohorts]));
}

/** Who is in a cohort now; at most `most`. */
export async function cohortNow(databases: CourseDatabases, course: string, cohort: string, most: number) {
  const db = await databases.ofCourse(course);
  const found = await db.all(sql`SELECT user_id FROM enrollments WHERE course_slug = ${course} AND status = 'active'
    AND EXISTS (SELECT 1 FROM json_each(${POLICY}, '$.cohorts') WHERE value = ${cohort}) ORDER BY user_id LIMIT ${most}`);
  return z
    .array(z.object({ user_id: z.string() }))
    .parse(found)
    .map(({ user_id }) => user_id);
}
