import { sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Database } from "../bindings.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { type AppContext, actorOf } from "../shared/http.ts";
import { ok, type Result } from "../shared/results.ts";
import { type NewEntry, type OwnEntry, ownEntry, storedEntrySchema } from "./entry.ts";
import { appendAll, callChain, MAX_APPEND } from "./stubs.ts";
import { auditOutbox } from "./tables.ts";

/** Pages of the outbox that one run carries to the chain at most. */
const MAX_PAGES = 20;

/**
 * The statement that makes a change of D1 owe an entry to the audit chain. It stands in the batch of the change, so that
 * both are there or neither is; {@link drainAudit} carries it over.
 */
export function oweAudit(db: Database, entry: OwnEntry, now: number): BatchItem<"sqlite"> {
  const owed = ownEntry(entry, now);
  return db
    .insert(auditOutbox)
    .values({ key: owed.key, entry: JSON.stringify(owed), created_at: now })
    .onConflictDoNothing();
}

/** The same for a user who may not exist, noting the role they have: it must come before the change of it. */
export function oweUserAudit(db: Database, entry: OwnEntry, user: string, now: number): BatchItem<"sqlite"> {
  const owed = ownEntry(entry, now);
  return db.insert(auditOutbox).select(sql`
    SELECT NULL, ${owed.key}, json_set(${JSON.stringify(owed)}, '$.details.from_role', role), ${now}, NULL
    FROM users WHERE id = ${user}`);
}

/**
 * Records an action whose effect is neither in D1 nor in an object with an outbox of its own (a message sent, records
 * deleted): it goes into the chain first, as ordered, and is not done when that fails.
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

/** Carries over what is owed, beside the answer. Its failure costs only time: the minute's cron does it again. */
export function nudgeAudit(c: AppContext): void {
  c.executionCtx.waitUntil(
    drainAudit(c.env).catch((fault: unknown) => logFault("audit_delayed", fault, { request_id: c.get("requestId") })),
  );
}

/** Carries the outbox of D1 to the chain. A row goes when the chain has its entry; its key makes a repeat harmless. */
export async function drainAudit(env: Env): Promise<void> {
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { results } = await env.DB.prepare(
      "SELECT id, key, entry FROM audit_outbox WHERE error IS NULL ORDER BY id LIMIT ?",
    )
      .bind(MAX_APPEND)
      .all<{ id: number; key: string; entry: string }>();
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
    const bad = results.filter(({ key }) => unreadable.has(key) || appended.value.refused.has(key));
    for (const { key } of bad) logEvent("audit_entry_refused", { key });
    const ids = (rows: readonly { id: number }[]) => JSON.stringify(rows.map(({ id }) => id));
    await env.DB.batch([
      env.DB.prepare(
        "UPDATE audit_outbox SET error = 'refused by the chain' WHERE id IN (SELECT value FROM json_each(?))",
      ).bind(ids(bad)),
      env.DB.prepare("DELETE FROM audit_outbox WHERE id IN (SELECT value FROM json_each(?)) AND error IS NULL").bind(
        ids(results),
      ),
    ]);
    if (results.length < MAX_APPEND) return;
  }
}

/** What waits in the outbox of D1, and what waits for a person. */
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

/** Every minute: carries over what is owed and re-arms the chain. Never throws: each part does what it can. */
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
