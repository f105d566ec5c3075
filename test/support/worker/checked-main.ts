import worker from "../../../src/back.ts";
import { readEverything } from "../../../src/platform/late.ts";
import { checkedAnswer } from "./declared-answers.ts";

// The classes as they are, and not as the Worker reads them late: tests look into their objects.
export { AuditChain } from "../../../src/audit/chain/object.ts";
export { BackupVault } from "../../../src/backup/scratch.ts";
export { EnrollmentObject } from "../../../src/enrollment/object.ts";
export { BroadcastLog } from "../../../src/events/broadcast-log.ts";
export { BroadcastShard } from "../../../src/events/broadcast-shard.ts";
export { UserChannel } from "../../../src/events/channel.ts";
export { UserGate } from "../../../src/identity/revocations.ts";
export * from "../../../src/index.ts";
export { MetricsShard } from "../../../src/platform/metrics/shard.ts";
export { JournalObject } from "../../../src/records/journal/object.ts";

await readEverything();

/** The Worker as it is; each answer is compared with what the API declares, see {@link checkedAnswer}. */
export default {
  ...worker,
  async fetch(request, env, context) {
    return checkedAnswer(request, await worker.fetch(request, env, context));
  },
} satisfies ExportedHandler<Env>;
