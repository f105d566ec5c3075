import { everyShard } from "../platform/database/shards.ts";
import { gauge, gaugeBy } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { freshnessOf, queueBacklogs } from "./freshness.ts";

/** Age of something in seconds; 0 when there is nothing. */
function ageOf(instant: string | null | undefined, now: number): number {
  return instant == null ? 0 : Math.max(now - Date.parse(instant), 0) / 1_000;
}

/** Late and stale things, from D1. */
export const unlockSection: Section = {
  name: "unlock",
  async read(env, now) {
    const { stale, dark_shards, marking, dead_letters, divergences } = await freshnessOf(env, now);
    const oldestMark = marking.map(({ requested_at }) => requested_at).sort()[0];
    return [
      gauge("unlock_stale_snapshots", "Stale snapshots that no sweep has refreshed yet.", stale.snapshots),
      gaugeBy(
        "database_shard_up",
        "1: the database answered; 0: it did not, and its courses are not in the other numbers.",
        "shard",
        everyShard(env).map(({ name }) => [name, dark_shards.includes(name) ? 0 : 1]),
      ),
      gauge("unlock_refresh_lag_seconds", "How long the oldest of them has waited.", ageOf(stale.oldest_at, now)),
      gauge("unlock_marking_courses", "Courses whose learners are still being marked after a publish.", marking.length),
      gauge("unlock_marking_lag_seconds", "How long the oldest of these marks has waited.", ageOf(oldestMark, now)),
      gauge(
        "unlock_divergences_last_day",
        "Snapshots that differed from D1 in the last 24 hours.",
        divergences.last_day,
      ),
      gauge("dlq_items", "Messages that failed their last retry and were not replayed.", dead_letters),
    ];
  },
};

/** Messages that wait in the queues. */
export const queueSection: Section = {
  name: "queues",
  async read(env, now) {
    const queues = await queueBacklogs(env);
    return [
      gaugeBy(
        "queue_backlog_messages",
        "Messages that wait.",
        "queue",
        queues.map(({ queue, messages }) => [queue, messages]),
      ),
      gaugeBy(
        "queue_oldest_message_age_seconds",
        "How long the oldest message has waited.",
        "queue",
        queues.map(({ queue, messages, oldest_at }) => [queue, messages === null ? null : ageOf(oldest_at, now)]),
      ),
    ];
  },
};
