import { callObject } from "../platform/cell/call.ts";
import type { Result } from "../platform/results.ts";
import type { BroadcastLog } from "./broadcast-log.ts";
import { LOG_NAME } from "./broadcast-log-port.ts";

export function broadcastLogStub(env: Env): DurableObjectStub<BroadcastLog> {
  // SAFETY: wrangler.toml binds BROADCAST_LOG to this very class.
  const namespace = env.BROADCAST_LOG as DurableObjectNamespace<BroadcastLog>;
  return namespace.get(namespace.idFromName(LOG_NAME));
}

/** Calls the broadcast log, with the same retries. */
export function callBroadcastLog<T>(
  env: Env,
  call: (stub: DurableObjectStub<BroadcastLog>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "broadcast_log", id: LOG_NAME }, () => call(broadcastLogStub(env)));
}
