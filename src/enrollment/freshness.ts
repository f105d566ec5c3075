import { z } from "@hono/zod-openapi";
import { DAY_MS, toInstant, toInstantOrNull } from "../shared/instants.ts";

/** Newest divergences shown; the rest is counted. */
const SHOWN_DIVERGENCES = 20;

const count = z.int().nonnegative();

export const freshnessSchema = z
  .object({
    stale: z
      .object({ snapshots: count, oldest_at: z.string().nullable() })
      .openapi({ description: "Snapshots in doubt that the sweeps have not brought up to date yet." }),
    marking: z
      .array(z.object({ course_id: z.string(), reason: z.string(), requested_at: z.string() }))
      .openapi({ description: "Courses whose learners are still being marked, after a publish or a doubt." }),
    queues: z.array(
      z.object({
        queue: z.string(),
        messages: count.nullable().openapi({ description: "Null when the queue did not say." }),
        oldest_at: z.string().nullable(),
      }),
    ),
    dead_letters: count,
    divergences: z
      .object({
        last_day: count,
        newest: z.array(z.object({ enrollment_id: z.string(), detected_at: z.string(), items: count })),
      })
      .openapi({ description: "Reads whose snapshot differed from a second evaluation from D1." }),
  })
  .openapi("Freshness");

type Freshness = z.output<typeof freshnessSchema>;

const differences = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]);

/** What is late or in doubt, in numbers. */
export async function freshnessOf(env: Env, now: number): Promise<Freshness> {
  const db = env.DB;
  const [stale, marks, letters, diverged, newest] = await Promise.all([
    db
      .prepare(
        "SELECT count(*) AS n, min(stale_since) AS oldest FROM enrollments WHERE is_stale = 1 AND stale_scope IN ('course', 'problems')",
      )
      .first<{ n: number; oldest: number | null }>(),
    db
      .prepare("SELECT course_slug, reason, requested_at FROM course_marks")
      .all<{ course_slug: string; reason: string; requested_at: number }>(),
    db
      .prepare("SELECT count(*) AS n FROM dead_letters WHERE replayed_at IS NULL AND failed_at > 0")
      .first<{ n: number }>(),
    db
      .prepare("SELECT count(*) AS n FROM divergences WHERE detected_at >= ?")
      .bind(now - DAY_MS)
      .first<{ n: number }>(),
    db
      .prepare(
        "SELECT enrollment_id, detected_at, differences FROM divergences WHERE detected_at >= ? ORDER BY detected_at DESC LIMIT ?",
      )
      .bind(now - DAY_MS, SHOWN_DIVERGENCES)
      .all<{ enrollment_id: string; detected_at: number; differences: string }>(),
  ]);
  return {
    stale: { snapshots: stale?.n ?? 0, oldest_at: toInstantOrNull(stale?.oldest ?? null) },
    marking: marks.results.map(({ course_slug, reason, requested_at }) => ({
      course_id: course_slug,
      reason,
      requested_at: toInstant(requested_at),
    })),
    queues: await queueBacklogs(env),
    dead_letters: letters?.n ?? 0,
    divergences: {
      last_day: diverged?.n ?? 0,
      newest: newest.results.map((row) => ({
        enrollment_id: row.enrollment_id,
        detected_at: toInstant(row.detected_at),
        items: Object.keys(differences.parse(JSON.parse(row.differences))).length,
      })),
    },
  };
}

/** What waits in each queue. */
export function queueBacklogs(env: Env): Promise<Freshness["queues"]> {
  return Promise.all([
    backlog("latchkey-refresh", env.REFRESH_QUEUE),
    backlog("latchkey-projection", env.PROJECTION_QUEUE),
    backlog("latchkey-events", env.EVENT_QUEUE),
    backlog("latchkey-backup", env.BACKUP_QUEUE),
    backlog("latchkey-insight", env.INSIGHT_QUEUE),
  ]);
}

async function backlog(queue: string, binding: Queue): Promise<Freshness["queues"][number]> {
  try {
    const { backlogCount, oldestMessageTimestamp } = await binding.metrics();
    return { queue, messages: backlogCount, oldest_at: oldestMessageTimestamp?.toISOString() ?? null };
  } catch {
    return { queue, messages: null, oldest_at: null };
  }
}
