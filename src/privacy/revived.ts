import { z } from "@hono/zod-openapi";
import { erasedAmong, subjectOf } from "../identity/index.ts";
import { directory } from "../platform/database/shards.ts";
import { logEvent } from "../platform/log.ts";
import { eraseAgain, runErasure } from "./erasure.ts";
import { type ErasureList, openErasures } from "./erasure-list.ts";
import { erasuresAfter } from "./erasure-notes.ts";
import { peoplePage } from "./known.ts";
import { SOURCES } from "./sources.ts";
import { erasureState, hurry, RUNNING, settleAgain } from "./statements/erasures.ts";
import { BURY, saveWatch, UNKNOWN_SUBJECTS, watched } from "./statements/tombstones.ts";

/** How long the cron of one minute looks for erased people who are back. */
const WALK_MS = 15_000;

const watchSchema = z.object({ read_to: z.string(), walk_at: z.string().nullable() });

/** Makes the ids behind these hashes dead: nobody is created, enrolled or notified under one from here on. */
export async function bury(db: D1Database, subjects: readonly string[], now: number): Promise<void> {
  for (const statement of BURY.over(db, subjects, now)) await statement.run();
}

/**
 * Begins to erase those of these people who were erased before: their ids are dead, and a place still holds something.
 * @returns those that are being erased.
 */
export async function eraseRevived(env: Env, people: readonly string[], now: number): Promise<string[]> {
  const revived = [...(await erasedAmong(directory(env), people))];
  for (const user of revived) await eraseAgain(directory(env), user, now);
  // An erasure in its settling state has done its first pass: a place that still lists the user has an old copy.
  const results = await RUNNING.find<{ id: string }>(directory(env), revived);
  return results.map(({ id }) => id);
}

/**
 * After a restore: erasures after their first pass begin again, because the restored rows and objects may be older than
 * that pass.
 */
export async function beginErasuresAgain(db: D1Database, now: number): Promise<void> {
  await settleAgain(db, SOURCES[0]?.name ?? "", now).run();
}

/** Runs the first pass of an erasure. @returns whether it removed everything that was there. */
export async function eraseNow(env: Env, user: string): Promise<boolean> {
  const subject = await subjectOf(user);
  const now = Date.now();
  await hurry(directory(env), subject, now).run();
  await runErasure(env, subject, now);
  const row = await erasureState(directory(env), subject).first<{ state: string }>();
  return row !== null && row.state !== "running";
}

/**
 * Every minute: reads the notes beside the backups since the last time. If this database does not know a note, it has
 * forgotten it (it was set back) or never had it (a list was brought). Those ids are dead from then on, and everybody
 * who is known anywhere is compared with the list, a page at a time.
 */
export async function watchErasures(env: Env, now: number): Promise<void> {
  const stored = await watched(directory(env)).first();
  const watch = stored === null ? { read_to: "", walk_at: null } : watchSchema.parse(stored);
  const noted = await erasuresAfter(env, watch.read_to);
  if (noted.last !== null) {
    const lists = await Promise.all(noted.lists.map((text) => openErasures(env, text)));
    const brought = lists.flatMap((list): ErasureList[] => (list.ok ? [list.value] : []));
    const subjects = [...new Set([...noted.subjects, ...brought.flatMap((list) => list.subjects)])];
    const unknown = await unknownAmong(directory(env), subjects);
    if (unknown.length > 0) {
      logEvent("erasures_learnt", { subjects: unknown.length });
      await bury(directory(env), unknown, now);
      watch.walk_at = "";
    }
    await save(directory(env), { read_to: noted.last, walk_at: watch.walk_at });
  }
  const started = Date.now();
  for (let at = watch.walk_at; at !== null && Date.now() - started < WALK_MS; ) {
    const { ids, next } = await peoplePage(env, at === "" ? null : at);
    const revived = await eraseRevived(env, ids, now);
    if (revived.length > 0) logEvent("erased_again", { users: revived.length });
    at = next;
    await save(directory(env), { read_to: noted.last ?? watch.read_to, walk_at: at });
  }
}

async function unknownAmong(db: D1Database, subjects: readonly string[]): Promise<string[]> {
  const unknown = await UNKNOWN_SUBJECTS.find<{ subject: string }>(db, subjects);
  return unknown.map(({ subject }) => subject);
}

async function save(db: D1Database, { read_to, walk_at }: z.infer<typeof watchSchema>): Promise<void> {
  await saveWatch(db, read_to, walk_at).run();
}

/** Sorts behind the key of every note: while a restore fills the database, the watch has nothing to read. */
const BEHIND_ALL = "~";

/** While a restore fills the database, only the restore writes to it. */
export async function pauseWatch(db: D1Database): Promise<void> {
  await save(db, { read_to: BEHIND_ALL, walk_at: null });
}

/** After a restore: reads the whole list again. */
export async function resumeWatch(db: D1Database): Promise<void> {
  await save(db, { read_to: "", walk_at: null });
}
