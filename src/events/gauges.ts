import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { healthOf } from "./health.ts";

/** Streams and undelivered events, from the objects that have them. */
export const eventSection: Section = {
  name: "events",
  async read(env, now) {
    const { streams, broadcast, archive } = await healthOf(env, now);
    return [
      gauge("event_streams_open", "Streams open now; those of shards that answered.", streams.open),
      gauge("event_shards_unreachable", "Broadcast shards that do not answer.", streams.shards_unreachable),
      gauge(
        "event_broadcast_undelivered_seconds",
        "How long the oldest broadcast has waited for a shard.",
        broadcast === null ? null : broadcast.oldest_undelivered_ms / 1_000,
      ),
      gauge("event_broadcast_shards_behind", "Shards that lack a broadcast.", broadcast?.shards_behind ?? null),
      gauge("event_archive_up", "1: the archive of important events answers.", archive.state === "ok" ? 1 : 0),
    ];
  },
};
