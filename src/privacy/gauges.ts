import { directory } from "../platform/database/shards.ts";
import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { erasuresOpen } from "./statements/erasures.ts";

/** Erasures that are not done. A person has a right to each of them, so one that makes no progress must be seen. */
export const privacySection: Section = {
  name: "privacy",
  async read(env, now) {
    // due_at is always above 0. The condition lets SQLite use the partial index, which has only rows that are not done.
    const row = await erasuresOpen(directory(env)).first<{ n: number; oldest: number | null }>();
    const oldest = row?.oldest ?? null;
    return [
      gauge("erasures_pending", "Erasures of users that are not done yet.", row?.n ?? 0),
      gauge(
        "erasures_oldest_age_seconds",
        "How long ago the oldest of them was asked for.",
        oldest === null ? 0 : Math.max(now - oldest, 0) / 1_000,
      ),
    ];
  },
};
