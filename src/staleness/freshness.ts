import { z } from "@hono/zod-openapi";
import type { ByteBatch } from "../platform/database/batches.ts";
import { notAtHome } from "../platform/database/moves.ts";
import { answersOf, directory, onEveryShard } from "../platform/database/shards.ts";
import { DAY_MS, toInstant, toInstantOrNull } from "../platform/instants.ts";
import { divergencesCounted, divergencesSince, marksUnderWay, openLetters, staleCounted } from "./statements.ts";

/**
 * A shard that takes longer is left out, so that the numbers of the others are reported: metrics wait two seconds in
 * all.
 */
const SHARD_WAIT_MS = 1_500;
/** Newest divergences shown; the rest is counted. */
const SHOWN_DIVERGENCES = 20;

const count = z.int().nonnegative();

export const freshnessSchema = z
  .object({
    stale: z
      .object({ snapshots: count, oldest_at: z.string().nullable() })
      .openapi({ description: "Stale snapshots that the sweeps have not refreshed yet." }),
    dark_shards: z
      .array(z.string())
      .openapi({ description: "Databases that did not answer. Their courses are not in these numbers." }),
    marking: z
      .array(z.object({ course_id: z.string(), reason: z.string(), requested_at: z.string() }))
      .openapi({ description: "Courses whose learners are still being marked as stale." }),
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

/** The number and age of late and stale things. */
export async function freshnessOf(env: Env, now: number): Promise<Freshness> {
  const db = directory(env);
  const away = await notAtHome(env);
  const [shards, marks, letters] = await Promise.all([
    onEveryShard(env, ({ name, db }) => ofShard(db, away(name), now), SHARD_WAIT_MS),
    marksUnderWay(db).all<{ course_slug: string; reason: string; requested_at: number }>(),
    openLetters(db).first<{ n: number }>(),
  ]);
  const found = answersOf(shards);
  const oldest = found.flatMap((shard) => shard.oldest ?? []);
  const newest = found
    .flatMap((shard) => shard.newest)
    .sort((a, b) => b.detected_at - a.detected_at)
    .slice(0, SHOWN_DIVERGENCES);
  return {
    stale: {
      snapshots: found.reduce((sum, { stale }) => sum + stale, 0),
      oldest_at: toInstantOrNull(oldest.length === 0 ? null : Math.min(...oldest)),
    },
    dark_shards: shards.flatMap(({ ok, name }) => (ok ? [] : [name])),
    marking: marks.results.map(({ course_slug, reason, requested_at }) => ({
      course_id: course_slug,
      reason,
      requested_at: toInstant(requested_at),
    })),
    queues: await queueBacklogs(env),
    dead_letters: letters?.n ?? 0,
    divergences: {
      last_day: found.reduce((sum, { diverged }) => sum + diverged, 0),
      newest: newest.map((row) => ({
        enrollment_id: row.enrollment_id,
        detected_at: toInstant(row.detected_at),
        items: Object.keys(differences.parse(JSON.parse(row.differences))).length,
      })),
    },
  };
}

interface DivergenceRow {
  enrollment_id: string;
  detected_at: number;
  differences: string;
}

/** The part of one shard. @param away courses that another shard answers for. */
async function ofShard(
  db: D1Database,
  away: ByteBatch<string>,
  now: number,
): Promise<{ stale: number; oldest: number | null; diverged: number; newest: DivergenceRow[] }> {
  const [stale, diverged, newest] = await Promise.all([
    staleCounted(db, away.json).first<{ n: number; oldest: number | null }>(),
    divergencesCounted(db, away.json, now - DAY_MS).first<{ n: number }>(),
    divergencesSince(db, away.json, now - DAY_MS, SHOWN_DIVERGENCES).all<DivergenceRow>(),
  ]);
  return {
    stale: stale?.n ?? 0,
    oldest: stale?.oldest ?? null,
    diverged: diverged?.n ?? 0,
    newest: newest.results,
  };
}

/** Messages that wait in each queue. */
export function queueBacklogs(env: Env): Promise<Freshness["queues"]> {
  return Promise.all([
    backlog("latchkey-refresh", env.REFRESH_QUEUE),
    backlog("latchkey-projection", env.PROJECTION_QUEUE),
    backlog("latchkey-events", env.EVENT_QUEUE),
    backlog("latchkey-backup", env.BACKUP_QUEUE),
    backlog("latchkey-insight", env.INSIGHT_QUEUE),
    backlog("latchkey-imports", env.IMPORT_QUEUE),
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
