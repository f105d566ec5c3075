import { createApi } from "./api.ts";
import { sweepAudit } from "./audit/index.ts";
import {
  consumeProjections,
  consumeRefreshes,
  type RefreshMessage,
  restDeadRefreshes,
  sweepEveryMinute,
} from "./enrollment/index.ts";
import { consumeEvents, reportDeadLetters } from "./events/index.ts";
import { DEAD_SUFFIX, logFault, storeDeadLetters } from "./ops/index.ts";
import { sweepJournals } from "./records/index.ts";

export { AuditChain } from "./audit/index.ts";
export { EnrollmentObject } from "./enrollment/index.ts";
export { BroadcastLog, BroadcastShard, UserChannel } from "./events/index.ts";
export { CoursePresence } from "./presence/index.ts";
export { JournalObject } from "./records/index.ts";

/** The crons of wrangler.toml. */
const MINUTE_CRON = "* * * * *";
const NIGHTLY_CRON = "0 2 * * *";

const api = createApi();

export default {
  fetch: api.fetch,

  async queue(batch, env) {
    if (batch.queue.endsWith(DEAD_SUFFIX)) {
      await restDeadRefreshes(batch, env, Date.now());
      await storeDeadLetters(batch, env, Date.now());
      return reportDeadLetters(batch, env);
    }
    if (batch.queue === "latchkey-projection") return consumeProjections(batch, env);
    if (batch.queue === "latchkey-refresh") return consumeRefreshes(batch, env);
    if (batch.queue === "latchkey-events") return consumeEvents(batch, env);
    throw new Error(`no consumer for the queue ${batch.queue}`);
  },

  async scheduled(controller, env) {
    try {
      if (controller.cron === MINUTE_CRON) {
        await sweepAudit(env);
        await sweepEveryMinute(env, controller.scheduledTime);
        await sweepJournals(env);
      } else if (controller.cron === NIGHTLY_CRON) {
        await env.REFRESH_QUEUE.send({ type: "cleanup" } satisfies RefreshMessage);
      } else throw new Error(`no job for the cron ${controller.cron}`);
    } catch (fault) {
      logFault("cron_failed", fault, { cron: controller.cron });
      throw fault;
    }
  },
} satisfies ExportedHandler<Env>;
