import { fills } from "../statements.ts";
import { directory, everyShard } from "./shards.ts";

// How full the shards are. A course stays where it is first published, so what is decided here is decided for long.

/** What is remembered of how full the shards are, at most this old: the bound may be passed by what came meanwhile. */
const FILL_MAX_AGE_MS = 60_000;
/** Enrollments of one shard, where the configuration says nothing. */
const DEFAULT_BOUND = 3_000_000;

/** How full one shard is. */
export interface Fill {
  name: string;
  /** Enrollments that its courses have ever had, about. */
  learners: number;
  courses: number;
}

let remembered: { fills: Promise<Fill[]>; at: number; env: Env } | null = null;

/** Enrollments one shard takes. */
export function shardBound({ SHARD_ENROLLMENTS }: { SHARD_ENROLLMENTS?: string }): number {
  const bound = Number(SHARD_ENROLLMENTS);
  return SHARD_ENROLLMENTS !== undefined && Number.isInteger(bound) && bound > 0 ? bound : DEFAULT_BOUND;
}

/** How full each shard is, counted by the directory. One query, past every cache. */
export async function fillOfShards(env: Env): Promise<Fill[]> {
  const { results } = await fills(directory(env)).all<Fill>();
  const counted = new Map(results.map((fill) => [fill.name, fill]));
  return everyShard(env).map(({ name }) => counted.get(name) ?? { name, learners: 0, courses: 0 });
}

/** Which shard a new course goes to: the least filled, by enrollments, then by courses, then by number. Null: all are full. */
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

/** Whether a shard takes no more enrollments, as far as the isolate remembers; one query a minute. */
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
