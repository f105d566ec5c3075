import { createApi } from "./api.ts";
import { sweepAudit } from "./audit/index.ts";
import { backUpNightly, consumeBackups, resumeBackups } from "./backup/index.ts";
import {
  consumeProjections,
  consumeRefreshes,
  type RefreshMessage,
  restDeadRefreshes,
  sweepEveryMinute,
} from "./enrollment/index.ts";
import { consumeEvents, reportDeadLetters } from "./events/index.ts";
import { continueFileSweep, sweepFiles } from "./files/index.ts";
import { consumeInsight, startNightlyRun, watchRuns } from "./insight/index.ts";
import { DEAD_SUFFIX, logFault, meter, storeDeadLetters } from "./ops/index.ts";
import { resumeErasures, withoutErased } from "./privacy/index.ts";
import { sweepJournals } from "./records/index.ts";

export { AuditChain } from "./audit/index.ts";
export { BackupVault } from "./backup/index.ts";
export { EnrollmentObject } from "./enrollment/index.ts";
export { BroadcastLog, BroadcastShard, UserChannel } from "./events/index.ts";
export { UserGate } from "./identity/index.ts";
export { MetricsShard } from "./ops/index.ts";
export { CoursePresence } from "./presence/index.ts";
export { JournalObject } from "./records/index.ts";

/** The crons of wrangler.toml. */
const MINUTE_CRON = "* * * * *";
const NIGHTLY_CRON = "0 2 * * *";

const api = createApi();

export default {
  fetch: api.fetch,

  async queue(arrived, env) {
    const batch = await withoutErased(underItsOwnName(arrived), env);
    meter.pushSoon(env);
    if (batch.queue.endsWith(DEAD_SUFFIX)) {
      await restDeadRefreshes(batch, env, Date.now());
      await storeDeadLetters(batch, env, Date.now());
      return reportDeadLetters(batch, env);
    }
    if (batch.queue === "latchkey-projection") return consumeProjections(batch, env);
    if (batch.queue === "latchkey-refresh") return consumeRefreshes(batch, env);
    if (batch.queue === "latchkey-events") return consumeEvents(batch, env);
    if (batch.queue === "latchkey-backup") return consumeBackups(batch, env);
    if (batch.queue === "latchkey-insight") return consumeInsight(batch, env);
    throw new Error(`no consumer for the queue ${batch.queue}`);
  },

  async scheduled(controller, env) {
    meter.pushSoon(env);
    try {
      const { scheduledTime: now } = controller;
      if (controller.cron === MINUTE_CRON) {
        await runEach([
          () => sweepEveryMinute(env, now),
          () => sweepJournals(env),
          () => sweepAudit(env),
          () => resumeErasures(env, now),
          () => continueFileSweep(env),
          () => resumeBackups(env, now),
          () => watchRuns(env, now),
        ]);
      } else if (controller.cron === NIGHTLY_CRON) {
        await runEach([
          () => env.REFRESH_QUEUE.send({ type: "cleanup" } satisfies RefreshMessage),
          () => sweepFiles(env, now),
          () => backUpNightly(env, now),
          () => startNightlyRun(env, now),
        ]);
      } else throw new Error(`no job for the cron ${controller.cron}`);
    } catch (fault) {
      logFault("cron_failed", fault, { cron: controller.cron });
      throw fault;
    }
  },
} satisfies ExportedHandler<Env>;

/** Each environment has queues of its own; to the code `latchkey-staging-refresh` is `latchkey-refresh`. */
function underItsOwnName(batch: MessageBatch<unknown>): MessageBatch<unknown> {
  const queue = batch.queue.replace(/^latchkey-staging-/, "latchkey-");
  if (queue === batch.queue) return batch;
  return {
    queue,
    metadata: batch.metadata,
    messages: batch.messages,
    ackAll: () => batch.ackAll(),
    retryAll: (options) => batch.retryAll(options),
  };
}

/** Runs jobs one after the other. One that fails keeps none from its turn; the first fault is thrown at the end. */
async function runEach(jobs: readonly (() => Promise<unknown>)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const job of jobs) await job().catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}
