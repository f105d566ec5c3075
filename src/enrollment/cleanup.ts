import { callEnrollment, countedDatabase } from "../bindings.ts";
import { pruneEvents } from "../events/index.ts";
import { pruneIdentity } from "../identity/index.ts";
import { logEvent, logFault } from "../ops/logging.ts";
import { inParallel } from "../shared/parallel.ts";
import { ANSWER_RETENTION_MS } from "./store.ts";

/** A withdrawn enrollment keeps its facts this long, for a learner who returns. */
export const WITHDRAWN_RETENTION_MS = 30 * 86_400_000;
/** Announcements stay in D1 this long. */
export const EVENT_RETENTION_MS = 7 * 86_400_000;
/** Replayed dead letters and found divergences. */
export const FINDING_RETENTION_MS = 30 * 86_400_000;
/** Rows removed per statement, so that no statement holds the database long. */
const PRUNE_PAGE = 2_000;
/** Withdrawn enrollments destroyed per message. */
const DESTROY_PAGE = 50;
const PARALLEL_OBJECTS = 6;

/**
 * One page of the nightly clean-up: objects nobody is enrolled in any more are destroyed, then their rows removed (in
 * this order, so that a crash between leaves a row that is found again tomorrow, never an object that nobody finds);
 * and rows past their retention go. Asks for another page while there is more.
 */
export async function cleanUpPage(env: Env, now: number): Promise<void> {
  const moreWithdrawn = await destroyWithdrawn(env, now);
  const pruned = await pruneRows(env.DB, now);
  const moreEvents = await pruneEvents(env.DB, now);
  if (moreWithdrawn || pruned || moreEvents) await env.REFRESH_QUEUE.send({ type: "cleanup" });
  else {
    await pruneIdentity(countedDatabase(env.DB, { count: 0 }), new Date(now));
    logEvent("cleanup_done");
  }
}

/** @returns whether there may be more. A page of which nothing could be destroyed ends the night. */
async function destroyWithdrawn(env: Env, now: number): Promise<boolean> {
  const { results } = await env.DB.prepare(
    "SELECT id FROM enrollments WHERE status = 'withdrawn' AND withdrawn_at <= ? ORDER BY withdrawn_at LIMIT ?",
  )
    .bind(now - WITHDRAWN_RETENTION_MS, DESTROY_PAGE)
    .all<{ id: string }>();
  const gone: string[] = [];
  await inParallel(results, PARALLEL_OBJECTS, async ({ id }) => {
    const result = await callEnrollment(env, id, (stub) => stub.destroy());
    if (result.ok) gone.push(id);
    else logFault("destroy_failed", new Error(result.refusal.code), { enrollment_id: id });
  });
  if (gone.length > 0) {
    const ids = JSON.stringify(gone);
    // Whoever has come back meanwhile keeps everything: the object starts again from these very rows.
    const remove = (table: string) =>
      env.DB.prepare(
        `DELETE FROM ${table} WHERE enrollment_id IN
           (SELECT id FROM enrollments WHERE status = 'withdrawn' AND id IN (SELECT value FROM json_each(?)))`,
      ).bind(ids);
    await env.DB.batch([
      remove("progress"),
      remove("submissions"),
      remove("unlock_events"),
      env.DB.prepare(
        "DELETE FROM enrollments WHERE status = 'withdrawn' AND id IN (SELECT value FROM json_each(?))",
      ).bind(ids),
    ]);
    logEvent("enrollments_destroyed", { enrollments: gone.length });
  }
  return results.length === DESTROY_PAGE && gone.length > 0;
}

/** @returns whether a page was full, so that there may be more. */
async function pruneRows(db: D1Database, now: number): Promise<boolean> {
  const prune = (table: string, key: string, where: string, before: number) =>
    db
      .prepare(
        `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT ${PRUNE_PAGE})`,
      )
      .bind(before);
  const results = await db.batch([
    prune("unlock_events", "enrollment_id, version", "announced_at < ?", now - EVENT_RETENTION_MS),
    prune("idempotency_keys", "scope, key", "created_at < ?", now - ANSWER_RETENTION_MS),
    prune("dead_letters", "id", "replayed_at IS NOT NULL AND replayed_at < ?", now - FINDING_RETENTION_MS),
    prune("divergences", "id", "detected_at < ?", now - FINDING_RETENTION_MS),
  ]);
  return results.some((result) => (result.meta.changes ?? 0) >= PRUNE_PAGE);
}
