import { eq, or, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Database } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { drainAudit } from "./outbox.ts";
import { type AuditRow, findWhere, namedEntries } from "./query.ts";
import { entryAbout } from "./statements.ts";
import { callChain } from "./stubs.ts";
import { auditOutbox, auditPeople } from "./tables.ts";

/** Entries read at a time. */
const PAGE = 500;

/**
 * The entries about a user that the search database has: what they did, and what was done to their account and their
 * enrollments.
 * @param courses the courses in which the user is or was enrolled.
 */
export async function* entriesAbout(db: Database, user: string, courses: readonly string[]): AsyncIterable<AuditRow> {
  const known = await db.select().from(auditPeople).where(eq(auditPeople.user_id, user)).get();
  if (known === undefined) return;
  const { pseudonym } = known;
  yield* walk(db, sql`audit_log.actor_id = ${pseudonym}`);
  yield* walk(db, sql`audit_log.target_id = ${pseudonym} AND audit_log.target_type = 'user'`);
  for (const course of courses) yield* walk(db, sql`audit_log.enrollment = ${`${course}:${pseudonym}`}`);
}

async function* walk(db: Database, condition: SQL): AsyncIterable<AuditRow> {
  for (let before: number | null = null; ; ) {
    const rows: AuditRow[] = await findWhere(db, condition, before, PAGE);
    yield* await namedEntries(db, rows);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    before = last.seq;
  }
}

/**
 * Forgets everywhere which user a pseudonym stands for.
 * @throws while entries that name the user still wait for the chain.
 */
export async function forgetUser(env: Env, user: string): Promise<void> {
  // Also the counts of this minute: the user's id must not wait among them.
  await drainAudit(env, Number.MAX_SAFE_INTEGER);
  const db = drizzle(directory(env));
  const named = or(
    eq(sql`${auditOutbox.entry} ->> '$.actor.id'`, user),
    eq(sql`${auditOutbox.entry} ->> '$.target.id'`, user),
  );
  // The chain has refused these for good, and will never accept them.
  await db.delete(auditOutbox).where(sql`${auditOutbox.error} IS NOT NULL AND ${named}`);
  const waiting = await db.select({ id: auditOutbox.id }).from(auditOutbox).where(named).limit(1).get();
  if (waiting !== undefined) throw new Error("the audit chain does not answer");
  const forgotten = await callChain(env, (stub) => stub.forget(user));
  if (!forgotten.ok) throw new Error(`refused: ${forgotten.refusal.code}`);
  await db.delete(auditPeople).where(eq(auditPeople.user_id, user));
}

/** A page of the users whom the chain knows, whether or not its entries have reached D1. */
export async function usersKnown(env: Env, after: string): Promise<{ ids: string[]; next: string | null }> {
  const users = await callChain(env, (stub) => stub.users(after, PAGE));
  if (!users.ok) throw new Error(`refused: ${users.refusal.code}`);
  const ids = users.value;
  return { ids, next: ids.length === PAGE ? (ids.at(-1) ?? null) : null };
}

/** Whether the audit log knows a user: in the chain, or in an entry that waits for it. */
export async function knowsUser(env: Env, user: string): Promise<boolean> {
  const waiting = await entryAbout(directory(env), user).first();
  if (waiting !== null) return true;
  const known = await callChain(env, (stub) => stub.knows(user));
  if (!known.ok) throw new Error(`refused: ${known.refusal.code}`);
  return known.value;
}
