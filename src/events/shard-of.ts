import { fnv1a } from "../platform/hash.ts";

/** Largest number of broadcast shards; more would only cost memory. */
const MAX_SHARDS = 64;
const DEFAULT_SHARDS = 16;

/**
 * The configured number of broadcast shards. Changing it moves users to other shards, which copy the log at their first
 * use.
 */
export function shardCount(env: Env): number {
  const count = Number(env.BROADCAST_SHARDS);
  return Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS ? count : DEFAULT_SHARDS;
}

/** The shard of a user's streams (FNV-1a of the id). */
export function shardOf(env: Env, user: string): number {
  return fnv1a(user) % shardCount(env);
}

/** The name of an object in the namespace of shards. */
export function shardName(shard: number): string {
  return `shard-${shard}`;
}
