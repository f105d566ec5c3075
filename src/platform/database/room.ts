import { fills } from "../statements.ts";
import { directory, everyShard } from "./shards.ts";

// How full the shards are. A course stays where it is first published, so this decision lasts long.

/** What is remembered about the shards is at most this old. New enrollments in that time may exceed the bound. */
const FILL_MAX_AGE_MS = 60_000;
/** Enrollments in one shard, if the configuration gives no number. */
const DEFAULT_BOUND = 3_000_000;

/** How full one shard is. */
export interface Fill {
  name: string;
  /** The approximate number of enrollments that its courses have ever had. */
  learners: number;
  courses: number;
}

let remembered: { fills: Promise<Fill[]>; at: number; env: Env } | null = null;

/** The limit of enrollments in one shard. */
export function shardBound({ SHARD_ENROLLMENTS }: { SHARD_ENROLLMENTS?: string }): number {
  const bound = Number(SHARD_ENROLLMENTS);
  return SHARD_ENROLLMENTS !== undefined && Number.isInteger(bound) && bound > 0 ? bound : DEFAULT_BOUND;
}

/** How full each shard is, as the directory counts. One query that uses no cache. */
export async function fillOfShards(env: Env): Promise<Fill[]> {
  const { results } = await fills(directory(env)).all<Fill>();
  const counted = new Map(results.map((fill) => [fill.name, fill]));
  return everyShard(env).map(({ name }) => counted.get(name) ?? { name, learners: 0, courses: 0 });
}

/** The shard for a new course: the least full, by enrollments, then by courses, then by number. Null: all are full. */
export function leastFilled(fills: readonly Fill[], bound: number): string | null {
  let best: Fill | null = null;
  for (const fill of fills) {
    if (fill.learners >= bound) continue;
    const isLess =
      best === null ||
      fill.learners < best.learners ||
      (fill.learners === best.learners && fill.courses < best.courses);
    if (isLess) best = fill;
  }
  return best?.name ?? null;
}

/** Whether a shard is full, as far as the isolate remembers; one query a minute. */
export async function isFull(env: Env, shard: string): Promise<boolean> {
  const now = Date.now();
  if (remembered === null || remembered.env !== env || now - remembered.at >= FILL_MAX_AGE_MS) {
    const fills = fillOfShards(env);
    const entry = { fills, at: now, env };
    remembered = entry;
    fills.catch(() => {
      if (remembered === entry) remembered = null;
    });
  }
  const fill = (await remembered.fills).find(({ name }) => name === shard);
  return fill !== undefined && fill.learners >= shardBound(env);
}
