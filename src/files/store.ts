import { and, desc, eq, getTableColumns, gt, isNull, ne, or, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import type { Actor } from "../platform/http/context.ts";
import { logFault } from "../platform/log.ts";
import type { Quota } from "./limits.ts";
import { fileKey, newFileId } from "./names.ts";
import { type FileRow, files } from "./tables.ts";

/** The metadata of a file before its bytes come. */
export interface AnnouncedFile {
  owner: string;
  name: string;
  type: string;
  size: number;
  sha256: string | null;
  expires_at: number | null;
  upload_key: string | null;
}

/**
 * Writes the row of a new file, if its owner has room for it. One statement counts and inserts, so two uploads can
 * never share the last free byte. Every file that is not gone counts: pending files reserve room, and deleted ones keep
 * theirs until their bytes are gone.
 * @returns the row, or null without room, or when a file of this owner has the same upload key.
 */
export async function reserve(db: Database, file: AnnouncedFile, quota: Quota, now: number): Promise<FileRow | null> {
  const id = newFileId();
  const key = fileKey(file.owner, id);
  const inserted = await db.all<{ id: string }>(sql`
    INSERT INTO files (id, owner, key, name, type, size, sha256, state, created_at, expires_at, upload_key)
    SELECT ${id}, ${file.owner}, ${key}, ${file.name}, ${file.type}, ${file.size}, ${file.sha256}, 'pending', ${now},
      ${file.expires_at}, ${file.upload_key}
    FROM (SELECT count(*) AS number, coalesce(sum(size), 0) AS bytes FROM files WHERE owner = ${file.owner})
    WHERE number < ${quota.files} AND bytes + ${file.size} <= ${quota.bytes}
    ON CONFLICT DO NOTHING
    RETURNING id`);
  return inserted.length === 0
    ? null
    : { ...file, id, key, state: "pending", created_at: now, ready_at: null, submitted_with: null };
}

/** Any file, in any state. */
export function findFile(db: Database, id: string): Promise<FileRow | undefined> {
  return db.select().from(files).where(eq(files.id, id)).get();
}

/** The file that an earlier try of the same upload made, if any. */
export function findByUploadKey(db: Database, owner: string, uploadKey: string): Promise<FileRow | undefined> {
  return db
    .select()
    .from(files)
    .where(and(eq(files.owner, owner), eq(files.upload_key, uploadKey)))
    .get();
}

/** Services and admins can read everybody's files, other users their own. */
export function reachesAllFiles(actor: Actor): boolean {
  return actor.role === "service" || actor.role === "admin";
}

/** Whether a file exists for users: one that is being deleted or has expired does not. */
export function isAlive(file: FileRow, now: number): boolean {
  return file.state !== "deleting" && (file.expires_at === null || file.expires_at > now);
}

/** The file, if the caller may read it; files of others get the answer of files that do not exist. */
export async function findFor(db: Database, actor: Actor, id: string, now: number): Promise<FileRow | null> {
  const file = await findFile(db, id);
  if (file === undefined || !isAlive(file, now)) return null;
  return file.owner === actor.id || reachesAllFiles(actor) ? file : null;
}

/** Existing files of one owner, newest first; `after` is the position of the last one on the page before. */
export function listFiles(
  db: Database,
  owner: string,
  after: { created_at: number; id: string } | null,
  take: number,
  now: number,
): Promise<FileRow[]> {
  return db
    .select(getTableColumns(files))
    .from(files)
    .where(
      and(
        eq(files.owner, owner),
        after === null ? undefined : sql`(${files.created_at}, ${files.id}) < (${after.created_at}, ${after.id})`,
        ne(files.state, "deleting"),
        or(isNull(files.expires_at), gt(files.expires_at, now)),
      ),
    )
    .orderBy(desc(files.created_at), desc(files.id))
    .limit(take)
    .all();
}

/** The bytes have arrived: pending becomes ready. @returns the row, or null when it is not pending any more. */
export async function markReady(db: Database, id: string, sha256: string, now: number): Promise<FileRow | null> {
  const row = await db
    .update(files)
    .set({ state: "ready", sha256, ready_at: now })
    .where(and(eq(files.id, id), eq(files.state, "pending")))
    .returning()
    .get();
  return row ?? null;
}

/**
 * Deletes a file: first nobody sees it, then its bytes are removed, then its row. After a crash or failure in between,
 * the row tells the next sweep what is left to do.
 * @throws when the first step fails: then nothing has changed.
 */
export async function removeFile(env: Env, db: Database, file: FileRow): Promise<void> {
  await db.update(files).set({ state: "deleting", upload_key: null }).where(eq(files.id, file.id));
  try {
    await env.FILES.delete(file.key);
    await db.delete(files).where(and(eq(files.id, file.id), eq(files.state, "deleting")));
  } catch (fault) {
    logFault("file_removal_left", fault, { file_id: file.id });
  }
}
