import { z } from "@hono/zod-openapi";
import { and, asc, eq, gt, inArray, sql } from "drizzle-orm";
import type { Database } from "../bindings.ts";
import type { CoursePointer } from "../courses/index.ts";
import { type Fact, type LearnerRecord, NO_POLICY, OVERRIDE_KINDS, type Policy } from "../unlock/index.ts";
import type { ProjectedFact } from "./contract.ts";
import { enrollments, progress } from "./tables.ts";

/** An enrollment as D1 mirrors it. Read when the object cannot answer, and to rebuild a lost object. */
export interface MirroredEnrollment {
  id: string;
  course: string;
  user: string;
  status: "active" | "withdrawn";
  record: LearnerRecord;
  /** Items the rules had opened, for a grandfathering publish in a course that is not sticky. */
  earned: string[];
  facts: ProjectedFact[];
  version: number;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  activation: number;
  engine: number;
  stale_since: number | null;
}

const policySchema: z.ZodType<Policy> = z.object({
  cohorts: z.array(z.string()),
  practice_mode: z.boolean(),
  overrides: z.array(
    z.object({
      item: z.string(),
      kind: z.enum(OVERRIDE_KINDS),
      created_at: z.number(),
      expires_at: z.number().nullable(),
      extend_to: z.number().nullable(),
    }),
  ),
});
const idListSchema = z.array(z.string());

/** Reads one enrollment's mirror: two D1 statements in one round trip. Null when there is no such enrollment. */
export async function loadMirror(db: Database, enrollment: string): Promise<MirroredEnrollment | null> {
  const [rows, facts] = await db.batch([
    db.select().from(enrollments).where(eq(enrollments.id, enrollment)),
    db.select().from(progress).where(eq(progress.enrollment_id, enrollment)),
  ]);
  const [row] = rows;
  return row === undefined ? null : toMirrored(row, facts);
}

/** A page of a course's active enrollments with their facts, by user id: two D1 statements. */
export async function loadMirroredPage(
  db: Database,
  course: string,
  after: string,
  limit: number,
): Promise<MirroredEnrollment[]> {
  const rows = await db
    .select()
    .from(enrollments)
    .where(and(eq(enrollments.course_slug, course), eq(enrollments.status, "active"), gt(enrollments.user_id, after)))
    .orderBy(asc(enrollments.user_id))
    .limit(limit)
    .all();
  const ids = JSON.stringify(rows.map((row) => row.id));
  const facts = await db
    .select()
    .from(progress)
    .where(inArray(progress.enrollment_id, sql`(SELECT value FROM json_each(${ids}))`))
    .all();
  const factsByEnrollment = Map.groupBy(facts, (fact) => fact.enrollment_id);
  return rows.map((row) => toMirrored(row, factsByEnrollment.get(row.id) ?? []));
}

function toMirrored(
  row: typeof enrollments.$inferSelect,
  facts: readonly (typeof progress.$inferSelect)[],
): MirroredEnrollment {
  const byItem = new Map<string, Fact>();
  for (const fact of facts) byItem.set(fact.item_id, fact);
  return {
    id: row.id,
    course: row.course_slug,
    user: row.user_id,
    status: row.status,
    record: {
      enrolled_at: row.enrolled_at,
      facts: byItem,
      opened: new Set(idListSchema.parse(JSON.parse(row.kept))),
      policy: row.policy === "" ? NO_POLICY : policySchema.parse(JSON.parse(row.policy)),
    },
    earned: idListSchema.parse(JSON.parse(row.earned)),
    facts: facts.map(({ item_id, attempted_at, completed_at, best_score, revoked_at, seq }) => ({
      item: item_id,
      attempted_at,
      completed_at,
      best_score,
      revoked_at,
      seq,
    })),
    version: row.version,
    progress_seq: row.progress_seq,
    policy_seq: row.policy_seq,
    course_version: row.course_version,
    activation: row.activation,
    engine: row.engine,
    stale_since: row.stale_since,
  };
}

/**
 * What stays open when a course moves from the activation a learner last saw to `pointer`: nothing if any activation
 * between relocked; otherwise what was kept, and what the rules had opened (grandfathering).
 */
export function keptAcross(
  pointer: CoursePointer,
  seen: { activation: number; kept: ReadonlySet<string>; earned: Iterable<string> },
): Set<string> {
  if (pointer.activation <= seen.activation) return new Set(seen.kept);
  if (pointer.last_relock > seen.activation) return new Set();
  return new Set([...seen.kept, ...seen.earned]);
}
