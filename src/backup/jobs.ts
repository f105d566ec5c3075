import { z } from "@hono/zod-openapi";
import { DAY_MS } from "../platform/instants.ts";
import { logEvent, logFault } from "../platform/log.ts";
import { retryOrDrop } from "../platform/queue/last-attempt.ts";
import { isVerificationDue, removable } from "./chain.ts";
import { instantOf } from "./format.ts";
import { continueJob } from "./job.ts";
import { metered } from "./metered.ts";
import { beginBackup, continueBackup, runningBackup } from "./run.ts";
import { lastWritten, newestNotes, prune } from "./store.ts";
import { verificationPlan } from "./verify.ts";

/** How long one message is worked on: far less than the fifteen minutes of a consumer. */
const WORK_MS = 20_000;
/** A run without progress for so long has lost its message, or its worker. */
const STALLED_MS = 120_000;
/** Backups are kept for this time, and longer if a kept one is built on them. */
export const RETENTION_MS = 35 * DAY_MS;

export const backupMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("backup"), backup: z.string() }),
  z.object({ type: z.literal("verify"), backup: z.string(), job: z.string() }),
]);
type BackupMessage = z.infer<typeof backupMessageSchema>;

/** Every night: begins a backup, and removes old ones. */
export async function backUpNightly(env: Env, now: number): Promise<void> {
  const backup = await beginBackup(env, now);
  await env.BACKUP_QUEUE.send({ type: "backup", backup } satisfies BackupMessage);
  const removed = await prune(env, now - RETENTION_MS, instantOf, (old) => removable(env, old));
  if (removed > 0) logEvent("backups_pruned", { backups: removed });
}

/** Every minute: continues a backup whose message was lost, or whose worker was killed. */
export async function resumeBackups(env: Env, now: number): Promise<void> {
  const running = await runningBackup(env, now);
  if (running === null) return;
  const last = await lastWritten(env, running);
  if (last === null || now - last < STALLED_MS) return;
  logEvent("backup_resumed", { backup: running });
  await env.BACKUP_QUEUE.send({ type: "backup", backup: running } satisfies BackupMessage);
}

/** A part of a backup or of a verification; the next message does the rest. */
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
      // The minute cron continues a backup; the next night's backup begins a new verification.
      retryOrDrop("latchkey-backup", message);
    }
  }
}

async function work(bindings: Env, message: BackupMessage): Promise<void> {
  const env = metered(bindings);
  const until = Date.now() + WORK_MS;
  if (message.type === "verify") {
    const { backup, job } = message;
    const state = await continueJob(env, backup, job, verificationPlan(env, job), until);
    // The log has the refusal, and the age of the last verification shows it.
    if (state.ok && state.value.phase !== "done") await env.BACKUP_QUEUE.send(message);
    return;
  }
  const went = await continueBackup(env, message.backup, until);
  if (went === "running") await env.BACKUP_QUEUE.send(message);
  if (went !== "done") return;
  const { succeeded } = await newestNotes(env);
  if (succeeded?.backup === message.backup && (await isVerificationDue(env, message.backup))) {
    const job = verificationJob(message.backup);
    await env.BACKUP_QUEUE.send({ type: "verify", backup: message.backup, job } satisfies BackupMessage);
  }
}

/** A new name for a verification: each begins from the start, in a store of its own. */
export function verificationJob(backup: string): string {
  return `verify-${backup}-${crypto.randomUUID().slice(0, 8)}`;
}
