import { type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Database } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import type { Statement } from "../platform/database/statement.ts";
import { type AppContext, actorOf } from "../platform/http/context.ts";
import { readOnce } from "../platform/late.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { ok, type Result } from "../platform/results.ts";
import type { Outcome } from "./actions.ts";
import { type NewEntry, type OwnEntry, ownEntry } from "./entry.ts";
import { insertEntry, KEEP_ENTRIES, REFUSE_ENTRIES, REMOVE_ENTRIES, waitingEntries } from "./statements.ts";
import { appendAll, callChain, MAX_APPEND } from "./stubs.ts";
import { auditOutbox } from "./tables.ts";

/** Pages of the outbox that one run carries to the chain at most. */
const MAX_PAGES = 20;

/**
 * The statement that adds an entry to the outbox of the audit chain. It must be in the batch of the change, so that
 * both are stored or neither is; {@link drainAudit} brings the entry to the chain.
 */
export function addAuditEntry(db: Database, entry: OwnEntry, now: number): BatchItem<"sqlite"> {
  const full = ownEntry(entry, now);
  return db
    .insert(auditOutbox)
    .values({ key: full.key, entry: JSON.stringify(full), created_at: now })
    .onConflictDoNothing();
}

/** The same, only if a condition is true when the batch comes to it. */
export function addAuditEntryWhere(db: Database, entry: OwnEntry, now: number, condition: SQL): BatchItem<"sqlite"> {
  const full = ownEntry(entry, now);
  return db
    .insert(auditOutbox)
    .select(sql`SELECT NULL, ${full.key}, ${JSON.stringify(full)}, ${now}, NULL, 0 WHERE ${condition}`)
    .onConflictDoNothing();
}

/**
 * The same for a user who may not exist, with the role that they have: it must come before the statement that changes
 * the role.
 */
export function addUserAuditEntry(db: Database, entry: OwnEntry, user: string, now: number): BatchItem<"sqlite"> {
  const full = ownEntry(entry, now);
  return db.insert(auditOutbox).select(sql`
    SELECT NULL, ${full.key}, json_set(${JSON.stringify(full)}, '$.details.from_role', role), ${now}, NULL, 0
    FROM users WHERE id = ${user}`);
}

/**
 * The same as {@link addAuditEntry} for statements that change D1 only.
 * @param where made by {@link insertEntryWhere}: only if its condition is true when the batch comes to it.
 * @param about the value that the condition uses.
 */
export function addAuditEntryStatement(
  db: D1Database,
  entry: OwnEntry,
  now: number,
  where?: Statement<[key: string, entry: string, now: number, about: string]>,
  about = "",
): D1PreparedStatement {
  const full = ownEntry(entry, now);
  const text = JSON.stringify(full);
  return where === undefined ? insertEntry(db, full.key, text, now) : where(db, full.key, text, now, about);
}

/**
 * Records an action whose effect is neither in D1 nor in an object with an outbox of its own (a message is sent,
 * records are deleted). The entry goes into the chain first, as ordered; if that fails, the action is not done.
 */
export async function orderAudit(c: AppContext, entry: Omit<OwnEntry, "actor" | "outcome">): Promise<Result<null>> {
  const { id, role } = actorOf(c);
  const ordered = ownEntry(
    { ...entry, actor: { id, role }, request_id: c.get("requestId"), outcome: "ordered" },
    Date.now(),
  );
  const appended = await appendAll(c.env, [ordered]);
  return appended.ok ? ok(null) : appended;
}

/**
 * Records, before it happens, something frequent that removes nothing (somebody reads another user's file or writes
 * their records): into the chain, or while the chain does not answer into the outbox of D1. It is refused only if
 * neither answers.
 */
export async function recordAudit(
  c: AppContext,
  entry: Omit<OwnEntry, "actor" | "outcome"> & { outcome?: Outcome },
): Promise<Result<null>> {
  const { id, role } = actorOf(c);
  const now = Date.now();
  const recorded = ownEntry({ outcome: "ordered", ...entry, actor: { id, role }, request_id: c.get("requestId") }, now);
  const appended = await appendAll(c.env, [recorded]);
  if (appended.ok) return ok(null);
  try {
    await insertEntry(directory(c.env), recorded.key, JSON.stringify(recorded), now).run();
    return ok(null);
  } catch (fault) {
    logFault("audit_unreachable", fault, { request_id: c.get("requestId") });
    return appended;
  }
}

/**
 * Records many actions whose effect has no outbox of its own, before they happen: into the chain, or while that does
 * not answer into the outbox of D1.
 * @returns `unavailable` when neither takes them.
 */
export async function appendOrKeep(env: Env, entries: readonly NewEntry[], now: number): Promise<Result<null>> {
  if (entries.length === 0) return ok(null);
  const appended = await appendAll(env, entries);
  if (appended.ok) return ok(null);
  try {
    const db = directory(env);
    const full = entries.map((entry) => ({ key: entry.key, entry: JSON.stringify(entry) }));
    await db.batch(KEEP_ENTRIES.over(db, full, now));
    return ok(null);
  } catch (fault) {
    logFault("audit_unreachable", fault, { entries: entries.length });
    return appended;
  }
}

