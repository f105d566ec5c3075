import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../bindings.ts";
import { searchQuery } from "./search.ts";
import { MAIN_CHAIN } from "./stubs.ts";
import { auditLog } from "./tables.ts";

/** What a list or an export is narrowed to. Instants in epoch ms, of when an entry was received. */
export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  target_type?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  q?: string | undefined;
}

export type AuditRow = Omit<typeof auditLog.$inferSelect, "tokens">;

const l = auditLog;
const COLUMNS = sql.join(
  [
    l.id,
    l.chain,
    l.seq,
    l.hash,
    l.key,
    l.action,
    l.occurred_at,
    l.received_at,
    l.actor_id,
    l.actor_role,
    l.target_type,
    l.target_id,
    l.course,
    l.enrollment,
    l.request_id,
    l.outcome,
    l.details,
    l.reported_by,
  ].map((column) => sql`audit_log.${sql.identifier(column.name)}`),
  sql`, `,
);

/**
 * Entries of the main chain before a place, newest first. Places only grow and entries never change, so a walk returns
 * every entry that was there throughout exactly once.
 */
export async function findEntries(
  db: Database,
  filter: AuditFilter,
  before: number | null,
  take: number,
): Promise<AuditRow[]> {
  const conditions = conditionsOf(filter);
  const matches = filter.q === undefined ? undefined : searchQuery(filter.q);
  if (matches === null) return []; // there is no word in it
  if (matches === undefined) {
    if (before !== null) conditions.push(sql`audit_log.seq < ${before}`);
    return db.all<AuditRow>(
      sql`SELECT ${COLUMNS} FROM audit_log WHERE ${all(conditions)} ORDER BY audit_log.seq DESC LIMIT ${take}`,
    );
  }
  // The index is walked from its newest row, and each hit looked up: no sort, however many there are.
  if (before !== null) conditions.push(sql`audit_log_words.rowid < ${before}`);
  return db.all<AuditRow>(sql`
    SELECT ${COLUMNS} FROM audit_log_words CROSS JOIN audit_log ON audit_log.id = audit_log_words.rowid
    WHERE audit_log_words MATCH ${matches} AND ${all(conditions)} ORDER BY audit_log_words.rowid DESC LIMIT ${take}`);
}

/** The place after which the next page starts: in the index's order when it is walked, else in the chain's. */
export function positionOf(filter: AuditFilter, row: AuditRow): number {
  return filter.q === undefined ? row.seq : row.id;
}

function conditionsOf({ actor, action, target, target_type, from, to }: AuditFilter): SQL[] {
  const conditions = [sql`audit_log.chain = ${MAIN_CHAIN}`];
  if (actor !== undefined) conditions.push(sql`audit_log.actor_id = ${actor}`);
  if (action !== undefined) conditions.push(sql`audit_log.action = ${action}`);
  if (target !== undefined) conditions.push(sql`audit_log.target_id = ${target}`);
  if (target_type !== undefined) conditions.push(sql`audit_log.target_type = ${target_type}`);
  // Entries are received in the order of their places, so a stretch of time is a stretch of places.
  if (from !== undefined) {
    conditions.push(sql`audit_log.seq >= (SELECT e.seq FROM audit_log AS e
      WHERE e.chain = ${MAIN_CHAIN} AND e.received_at >= ${from} ORDER BY e.received_at, e.seq LIMIT 1)`);
  }
  if (to !== undefined) {
    conditions.push(sql`audit_log.seq <= (SELECT e.seq FROM audit_log AS e
      WHERE e.chain = ${MAIN_CHAIN} AND e.received_at < ${to} ORDER BY e.received_at DESC, e.seq DESC LIMIT 1)`);
  }
  return conditions;
}

function all(conditions: readonly SQL[]): SQL {
  return sql.join([...conditions], sql` AND `);
}
