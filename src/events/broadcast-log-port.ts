import type { Result } from "../platform/results.ts";
import type { HistoryPage } from "./contract.ts";
import type { Position } from "./types.ts";

/** The name of the only broadcast log. */
export const LOG_NAME = "everybody";

/** The methods of the log that a shard calls. The log imports the shards, so they import only this type. */
export interface BroadcastLogPort extends Rpc.DurableObjectBranded {
  /** The events after a position. A gap means that the shard must start again at the floor. */
  since(after: Position | null): Promise<Result<HistoryPage & { floor: Position }>>;
}

export function broadcastLogPort(env: Env): DurableObjectStub<BroadcastLogPort> {
  // SAFETY: wrangler.toml binds BROADCAST_LOG to BroadcastLog, which has this method.
  const namespace = env.BROADCAST_LOG as DurableObjectNamespace<BroadcastLogPort>;
  return namespace.get(namespace.idFromName(LOG_NAME));
}
