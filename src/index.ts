import type { createApi } from "./api.ts";
import { logFault } from "./platform/log.ts";
import { meter } from "./platform/metrics/meter.ts";

// An isolate is started for one kind of work: requests, a queue, a cron, or an object. What only another kind needs is
// evaluated when it is first asked for, so that a start stays short: every import here is one that objects need. So the
// classes are named by their files: a room's index.ts knows its routes too.

export { AuditChain } from "./audit/chain/object.ts";
export { BackupVault } from "./backup/scratch.ts";
export { EnrollmentObject } from "./enrollment/object.ts";
export { BroadcastLog } from "./events/broadcast-log.ts";
export { BroadcastShard } from "./events/broadcast-shard.ts";
export { UserChannel } from "./events/channel.ts";
export { UserGate } from "./identity/revocations.ts";
export { MetricsShard } from "./platform/metrics/shard.ts";
export { CoursePresence } from "./presence/object.ts";
export { JournalObject } from "./records/journal/object.ts";

/** Kept as itself and not as a promise, which two requests would share. */
let api: ReturnType<typeof createApi> | undefined;

export default {
  async fetch(request: Request, env, context) {
    api ??= (await import("./api.ts")).createApi();
    return api.fetch(request, env, context);
  },

  async queue(batch, env) {
    meter.pushSoon(env);
    const { consumeQueue } = await import("./maintenance/index.ts");
    await consumeQueue(batch, env);
  },

  async scheduled({ cron, scheduledTime }, env) {
    meter.pushSoon(env);
    try {
      const { runCron } = await import("./maintenance/index.ts");
      await runCron(cron, env, scheduledTime);
    } catch (fault) {
      logFault("cron_failed", fault, { cron });
      throw fault;
    }
  },
} satisfies ExportedHandler<Env>;
