import { callObject } from "../cell/call.ts";
import type { Result } from "../results.ts";
import type { MetricsShard } from "./shard.ts";

/** The counts of all isolates are spread over this many objects. More may be added; removing one loses its counts. */
export const METRICS_SHARDS = 4;

export function metricsShardStub(env: Env, shard: number): DurableObjectStub<MetricsShard> {
  // SAFETY: wrangler.toml binds METRICS to exactly this class; the generated Env names it only in a comment.
  const namespace = env.METRICS as DurableObjectNamespace<MetricsShard>;
  return namespace.get(namespace.idFromName(`shard-${shard}`));
}

/** Calls a shard, with the retries of every object. All its RPCs are harmless to repeat. */
export function callMetricsShard<T>(
  env: Env,
  shard: number,
  call: (stub: DurableObjectStub<MetricsShard>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "metrics_shard", id: String(shard) }, () => call(metricsShardStub(env, shard)));
}
