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
 * The time between the two passes: longer than any running work may last (a queue's consumer 15 minutes, an access
 * token as long). The second pass finds what such work still wrote.
 */
export const SETTLE_MS = 20 * 60_000;
/** A worker that has an erasure for so long counts as dead, and another one continues. */
const LEASE_MS = 120_000;
/** Longest time that one run works on one erasure; the cron continues it. */
const RUN_MS = 20_000;
/** First wait after a failed step; doubles with each failure. */
const RETRY_BASE_MS = 30_000;
const RETRY_MAX_MS = 3_600_000;
/** Erasures that one minute works on. */
const PAGE = 5;

interface Row {
  subject: string;
  user_id: string;
  state: "running" | "settling";
  step: string;
  attempts: number;
}

/**
 * Notes that a user is to be erased. From here on the id is dead: nobody is created, enrolled or notified under it. If
 * it is requested again, while it runs or later, nothing changes.
 * @param by the admin who requests it; null when it is the user.
 * @param audit other statements of the change: the entry for the audit chain.
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
 * Begins the erasure of somebody who was erased before and exists again: from a backup, or in a database that was set
 * back. An erasure that is running continues.
 */
export async function eraseAgain(db: D1Database, user: string, now: number): Promise<void> {
  const subject = await subjectOf(user);
  await db.batch([insertTombstone(db, subject, now), insertErasure(db, subject, user, now, SOURCES[0]?.name ?? "")]);
}

/** Every minute: continues the erasures that are due. One that fails delays no other. */
export async function resumeErasures(env: Env, now: number, sources = SOURCES): Promise<void> {
  const { results } = await erasuresDue(directory(env), now, PAGE).all<{ subject: string }>();
  for (const { subject } of results) await runErasure(env, subject, now, sources);
}

/**
 * Continues one erasure where it stopped, until it is done, must wait, or its time is over. Two runs at once do no
 * harm: every step can be repeated.
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
  // A step of another release, which is not known here: begins again, because every step can be repeated.
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

/** The next minute does the rest. */
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
