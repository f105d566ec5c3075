import { z } from "@hono/zod-openapi";
import { directory } from "../platform/database/shards.ts";
import { describeFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { callBroadcastLog } from "./broadcast-log-stub.ts";
import { shardCount } from "./shard-of.ts";
import { newestArchived } from "./statements.ts";
import { admission, stats } from "./stream-counts.ts";
import { broadcastShardStub } from "./stubs.ts";

const count = z.int().nonnegative();

export const healthSchema = z
  .object({
    status: z.enum(["ok", "degraded"]),
    streams: z.object({
      open: count.openapi({ description: "Streams open now, everywhere; only those of shards that answered." }),
      shards: z.int(),
      shards_unreachable: count,
    }),
    isolate: z
      .object({
        open: count,
        opened: count,
        resumed: count,
        reset: count,
        refused: count,
        evicted: count,
        lagged: count,
        closed: count,
        delivered: count,
        collapsed: count,
        lag_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
      })
      .openapi({
        description:
          "Numbers of the isolate that answers. Lag: the time from the log to a stream's queue, in the last minute.",
      }),
    admission: z
      .object({
        state: z.enum(["open", "full"]),
        open: count,
        limit: count,
        limit_per_address: count,
        limit_per_user: count,
        refused_last_minute: z.object({ isolate: count, address: count, user: count }),
      })
      .openapi({ description: "Whether the isolate that answers accepts new streams. full: it refuses all of them." }),
    broadcast: z
      .object({ head: z.string(), oldest_undelivered_ms: z.number(), shards_behind: count })
      .nullable()
      .openapi({ description: "Null when the broadcast log does not answer." }),
    archive: z.object({
      state: z.enum(["ok", "unavailable"]),
      newest_at: z.string().nullable(),
      detail: z.string().optional(),
    }),
  })
  .openapi("EventsHealth");

/** The event service in numbers. A part that does not answer is named, and the others are reported. */
export async function healthOf(env: Env, now: number): Promise<z.output<typeof healthSchema>> {
  const shards = Array.from({ length: shardCount(env) }, (_, shard) => shard);
  let open = 0;
  let unreachable = 0;
  const [, broadcast, archive] = await Promise.all([
    inParallel(shards, shards.length, async (shard) => {
      try {
        const streams = await broadcastShardStub(env, shard).streams();
        open += streams;
      } catch {
        unreachable += 1;
      }
    }),
    callBroadcastLog(env, (stub) => stub.state()),
    archiveState(directory(env)),
  ]);
  const admitted = admission.state(env, now);
  const isRefusing = admitted.state === "full" || admitted.refused_last_minute.isolate > 0;
  const isOk = unreachable === 0 && broadcast.ok && archive.state === "ok" && !isRefusing;
  return {
    status: isOk ? "ok" : "degraded",
    streams: { open, shards: shards.length, shards_unreachable: unreachable },
    isolate: { open: admission.open, ...stats.counts, lag_ms: stats.lag(now) },
    admission: admitted,
    broadcast: broadcast.ok ? broadcast.value : null,
    archive,
  };
}

async function archiveState(db: D1Database): Promise<z.output<typeof healthSchema>["archive"]> {
  try {
    const row = await newestArchived(db).first<{ at: number | null }>();
    const at = row?.at ?? null;
    return { state: "ok", newest_at: at === null ? null : new Date(at).toISOString() };
  } catch (fault) {
    return { state: "unavailable", newest_at: null, detail: describeFault(fault).slice(0, 80) };
  }
}
