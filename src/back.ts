import type { createApi } from "./api.ts";
import { readOnce } from "./platform/late.ts";
import { logFault } from "./platform/log.ts";
import { meter } from "./platform/metrics/meter.ts";

// The Worker behind the edge: the whole API for what the edge forwards, the queues and the crons. The objects are those of
// the edge (src/index.ts).

const readApi = readOnce(() => import("./api.ts"));
const readMaintenance = readOnce(() => import("./maintenance/index.ts"));

/** Kept as itself and not as a promise, which two requests would share. */
let api: ReturnType<typeof createApi> | undefined;

export default {
  async fetch(request: Request, env, context) {
    api ??= (await readApi()).createApi();
    return api.fetch(request, env, context);
  },

  async queue(batch, env) {
    meter.pushSoon(env);
    const { consumeQueue } = await readMaintenance();
    await consumeQueue(batch, env);
  },

  async scheduled({ cron, scheduledTime }, env) {
    meter.pushSoon(env);
    try {
      const { runCron } = await readMaintenance();
      await runCron(cron, env, scheduledTime);
    } catch (fault) {
      logFault("cron_failed", fault, { cron });
      throw fault;
    }
  },
} satisfies ExportedHandler<Env>;
