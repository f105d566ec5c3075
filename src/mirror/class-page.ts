import { sql } from "drizzle-orm";
import { z } from "zod";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";
import type { ClassMember } from "./class-row.ts";
import { factsOf } from "./mirror.ts";
import { toMirrored } from "./mirrored.ts";

// A page of a class: its enrollments, their facts and the learners' names, in three statements for any class. Names are
// in the directory and enrollments in the course's shard, which may be another database, so they cannot be joined.

export const CLASS_SORTS = ["name", "last_active"] as const;

export interface ClassQuery {
  sort: (typeof CLASS_SORTS)[number];
  /** Only learners of this cohort. */
  cohort: string | null;
  /** The end of the page before, see {@link ClassPage}. */
  after: string | null;
  limit: number;
}

export interface ClassPage {
  members: ClassMember[];
  /** Where the next page begins; null at the end. */
  next: string | null;
}

/** Bytes of mirrors and facts in memory at once. A page has at least one learner, however large. */
const PAGE_BYTES = 6_000_000;
/**
 * A fact counts as so many bytes. An enrollment has at most as many facts as its progress has steps, so they need not
 * be counted.
 */
const FACT_BYTES = 150;
/** Names read for each learner of a page: some of these people have left since, or are in other cohorts. */
const NAMES_EACH = 3;
/** Characters of a name by which learners are sorted: they must fit in a cursor. */
const NAME_CHARACTERS = 60;

const COLUMNS =
  `id, course_slug, user_id, status, withdrawn_at, enrolled_at, policy, kept, earned, version, progress_seq,
 policy_seq, course_version, activation, engine, computed_at, last_active_at, active_at`.replaceAll("\n", "");
const SIZE = `octet_length(policy) + octet_length(kept) + octet_length(earned) + ${FACT_BYTES} * progress_seq AS size`;
const IN_COHORT =
  "EXISTS (SELECT 1 FROM json_each(CASE policy WHEN '' THEN '{}' ELSE policy END, '$.cohorts') WHERE value = ";

const rowSchema = z.object({
  id: z.string(),
  course_slug: z.string(),
  user_id: z.string(),
  status: z.enum(["active", "withdrawn"]),
  withdrawn_at: z.number().nullable(),
  enrolled_at: z.number(),
  policy: z.string(),
  kept: z.string(),
  earned: z.string(),
  version: z.number(),
  progress_seq: z.number(),
  policy_seq: z.number(),
  course_version: z.number(),
  activation: z.number(),
  engine: z.number(),
  computed_at: z.number().nullable(),
  last_active_at: z.number(),
  active_at: z.number(),
  /** Rows that were found, including those for which there was no room. */
  found_count: z.number(),
});
type Row = z.infer<typeof rowSchema>;
const nameSchema = z.object({ id: z.string(), name: z.string().nullable(), place: z.string() });

