import { and, asc, eq, gt, lte, sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import { countedDatabase, type Database } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { ORPHAN_TTL_MS, PENDING_TTL_MS } from "./limits.ts";
import { KEY_PREFIX } from "./names.ts";
import { removeFile } from "./store.ts";
import { fileSweeps, files } from "./tables.ts";

/** Rows or objects looked at in one step. */
export const SWEEP_PAGE = 500;
/** Steps of one run. A run stays far below the limits of the platform, and the next minute continues. */
const STEPS_PER_RUN = 40;
const PARALLEL_CALLS = 6;
/**
 * Rows without bytes and bytes without a row that one page may remove. If there are more, the sweep stops, fails
 * visibly every minute and removes none of them until a person has looked: deleted bytes cannot be brought back.
 */
export const MAX_STRAYS = 100;
/** Sorts behind every key: the character after the slash of the prefix. */
const BEHIND_ALL_KEYS = `${KEY_PREFIX.slice(0, -1)}0`;

/**
 * Every night: begins a sweep. It removes uploads that were never finished, expired files, remains of deletions, bytes
 * without a row, and rows without bytes. If a sweep is still running, it continues that one.
 */
export async function sweepFiles(env: Env, now: number): Promise<void> {
  const db = countedDatabase(directory(env), { count: 0 });
  await db.insert(fileSweeps).values({ id: 1, as_of: now, position: "" }).onConflictDoNothing();
  await continueFileSweep(env);
}

/** Every minute: continues a sweep that needed more than one run, or that died. */
export async function continueFileSweep(env: Env): Promise<void> {
  const db = countedDatabase(directory(env), { count: 0 });
  const open = await db.select().from(fileSweeps).where(eq(fileSweeps.id, 1)).get();
  if (open === undefined) return;
  const counts = { removed: 0, orphans: 0, lost: 0 };
  let steps = 0;
  for (let isMore = true; isMore && steps < STEPS_PER_RUN; steps += 1) {
    const removed = await removeDue(env, db, open.as_of);
    counts.removed += removed;
    isMore = removed === SWEEP_PAGE;
  }
  let position: string | null = open.position;
  for (; position !== null && steps < STEPS_PER_RUN; steps += 1) {
    position = await compare(env, db, position, open.as_of, counts);
    if (position !== null) await db.update(fileSweeps).set({ position }).where(eq(fileSweeps.id, 1));
  }
  if (position === null) await db.delete(fileSweeps).where(eq(fileSweeps.id, 1));
  logEvent("files_swept", { ...counts, done: position === null });
}

/** Removes a page of rows that must not stay. The rows are marked first, so that a crash forgets nothing. */
async function removeDue(env: Env, db: Database, asOf: number): Promise<number> {
  await db.run(sql`
    UPDATE files SET state = 'deleting', upload_key = NULL WHERE id IN
      (SELECT id FROM files WHERE state = 'pending' AND created_at < ${asOf - PENDING_TTL_MS} LIMIT ${SWEEP_PAGE})`);
  await db.run(sql`
    UPDATE files SET state = 'deleting', upload_key = NULL WHERE id IN
      (SELECT id FROM files WHERE expires_at <= ${asOf} AND +state <> 'deleting' LIMIT ${SWEEP_PAGE})`);
  const due = await db.all<{ id: string; key: string }>(
    sql`SELECT id, key FROM files WHERE state = 'deleting' AND id > '' ORDER BY id LIMIT ${SWEEP_PAGE}`,
  );
  if (due.length === 0) return 0;
  await env.FILES.delete(due.map(({ key }) => key));
  const ids = jsonSet(oneBatch(due.map(({ id }) => id)));
  await db.run(sql`DELETE FROM files WHERE id IN (SELECT value FROM ${ids}) AND +state = 'deleting'`);
  return due.length;
}

/**
 * Compares a page of keys in the bucket with the table, from `position` on. Removes bytes that have had no row for long
 * enough, and ready files whose bytes are gone, which nobody could ever download.
 * @returns where the next page begins, or null at the end.
 */
async function compare(
  env: Env,
  db: Database,
  position: string,
  asOf: number,
  counts: { orphans: number; lost: number },
): Promise<string | null> {
  const listed = await env.FILES.list({
    prefix: KEY_PREFIX,
    limit: SWEEP_PAGE,
    ...(position === "" ? {} : { startAfter: position }),
  });
  const lastListed = listed.truncated ? (listed.objects.at(-1)?.key ?? BEHIND_ALL_KEYS) : BEHIND_ALL_KEYS;
  const rows = await db
    .select()
    .from(files)
    .where(and(gt(files.key, position), lte(files.key, lastListed)))
    .orderBy(asc(files.key))
    .limit(SWEEP_PAGE)
    .all();
  // Both lists are complete only up to the smaller of their ends.
  const lastRow = rows.length === SWEEP_PAGE ? rows.at(-1)?.key : undefined;
  const through = lastRow ?? lastListed;
  const objects = listed.objects.filter(({ key }) => key <= through);
  const known = new Set(rows.map(({ key }) => key));
  const stored = new Set(objects.map(({ key }) => key));

  const orphans = objects.filter(({ key, uploaded }) => !known.has(key) && uploaded.getTime() < asOf - ORPHAN_TTL_MS);
  refuseMany(orphans.length, "objects have no row");
  if (orphans.length > 0) await env.FILES.delete(orphans.map(({ key }) => key));
  counts.orphans += orphans.length;

  const suspects = rows.filter(({ key, state }) => state === "ready" && !stored.has(key));
  refuseMany(suspects.length, "ready files have no bytes");
  await inParallel(suspects, PARALLEL_CALLS, async (file) => {
    // It may have been uploaded after the bucket was listed.
    if ((await env.FILES.head(file.key)) !== null) return;
    logFault("file_bytes_missing", new Error("a ready file has no bytes"), { file_id: file.id, user_id: file.owner });
    await removeFile(env, db, file);
    counts.lost += 1;
  });
  return through === BEHIND_ALL_KEYS ? null : through;
}

/** No crash leaves so many in one page: the bucket and the database do not belong together. */
function refuseMany(strays: number, what: string): void {
  if (strays <= MAX_STRAYS) return;
  throw new Error(`${strays} ${what} in one page; was the database restored, or the wrong bucket bound?`);
}
