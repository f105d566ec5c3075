import type { BatchItem } from "drizzle-orm/batch";
import { subjectOf, tombstones } from "../identity/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { describeFault, logEvent, logFault } from "../platform/log.ts";
import { lowerBars } from "./bars.ts";
import type { PersonalDataSource } from "./source.ts";
import { SOURCES } from "./sources.ts";
import {
  delayErasure,
  endErasure,
  erasuresDue,
  holdErasure,
  insertErasure,
  insertTombstone,
  settleErasure,
  stepErasure,
  takeErasure,
} from "./statements/erasures.ts";
import { erasures } from "./tables.ts";

/**
 * Between the two passes: longer than anything under way may last (a queue's consumer 15 minutes, an access token as
 * long). What such a thing still brought is found by the second pass.
 */
export const SETTLE_MS = 20 * 60_000;
/** Who works on an erasure is taken for dead after this, and somebody else goes on. */
const LEASE_MS = 120_000;
/** Longest one run works on one erasure; the cron goes on with it. */
const RUN_MS = 20_000;
/** First wait after a failed step; doubles with each failure. */
const RETRY_BASE_MS = 30_000;
const RETRY_MAX_MS = 3_600_000;
/** Erasures one minute takes up. */
const PAGE = 5;

interface Row {
  subject: string;
  user_id: string;
  state: "running" | "settling";
  step: string;
  attempts: number;
}

/**
 * Notes that a user is to be erased. From here on the id is dead: nobody is created, enrolled or notified under it.
 * Asked again while it runs or when it is done, nothing changes.
 *
 * @param by the admin who asks; null when it is the user.
 * @param audit what else belongs to the change: the entry for the audit chain.
 */
export async function requestErasure(
  db: Database,
  user: string,
  by: string | null,
  now: number,
  audit: readonly BatchItem<"sqlite">[] = [],
): Promise<void> {
  const subject = await subjectOf(user);
  await db.batch([
    db.insert(tombstones).values({ subject, erasedAt: now }).onConflictDoNothing(),
    db
      .insert(erasures)
      .values({
        subject,
        user_id: user,
        requested_by: by,
        requested_at: now,
        state: "running",
        step: SOURCES[0]?.name ?? "",
        due_at: now,
      })
      .onConflictDoNothing(),
    ...audit,
  ]);
}

/**
 * Begins the erasure of somebody who was erased before and is here again: from a backup, or in a database that was set
 * back. One that is under way goes on.
 */
export async function eraseAgain(db: D1Database, user: string, now: number): Promise<void> {
  const subject = await subjectOf(user);
  await db.batch([insertTombstone(db, subject, now), insertErasure(db, subject, user, now, SOURCES[0]?.name ?? "")]);
}

/** Every minute: goes on with the erasures that are due. One that fails delays no other. */
export async function resumeErasures(env: Env, now: number, sources = SOURCES): Promise<void> {
  const { results } = await erasuresDue(directory(env), now, PAGE).all<{ subject: string }>();
  for (const { subject } of results) await runErasure(env, subject, now, sources);
}

/**
 * Goes on with one erasure where it stopped, until it is done, must wait, or has had its time. Two at once do no harm:
 * every step may be repeated.
 */
export async function runErasure(env: Env, subject: string, now: number, sources = SOURCES): Promise<void> {
  const row = await takeErasure(directory(env), subject, now + LEASE_MS, now).first<Row>();
  if (row === null) return;
  try {
    await runSteps(env, row, now, sources);
  } catch (fault) {
    logFault("erasure_failed", fault, { subject });
    const wait = Math.min(RETRY_BASE_MS * 2 ** row.attempts, RETRY_MAX_MS);
    await delayErasure(
      directory(env),
      subject,
      describeFault(fault).replaceAll(row.user_id, "…").slice(0, 200),
      now + wait,
    ).run();
  }
}

async function runSteps(env: Env, row: Row, now: number, sources: readonly PersonalDataSource[]): Promise<void> {
  const started = Date.now();
  // A step of another release's that is not known here: from the start, which repeats what may be repeated.
  const first = Math.max(
    sources.findIndex(({ name }) => name === row.step),
    0,
  );
  for (const [index, source] of [...sources.entries()].slice(first)) {
    await holdErasure(directory(env), row.subject, source.name, now + (Date.now() - started) + LEASE_MS).run();
    while ((await source.erase(env, row.user_id)) === "more") {
      if (Date.now() - started > RUN_MS) return due(env, row, source.name, now);
    }
    const next = sources[index + 1];
    if (next !== undefined && Date.now() - started > RUN_MS) return due(env, row, next.name, now);
  }
  await finishPass(env, row, now, sources);
}

/** Leaves the rest to the next minute. */
async function due(env: Env, row: Row, step: string, now: number): Promise<void> {
  await stepErasure(directory(env), row.subject, step, now).run();
}

async function finishPass(env: Env, row: Row, now: number, sources: readonly PersonalDataSource[]): Promise<void> {
  if (row.state === "running") {
    await settleErasure(directory(env), row.subject, sources[0]?.name ?? "", now + SETTLE_MS).run();
    return logEvent("erasure_settling", { subject: row.subject });
  }
  await lowerBars(env, row.user_id);
  await endErasure(directory(env), row.subject, now).run();
  logEvent("erasure_done", { subject: row.subject });
}
