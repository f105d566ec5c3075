import { z } from "@hono/zod-openapi";
import { logEvent, logFault } from "../ops/logging.ts";
import { DAY_MS } from "../shared/instants.ts";
import { instantOf } from "./format.ts";
import { continueJob } from "./restore.ts";
import { beginBackup, continueBackup, runningBackup } from "./run.ts";
import { lastWritten, newestNotes, prune } from "./store.ts";
import { verificationPlan } from "./verify.ts";

/** How long one message is worked on: far below the quarter of an hour a consumer may take. */
const WORK_MS = 20_000;
/** A run nobody has written to for so long has lost its message, or its worker. */
const STALLED_MS = 120_000;
/** Backups are kept this long; what was erased is out of all of them then. */
export const RETENTION_MS = 35 * DAY_MS;
/** A backup is verified when the last verification is older than this; a night less than a week, so that it is weekly. */
const VERIFY_EVERY_MS = 6.5 * DAY_MS;

export const backupMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("backup"), backup: z.string() }),
  z.object({ type: z.literal("verify"), backup: z.string(), job: z.string() }),
]);
export type BackupMessage = z.infer<typeof backupMessageSchema>;

/** Every night: begins a backup, and removes those that are old enough. */
export async function backUpNightly(env: Env, now: number): Promise<void> {
  const backup = await beginBackup(env, now);
  await env.BACKUP_QUEUE.send({ type: "backup", backup } satisfies BackupMessage);
  const removed = await prune(env, now - RETENTION_MS, instantOf);
  if (removed > 0) logEvent("backups_pruned", { backups: removed });
}

/** Every minute: takes a backup up again whose message was lost, or whose worker was killed. */
export async function resumeBackups(env: Env, now: number): Promise<void> {
  const running = await runningBackup(env, now);
  if (running === null) return;
  const last = await lastWritten(env, running);
  if (last === null || now - last < STALLED_MS) return;
  logEvent("backup_resumed", { backup: running });
  await env.BACKUP_QUEUE.send({ type: "backup", backup: running } satisfies BackupMessage);
}

/** A piece of a backup or of a verification; what is left comes with the next message. */
export async function consumeBackups(batch: MessageBatch<unknown>, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const parsed = backupMessageSchema.safeParse(message.body);
    if (!parsed.success) {
      message.retry(); // unreadable: exhausts its retries and is written down as a dead letter
      continue;
    }
    try {
      await work(env, parsed.data);
      message.ack();
    } catch (fault) {
      logFault("backup_step_failed", fault, { backup: parsed.data.backup });
      message.retry();
    }
  }
}

async function work(env: Env, message: BackupMessage): Promise<void> {
  const until = Date.now() + WORK_MS;
  if (message.type === "verify") {
    const { backup, job } = message;
    const state = await continueJob(env, backup, job, verificationPlan(env, job), until);
    // A refusal was logged, and shows as the age of the last verification.
    if (state.ok && state.value.phase !== "done") await env.BACKUP_QUEUE.send(message);
    return;
  }
  if ((await continueBackup(env, message.backup, until)) === "running") {
    await env.BACKUP_QUEUE.send(message);
    return;
  }
  const { succeeded, verified } = await newestNotes(env);
  const isDue = verified === null || Date.now() - verified.at > VERIFY_EVERY_MS;
  if (isDue && succeeded?.backup === message.backup) {
    const job = verificationJob(message.backup);
    await env.BACKUP_QUEUE.send({ type: "verify", backup: message.backup, job } satisfies BackupMessage);
  }
}

/** A fresh name for a verification: each starts from the beginning, and in a store of its own. */
export function verificationJob(backup: string): string {
  return `verify-${backup}-${crypto.randomUUID().slice(0, 8)}`;
}
