import { and, asc, eq, getTableColumns, gt, inArray, lte, sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { type FactRow, type MirroredEnrollment, toMirrored } from "./mirrored.ts";
import { enrollments, freshness, progress } from "./tables.ts";

/** Reads one enrollment's mirror: two D1 statements in one round trip. Null when there is no such enrollment. */
export async function loadMirror(db: Database, enrollment: string): Promise<MirroredEnrollment | null> {
  const { course, user } = parseEnrollmentId(enrollment);
  // It has another name because the row has a column of the release before that is called `stale_since` too.
  const marked_since = sql<number | null>`(SELECT ${freshness.stale_since} FROM ${freshness}
    WHERE ${freshness.course_slug} = ${course} AND ${freshness.user_id} = ${user})`.as("marked_since");
  const [rows, facts] = await db.batch([
    db
      .select({ ...getTableColumns(enrollments), marked_since })
      .from(enrollments)
      .where(eq(enrollments.id, enrollment)),
    db.select().from(progress).where(eq(progress.enrollment_id, enrollment)),
  ]);
  const [row] = rows;
  return row === undefined ? null : { ...toMirrored(row, facts), stale_since: row.marked_since };
}

/** Bytes of mirrors, and facts, of one page: these are in memory and evaluated at once. */
const PAGE_BYTES = 6_000_000;
const PAGE_FACTS = 40_000;

/** A page of mirrors, and the user id after which the next begins; null at the end. */
export interface MirroredPage {
  mirrors: MirroredEnrollment[];
  next: string | null;
}

/**
 * A page of a course's active enrollments with their facts, by user id: three D1 statements. It ends before the
 * enrollment with which it would have too many bytes or facts for the memory, whatever the limit, but has at least one.
 * An enrollment has at most as many facts as its progress has steps, so they need not be counted.
 * @param limit most enrollments of the page.
 * @param users only these, if given.
 */
export async function loadMirroredPage(
  db: Database,
  course: string,
  after: string,
  limit: number,
  users?: readonly string[],
): Promise<MirroredPage> {
  const ofPage = and(
    eq(enrollments.course_slug, course),
    eq(enrollments.status, "active"),
    gt(enrollments.user_id, after),
    users === undefined
      ? undefined
      : inArray(enrollments.user_id, sql`(SELECT value FROM ${jsonSet(oneBatch(users))})`),
  );
  const sizes = await db
    .select({
      user: enrollments.user_id,
      facts: enrollments.progress_seq,
      bytes: sql<number>`octet_length(${enrollments.policy}) + octet_length(${enrollments.kept}) + octet_length(${enrollments.earned})`,
    })
    .from(enrollments)
    .where(ofPage)
    .orderBy(asc(enrollments.user_id))
    .limit(limit)
    .all();
  const held = holdable(sizes);
  const last = held.at(-1)?.user;
  if (last === undefined) return { mirrors: [], next: null };
  const rows = await db
    .select()
    .from(enrollments)
    .where(and(ofPage, lte(enrollments.user_id, last)))
    .orderBy(asc(enrollments.user_id))
    .limit(limit)
    .all();
  const facts = await factsOf(
    db,
    rows.map((row) => row.id),
  );
  const isLast = held.length === sizes.length && sizes.length < limit;
  return {
    mirrors: rows.map((row) => toMirrored(row, facts.get(row.id) ?? [])),
    next: isLast ? null : last,
  };
}

/** The facts of some enrollments, by enrollment: one D1 statement. */
export async function factsOf(db: Database, ids: readonly string[]): Promise<Map<string, FactRow[]>> {
  const facts = await db
    .select()
    .from(progress)
    .where(inArray(progress.enrollment_id, sql`(SELECT value FROM ${jsonSet(oneBatch(ids))})`))
    .all();
  return Map.groupBy(facts, (fact) => fact.enrollment_id);
}

/** The first of these enrollments that fit in memory together; at least one. */
function holdable<T extends { facts: number; bytes: number }>(sizes: readonly T[]): T[] {
  let facts = PAGE_FACTS;
  let bytes = PAGE_BYTES;
  const end = sizes.findIndex((size, index) => {
    facts -= size.facts;
    bytes -= size.bytes;
    return (facts < 0 || bytes < 0) && index > 0;
  });
  return end < 0 ? [...sizes] : sizes.slice(0, end);
}
