import { callObject } from "../cell/call.ts";
import type { Result } from "../results.ts";
import type { MetricsShard } from "./shard.ts";

/** Objects over which the counts of all isolates spread. More may be added; taking one away loses what it counted. */
export const METRICS_SHARDS = 4;

export function metricsShardStub(env: Env, shard: number): DurableObjectStub<MetricsShard> {
  // SAFETY: wrangler.toml binds METRICS to this very class; the generated Env names it only in a comment.
  const namespace = env.METRICS as DurableObjectNamespace<MetricsShard>;
  return namespace.get(namespace.idFromName(`shard-${shard}`));
}

/** Calls a shard, with the retries that every object gets. Every RPC of it is harmless to repeat. */
export function callMetricsShard<T>(
  env: Env,
  shard: number,
  call: (stub: DurableObjectStub<MetricsShard>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "metrics_shard", id: String(shard) }, () => call(metricsShardStub(env, shard)));
}
