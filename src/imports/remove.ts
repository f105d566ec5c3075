import { and, eq, lt, sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";
import { logEvent } from "../platform/log.ts";
import { keysOf } from "./keys.ts";
import { HELD_MS, KNOWN_MS, RECEIVING_TTL_MS } from "./limits.ts";
import { importsDatabase } from "./store.ts";
import { courseImports, type ImportRow } from "./tables.ts";

/** Imports removed at a time; each has two objects, and one call removes a thousand. */
const PAGE = 400;

/** Removes an import: its bytes first, so that a row always says what is left to remove. */
export async function removeImport(env: Env, db: Database, id: string): Promise<void> {
  await env.DOCUMENTS.delete(keysOf(id));
  await db.delete(courseImports).where(eq(courseImports.id, id));
}

/**
 * Every night: a page of uploads that never arrived, of archives and reports that have had their time, and of imports
 * that nobody need know of any more.
 * @returns whether there may be more.
 */
export async function pruneImports(env: Env, now: number): Promise<boolean> {
  const db = importsDatabase(env);
  const lost = await idsWhere(
    db,
    and(eq(courseImports.state, "receiving"), lt(courseImports.created_at, now - RECEIVING_TTL_MS)),
  );
  const old = await idsWhere(db, and(eq(courseImports.held, 1), lt(courseImports.created_at, now - HELD_MS)));
  const gone = [...new Set([...lost, ...old])];
  for (let at = 0; at < gone.length; at += PAGE) {
    await env.DOCUMENTS.delete(gone.slice(at, at + PAGE).flatMap(keysOf));
  }
  if (lost.length > 0) {
    await db.run(sql`DELETE FROM course_imports WHERE id IN (SELECT value FROM ${jsonSet(oneBatch(lost))})`);
  }
  if (old.length > 0) {
    await db.run(sql`UPDATE course_imports SET held = 0 WHERE id IN (SELECT value FROM ${jsonSet(oneBatch(old))})`);
  }
  const forgotten = await idsWhere(db, lt(courseImports.created_at, now - KNOWN_MS));
  if (forgotten.length > 0) {
    await db.run(sql`DELETE FROM course_imports WHERE id IN (SELECT value FROM ${jsonSet(oneBatch(forgotten))})`);
  }
  if (gone.length + forgotten.length > 0) {
    logEvent("imports_pruned", { archives: gone.length, rows: lost.length + forgotten.length });
  }
  return [lost, old, forgotten].some((ids) => ids.length === PAGE);
}

async function idsWhere(db: Database, condition: ReturnType<typeof and>): Promise<string[]> {
  const rows = await db.select({ id: courseImports.id }).from(courseImports).where(condition).limit(PAGE).all();
  return rows.map(({ id }) => id);
}

/** Everything known of the imports of one owner, without what a worker needs to know. */
export async function* exportImports(
  env: Env,
  owner: string,
): AsyncIterable<Omit<ImportRow, "lease" | "due_at" | "upload_key">> {
  const db = importsDatabase(env);
  let after: ImportRow | null = null;
  for (;;) {
    const rows: ImportRow[] = await db
      .select()
      .from(courseImports)
      .where(
        and(
          eq(courseImports.owner, owner),
          after === null ? undefined : sql`(created_at, id) > (${after.created_at}, ${after.id})`,
        ),
      )
      .orderBy(courseImports.created_at, courseImports.id)
      .limit(PAGE)
      .all();
    for (const { lease: _lease, due_at: _due, upload_key: _key, ...row } of rows) yield row;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last;
  }
}

/** Removes a page of an owner's imports with their archives and reports. @returns whether there is more. */
export async function eraseImports(env: Env, owner: string): Promise<boolean> {
  const db = importsDatabase(env);
  const ids = await idsWhere(db, eq(courseImports.owner, owner));
  if (ids.length === 0) return false;
  await env.DOCUMENTS.delete(ids.flatMap(keysOf));
  await db.run(sql`DELETE FROM course_imports WHERE id IN (SELECT value FROM ${jsonSet(oneBatch(ids))})`);
  return ids.length === PAGE;
}
