import type { Result } from "../platform/results.ts";
import type { HistoryPage } from "./contract.ts";
import type { Position } from "./types.ts";

/** There is one broadcast log, and this is its name. */
export const LOG_NAME = "everybody";

/** What a shard asks of the log. The log is built on the shards, so they know it by this alone. */
export interface BroadcastLogPort extends Rpc.DurableObjectBranded {
  /** What follows a position. A gap means that the shard must start again at the floor. */
  since(after: Position | null): Promise<Result<HistoryPage & { floor: Position }>>;
}

export function broadcastLogPort(env: Env): DurableObjectStub<BroadcastLogPort> {
  // SAFETY: wrangler.toml binds BROADCAST_LOG to BroadcastLog, which has this method.
  const namespace = env.BROADCAST_LOG as DurableObjectNamespace<BroadcastLogPort>;
  return namespace.get(namespace.idFromName(LOG_NAME));
}
