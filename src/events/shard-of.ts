import { fnv1a } from "../platform/hash.ts";

/** Most broadcast shards there may be; more would only cost memory. */
const MAX_SHARDS = 64;
const DEFAULT_SHARDS = 16;

/** Broadcast shards, as configured. Changing it moves users to other shards, which copy the log at their first use. */
export function shardCount(env: Env): number {
  const count = Number(env.BROADCAST_SHARDS);
  return Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS ? count : DEFAULT_SHARDS;
}

/** The shard a user's streams join (FNV-1a over the id). */
export function shardOf(env: Env, user: string): number {
  return fnv1a(user) % shardCount(env);
}

/** What an object of the namespace of shards is called. */
export function shardName(shard: number): string {
  return `shard-${shard}`;
}
