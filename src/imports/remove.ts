import { and, eq, lt, or, type SQL, sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { archiveKey, keysOf } from "./keys.ts";
import { HELD_MS, KNOWN_MS, PARTS_TTL_MS, RECEIVING_TTL_MS } from "./limits.ts";
import { importsDatabase } from "./store.ts";
import { courseImportParts, courseImports, type ImportRow } from "./tables.ts";

/** Imports removed at a time; each has three objects, and one call removes a thousand. */
const PAGE = 300;

/** The fields that are needed to remove an import. */
type Removable = Pick<ImportRow, "id" | "upload_id" | "state">;

/** Removes an import: its bytes first, so that the row always says what is left to remove. */
export async function removeImport(env: Env, db: Database, row: Removable): Promise<void> {
  await removeBytes(env, [row]);
  await removeRows(db, [row.id]);
}

/** Removes the bucket's data of imports: archives, reports, and parts that were never put together. */
async function removeBytes(env: Env, rows: readonly Removable[]): Promise<void> {
  for (const { id, upload_id, state } of rows) {
    if (upload_id === null || state !== "receiving") continue;
    const upload = env.DOCUMENTS.resumeMultipartUpload(archiveKey(id), upload_id);
    // An upload that was put together cannot be aborted. The bucket itself removes the rest of others within a week.
    await upload.abort().catch((fault: unknown) => logFault("parts_not_aborted", fault, { import: id }));
  }
  for (let at = 0; at < rows.length; at += PAGE) {
    await env.DOCUMENTS.delete(rows.slice(at, at + PAGE).flatMap(({ id }) => keysOf(id)));
  }
}

async function removeRows(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const set = jsonSet(oneBatch(ids));
  await db.batch([
    db.delete(courseImportParts).where(sql`import_id IN (SELECT value FROM ${set})`),
    db.delete(courseImports).where(sql`id IN (SELECT value FROM ${set})`),
  ]);
}

/**
 * Every night: a page of uploads that never arrived, of archives and reports whose time is over, and of imports that
 * need not be listed any more.
 * @returns whether there may be more.
 */
export async function pruneImports(env: Env, now: number): Promise<boolean> {
  const db = importsDatabase(env);
  const isLate = or(sql`upload_id IS NULL`, lt(courseImports.created_at, now - PARTS_TTL_MS));
  const lost = await rowsWhere(
    db,
    and(eq(courseImports.state, "receiving"), lt(courseImports.created_at, now - RECEIVING_TTL_MS), isLate),
  );
  const old = await rowsWhere(db, and(eq(courseImports.held, 1), lt(courseImports.created_at, now - HELD_MS)));
  const gone = [...lost, ...old];
  await removeBytes(env, gone);
  await removeRows(db, idsOf(lost));
  if (old.length > 0) {
    const set = jsonSet(oneBatch(idsOf(old)));
    await db.batch([
      db.delete(courseImportParts).where(sql`import_id IN (SELECT value FROM ${set})`),
      db.update(courseImports).set({ held: 0, upload_id: null }).where(sql`id IN (SELECT value FROM ${set})`),
    ]);
  }
  const forgotten = await rowsWhere(db, lt(courseImports.created_at, now - KNOWN_MS));
  await removeRows(db, idsOf(forgotten));
  if (gone.length + forgotten.length > 0) {
    logEvent("imports_pruned", { archives: gone.length, rows: lost.length + forgotten.length });
  }
  return [lost, old, forgotten].some((rows) => rows.length === PAGE);
}

const idsOf = (rows: readonly Removable[]) => rows.map(({ id }) => id);

function rowsWhere(db: Database, condition: SQL | undefined): Promise<Removable[]> {
  return db
    .select({ id: courseImports.id, upload_id: courseImports.upload_id, state: courseImports.state })
    .from(courseImports)
    .where(condition)
    .limit(PAGE)
    .all();
}

/** All data of one owner's imports, without the parts that only a worker needs. */
export async function* exportImports(
  env: Env,
  owner: string,
): AsyncIterable<Omit<ImportRow, "lease" | "due_at" | "upload_key" | "upload_id">> {
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
    for (const { lease: _lease, due_at: _due, upload_key: _key, upload_id: _upload, ...row } of rows) yield row;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last;
  }
}

/** Removes a page of an owner's imports with their archives and reports. @returns whether there is more. */
export async function eraseImports(env: Env, owner: string): Promise<boolean> {
  const db = importsDatabase(env);
  const rows = await rowsWhere(db, eq(courseImports.owner, owner));
  if (rows.length === 0) return false;
  await removeBytes(env, rows);
  await removeRows(db, idsOf(rows));
  return rows.length === PAGE;
}