/** A page of a course's active learners, each from the mirror in D1: three D1 statements. */
export async function classPage(databases: CourseDatabases, course: string, query: ClassQuery): Promise<ClassPage> {
  const shard = await databases.ofCourse(course);
  const filter = query.cohort === null ? sql`` : sql` AND ${sql.raw(IN_COHORT)}${query.cohort})`;
  const read = async (order: string, found: ReturnType<typeof sql>): Promise<Row[]> => {
    const measured = sql`SELECT * FROM (SELECT found.*, count(*) OVER () AS found_count, sum(size) OVER (ORDER BY ${sql.raw(order)}) - size AS bytes_before FROM (${found}) AS found) AS measured WHERE bytes_before <= ${PAGE_BYTES}`;
    return z.array(rowSchema).parse(await shard.all(measured));
  };
  if (query.sort === "last_active") {
    const { at, id } = activityPlace(query.after);
    const rows = await read(
      "last_active_at DESC, id DESC",
      sql`SELECT ${sql.raw(`${COLUMNS}, ${SIZE}`)} FROM enrollments WHERE course_slug = ${course} AND last_active_at <= ${at} AND (last_active_at < ${at} OR id < ${id}) AND status = 'active'${filter} ORDER BY last_active_at DESC, id DESC LIMIT ${query.limit + 1}`,
    );
    rows.sort((a, b) => b.last_active_at - a.last_active_at || (a.id < b.id ? 1 : -1));
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    const hasMore = last !== undefined && last.found_count > page.length;
    const names = await namesOf(databases, page);
    return { members: await membersOf(shard, page, names), next: hasMore ? `${last.last_active_at}:${last.id}` : null };
  }
  const take = NAMES_EACH * query.limit;
  const named = await namesAfter(databases, course, query.after, take);
  const places = new Map(named.map(({ id }, at) => [id, at]));
  const wanted = oneBatch(named.map(({ id }) => `${course}:${id}`));
  const rows = await read(
    "place",
    sql`SELECT ${sql.raw(`${COLUMNS}, ${SIZE}`)}, place FROM (SELECT key AS place, value AS wanted_id FROM ${jsonSet(wanted)}) AS wanted CROSS JOIN enrollments ON enrollments.id = wanted_id WHERE status = 'active'${filter} LIMIT ${take}`,
  );
  rows.sort((a, b) => (places.get(a.user_id) ?? 0) - (places.get(b.user_id) ?? 0));
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  const isCut = last !== undefined && last.found_count > page.length;
  const end = isCut ? named[places.get(last.user_id) ?? 0] : named.length === take ? named.at(-1) : undefined;
  const names = new Map(named.map(({ id, name }) => [id, name]));
  return { members: await membersOf(shard, page, names), next: end === undefined ? null : `${end.id} ${end.place}` };
}

async function membersOf(
  shard: Parameters<typeof factsOf>[0],
  page: readonly Row[],
  names: ReadonlyMap<string, string | null>,
): Promise<ClassMember[]> {
  if (page.length === 0) return [];
  const facts = await factsOf(
    shard,
    page.map(({ id }) => id),
  );
  return page.map((row) => ({
    mirror: toMirrored(row, facts.get(row.id) ?? []),
    name: names.get(row.user_id) ?? null,
    // The release before writes only last_active_at: the later of the two counts.
    active_at: Math.max(row.active_at, row.last_active_at),
  }));
}

async function namesOf({ directory }: CourseDatabases, page: readonly Row[]): Promise<Map<string, string>> {
  if (page.length === 0) return new Map();
  const ids = oneBatch(page.map(({ user_id }) => user_id));
  const found = await directory.all(
    sql`SELECT id, name, '' AS place FROM users WHERE id IN (SELECT value FROM ${jsonSet(ids)})`,
  );
  return new Map(
    z
      .array(nameSchema)
      .parse(found)
      .map(({ id, name }) => [id, name ?? ""]),
  );
}

/**
 * The learners of a course, including those that left, by name and id. A learner without a name is sorted by the id.
 */
async function namesAfter({ directory }: CourseDatabases, course: string, after: string | null, take: number) {
  const [, id = "", place = ""] = /^(\S*) (.*)$/s.exec(after ?? "") ?? [];
  const found = await directory.all(sql`SELECT * FROM (
    SELECT user_courses.user_id AS id, name, substr(lower(coalesce(name, user_courses.user_id)), 1, ${NAME_CHARACTERS}) AS place
    FROM user_courses LEFT JOIN users ON users.id = user_courses.user_id WHERE course_slug = ${course}
  ) AS learners WHERE (place, id) > (${place}, ${id}) ORDER BY place, id LIMIT ${take}`);
  return z.array(nameSchema).parse(found);
}

function activityPlace(after: string | null): { at: number; id: string } {
  const [, at, id = ""] = /^(\d+):(.*)$/.exec(after ?? "") ?? [];
  return at === undefined ? { at: Number.MAX_SAFE_INTEGER, id: "" } : { at: Number(at), id };
}
