import { and, asc, eq, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { inParallel } from "../platform/parallel.ts";
import { fileKey, KEY_PREFIX } from "./names.ts";
import { removeFile } from "./store.ts";
import { type FileRow, files } from "./tables.ts";

/** Files read, or erased, at a time. */
const PAGE = 100;
/** Removals that run at once: the platform allows six open connections. */
const PARALLEL_REMOVALS = 6;

/** Everything that is stored about a user's files, in any state. */
export async function* exportFiles(db: Database, owner: string): AsyncIterable<FileRow & { download: string }> {
  let after: FileRow | null = null;
  for (;;) {
    const rows: FileRow[] = await db
      .select()
      .from(files)
      .where(
        and(
          eq(files.owner, owner),
          after === null ? undefined : sql`(${files.created_at}, ${files.id}) > (${after.created_at}, ${after.id})`,
        ),
      )
      .orderBy(asc(files.created_at), asc(files.id))
      .limit(PAGE)
      .all();
    for (const row of rows) yield { ...row, download: `/api/v1/storage/files/${row.id}/download` };
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last;
  }
}

/**
 * Removes a page of a user's files; when no row is left, also bytes without a row (from an upload that was running).
 * @returns whether there is more to remove.
 * @throws when a file could not be removed: it is tried again.
 */
export async function eraseFiles(env: Env, db: Database, owner: string): Promise<boolean> {
  const rows = await db.select().from(files).where(eq(files.owner, owner)).limit(PAGE).all();
  await inParallel(rows, PARALLEL_REMOVALS, (row) => removeFile(env, db, row));
  const left = await db.$count(files, eq(files.owner, owner));
  if (left > 0 && rows.length < PAGE) throw new Error("the bytes of a file could not be removed");
  if (left > 0) return true;
  const orphans = await env.FILES.list({ prefix: fileKey(owner, "") });
  if (orphans.objects.length > 0) await env.FILES.delete(orphans.objects.map(({ key }) => key));
  return orphans.truncated;
}

/**
 * A page of the owners that have bytes in the bucket, with or without a row.
 * @param cursor from the page before; "" is the beginning.
 */
export async function ownersOfBytes(env: Env, cursor: string): Promise<{ owners: string[]; next: string | null }> {
  const page = await env.FILES.list({ prefix: KEY_PREFIX, delimiter: "/", ...(cursor === "" ? {} : { cursor }) });
  const owners = page.delimitedPrefixes.map((prefix) => prefix.slice(KEY_PREFIX.length, -1));
  return { owners, next: page.truncated ? page.cursor : null };
}