/** Keys of entries that this isolate has recorded already. */
const recordedToday = new Set<string>();
/** About 150 bytes each. */
const MAX_REMEMBERED = 5_000;

/**
 * The same once a day (UTC) for each actor, action and target. Some actions are so frequent that an entry for each
 * would hide the other entries. The first of the day is recorded, with its instant.
 */
export async function recordOncePerDay(
  c: AppContext,
  entry: Omit<OwnEntry, "actor" | "outcome" | "unique" | "details">,
): Promise<Result<null>> {
  const day = new Date().toISOString().slice(0, 10);
  const unique = `${ONCE}${day}:${actorOf(c).id}:${entry.target.type}:${entry.target.id}`;
  const remembered = `${entry.action} ${unique}`;
  if (recordedToday.has(remembered)) return ok(null);
  const recorded = await recordAudit(c, { ...entry, outcome: "done", unique });
  if (recorded.ok) {
    if (recordedToday.size >= MAX_REMEMBERED) recordedToday.clear();
    recordedToday.add(remembered);
  }
  return recorded;
}

/** A part of the keys of daily entries. */
const ONCE = "once:";
/** The second one finds another entry under its key and does nothing: the first entry is enough. */
const isOnce = (key: string) => key.includes(`:${ONCE}`) || key.startsWith(":sign_in.refused:");

/** What of {@link nudgeAudit} is under way in this isolate: since when, and whether somebody has written meanwhile. */
const carrying = { since: 0, isAskedAgain: false };
/** A run that has said nothing for so long has died with its request. */
const CARRIED_WITHIN_MS = 10_000;

/**
 * Moves what waits in the outbox into the chain, beside the answer. One run of an isolate at a time: what is written while
 * one is under way goes with its next look, so that a burst of changes is carried by a few calls and not by one each. A
 * failure costs only time: the minute's cron tries again.
 */
export function nudgeAudit(c: AppContext): void {
  const now = Date.now();
  const age = now - carrying.since;
  if (age >= 0 && age < CARRIED_WITHIN_MS) {
    carrying.isAskedAgain = true;
    return;
  }
  carrying.since = now;
  c.executionCtx.waitUntil(
    carryOver(c.env, now).catch((fault: unknown) =>
      logFault("audit_delayed", fault, { request_id: c.get("requestId") }),
    ),
  );
}

async function carryOver(env: Env, since: number): Promise<void> {
  try {
    do {
      carrying.isAskedAgain = false;
      await drainAudit(env);
    } while (carrying.isAskedAgain && Date.now() - since < CARRIED_WITHIN_MS);
  } finally {
    // Another run may have begun after this one was taken for dead.
    if (carrying.since === since) carrying.since = 0;
  }
}

/** It is loaded late: the middleware of every request loads this file, and only this job needs the schemas. */
const readStoredEntrySchema = readOnce(async () => (await import("./shapes.ts")).storedEntrySchema);

/**
 * Brings the outbox of D1 to the chain. A row is removed after the chain has its entry; its key makes a repeat
 * harmless.
 * @param now newer entries are left for the next time.
 */
export async function drainAudit(env: Env, now = Date.now()): Promise<void> {
  const storedEntrySchema = await readStoredEntrySchema();
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { results } = await waitingEntries(directory(env), now, MAX_APPEND).all<{
      id: number;
      key: string;
      entry: string;
    }>();
    if (results.length === 0) return;
    const unreadable = new Set<string>();
    const entries = results.flatMap(({ key, entry }): NewEntry[] => {
      const parsed = storedEntrySchema.safeParse(readJson(entry));
      if (parsed.success) return [parsed.data];
      unreadable.add(key);
      return [];
    });
    const appended = await appendAll(env, entries);
    if (!appended.ok) return;
    const bad = results.filter(({ key }) => unreadable.has(key) || (appended.value.refused.has(key) && !isOnce(key)));
    for (const { key } of bad) logEvent("audit_entry_refused", { key });
    const ids = (rows: readonly { id: number }[]) => rows.map(({ id }) => id);
    await directory(env).batch([
      ...REFUSE_ENTRIES.over(directory(env), ids(bad)),
      ...REMOVE_ENTRIES.over(directory(env), ids(results)),
    ]);
    if (results.length < MAX_APPEND) return;
  }
}

/** Entries that wait in the outbox of D1, and those that need a person. */
export async function outboxDepth(db: Database): Promise<{ waiting: number; refused: number }> {
  const row = await db
    .select({
      waiting: sql<number>`count(*) FILTER (WHERE ${auditOutbox.error} IS NULL)`,
      refused: sql<number>`count(*) FILTER (WHERE ${auditOutbox.error} IS NOT NULL)`,
    })
    .from(auditOutbox)
    .get();
  return row ?? { waiting: 0, refused: 0 };
}

/**
 * Every minute: moves waiting entries into the chain, and sets the alarm of the chain again. Never throws: if one part
 * fails, the other is still done.
 */
export async function sweepAudit(env: Env): Promise<void> {
  try {
    await drainAudit(env);
  } catch (fault) {
    logFault("audit_delayed", fault);
  }
  await callChain(env, (stub) => stub.sweep());
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // refused as unreadable
  }
}
