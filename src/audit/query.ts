import { inArray, type SQL, sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { matchExpression } from "../platform/words.ts";
import { pseudonymsIn, withNames } from "./people.ts";
import { MAIN_CHAIN } from "./stubs.ts";
import { auditLog, auditPeople } from "./tables.ts";

/** The filter of a list or an export. Instants in epoch ms, at which an entry was received. */
export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  target?: string | undefined;
  enrollment?: string | undefined;
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

/** The filter in the form of stored entries: users as pseudonyms. */
export async function storedFilter(db: Database, filter: AuditFilter): Promise<AuditFilter> {
  const { actor, target, enrollment } = filter;
  const learner = enrollment === undefined ? undefined : parseEnrollmentId(enrollment).user;
  const places = target === undefined || !mayNameUser(filter) ? [] : placesOf(target);
  const parts = [actor, learner, ...places.map(({ user }) => user)].filter((part) => part !== undefined);
  if (parts.length === 0) return filter;
  const known = await db.select().from(auditPeople).where(inArray(auditPeople.user_id, parts));
  const names = new Map(known.map(({ user_id, pseudonym }) => [user_id, pseudonym]));
  const named = (part: string) => names.get(part) ?? part;
  const place = places.find(({ user }) => names.has(user));
  return {
    ...filter,
    ...(actor === undefined ? {} : { actor: named(actor) }),
    ...(enrollment === undefined || learner === undefined
      ? {}
      : { enrollment: `${parseEnrollmentId(enrollment).course}:${named(learner)}` }),
    ...(place === undefined ? {} : { target: place.before + named(place.user) + place.after }),
  };
}

/**
 * The forms of a target that may name a user: the user, an enrollment, a submission, or something that belongs to one.
 * The most likely comes first.
 */
function placesOf(target: string): { before: string; user: string; after: string }[] {
  const [first, last] = [target.indexOf(":"), target.lastIndexOf(":")];
  const cut = (from: number, to: number) => ({
    before: target.slice(0, from),
    user: target.slice(from, to),
    after: target.slice(to),
  });
  const whole = cut(0, target.length);
  if (first === -1) return [whole];
  return [whole, cut(first + 1, target.length), cut(first + 1, last), cut(0, last), cut(0, first)];
}

/** Without a type, a target is read as one that names a user if such a user exists. */
const NAMING_TYPES = ["user", "enrollment", "translation_session"];
const mayNameUser = ({ target_type }: AuditFilter) => target_type === undefined || NAMING_TYPES.includes(target_type);

/** Entries with the ids of users who are still known. One statement. */
export async function namedEntries(db: Database, rows: readonly AuditRow[]): Promise<AuditRow[]> {
  const pseudonyms = new Set(
    rows.flatMap(({ actor_id, target_id, enrollment, reported_by }) =>
      pseudonymsIn([actor_id, target_id, enrollment, reported_by].join(" ")),
    ),
  );
  if (pseudonyms.size === 0) return [...rows];
  // Only for the entries of one page, which name few users.
  const list = jsonSet(oneBatch([...pseudonyms]));
  const known = await db.select().from(auditPeople).where(sql`${auditPeople.pseudonym} IN (SELECT value FROM ${list})`);
  const users = new Map(known.map(({ pseudonym, user_id }) => [pseudonym, user_id]));
  return rows.map((row) => ({
    ...row,
    actor_id: withNames(row.actor_id, users),
    target_id: withNames(row.target_id, users),
    enrollment: row.enrollment === null ? null : withNames(row.enrollment, users),
    reported_by: row.reported_by === null ? null : withNames(row.reported_by, users),
  }));
}

/**
 * Entries of the main chain before a place, newest first. Places only grow and entries never change, so a walk returns
 * each entry that was there all the time exactly once.
 */
export async function findEntries(
  db: Database,
  filter: AuditFilter,
  before: number | null,
  take: number,
): Promise<AuditRow[]> {
  const conditions = conditionsOf(filter);
  const matches = filter.q === undefined ? undefined : matchExpression(filter.q, null, "begun");
  if (matches === null) return []; // there is no word in it
  if (matches === undefined) return findWhere(db, all(conditions), before, take);
  // The index is read from its newest row, and each match looked up: no sort, for any number of matches.
  if (before !== null) conditions.push(sql`audit_log_words.rowid < ${before}`);
  return db.all<AuditRow>(sql`
    SELECT ${COLUMNS} FROM audit_log_words CROSS JOIN audit_log ON audit_log.id = audit_log_words.rowid
    WHERE audit_log_words MATCH ${matches} AND ${all(conditions)} ORDER BY audit_log_words.rowid DESC LIMIT ${take}`);
}

/** Entries of the main chain before a place for which a condition is true, newest first. */
export function findWhere(db: Database, condition: SQL, before: number | null, take: number): Promise<AuditRow[]> {
  const conditions = [sql`audit_log.chain = ${MAIN_CHAIN}`, condition];
  if (before !== null) conditions.push(sql`audit_log.seq < ${before}`);
  return db.all<AuditRow>(
    sql`SELECT ${COLUMNS} FROM audit_log WHERE ${all(conditions)} ORDER BY audit_log.seq DESC LIMIT ${take}`,
  );
}

/**
 * The place after which the next page starts: in the order of the index if it is used, else in the order of the chain.
 */
export function positionOf(filter: AuditFilter, row: AuditRow): number {
  return filter.q === undefined ? row.seq : row.id;
}

function conditionsOf({ actor, action, target, target_type, enrollment, from, to }: AuditFilter): SQL[] {
  const conditions = [sql`audit_log.chain = ${MAIN_CHAIN}`];
  if (actor !== undefined) conditions.push(sql`audit_log.actor_id = ${actor}`);
  if (action !== undefined) conditions.push(sql`audit_log.action = ${action}`);
  if (target !== undefined) conditions.push(sql`audit_log.target_id = ${target}`);
  if (enrollment !== undefined) conditions.push(sql`audit_log.enrollment = ${enrollment}`);
  if (target_type !== undefined) conditions.push(sql`audit_log.target_type = ${target_type}`);
  // Entries are received in the order of their places, so a period of time is a range of places.
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
