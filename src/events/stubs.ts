import { callObject } from "../bindings.ts";
import { fnv1a } from "../shared/hash.ts";
import type { Result } from "../shared/results.ts";
import type { BroadcastLog } from "./broadcast-log.ts";
import type { BroadcastShard } from "./broadcast-shard.ts";
import type { UserChannel } from "./channel.ts";

/** Most broadcast shards there may be; more would only cost memory. */
const MAX_SHARDS = 64;
const DEFAULT_SHARDS = 16;
const LOG_NAME = "everybody";

/** Broadcast shards, as configured. Changing it moves users to other shards, which copy the log at their first use. */
export function shardCount(env: Env): number {
  const count = Number(env.BROADCAST_SHARDS);
  return Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS ? count : DEFAULT_SHARDS;
}

/** The object of one user's events. */
export function channelStub(env: Env, user: string): DurableObjectStub<UserChannel> {
  // SAFETY: wrangler.toml binds CHANNELS to this very class; the generated Env names it only in a comment.
  const namespace = env.CHANNELS as DurableObjectNamespace<UserChannel>;
  return namespace.get(namespace.idFromName(user));
}

export function broadcastLogStub(env: Env): DurableObjectStub<BroadcastLog> {
  // SAFETY: wrangler.toml binds BROADCAST_LOG to this very class.
  const namespace = env.BROADCAST_LOG as DurableObjectNamespace<BroadcastLog>;
  return namespace.get(namespace.idFromName(LOG_NAME));
}

export function broadcastShardStub(env: Env, shard: number): DurableObjectStub<BroadcastShard> {
  // SAFETY: wrangler.toml binds BROADCASTS to this very class.
  const namespace = env.BROADCASTS as DurableObjectNamespace<BroadcastShard>;
  return namespace.get(namespace.idFromName(`shard-${shard}`));
}

/** The shard a user's streams join (FNV-1a over the id). */
export function shardOf(env: Env, user: string): number {
  return fnv1a(user) % shardCount(env);
}

/** Calls a user's channel, with the retries that every object gets. Every RPC of it is harmless to repeat. */
export function callChannel<T>(
  env: Env,
  user: string,
  call: (stub: DurableObjectStub<UserChannel>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "channel", id: user }, () => call(channelStub(env, user)));
}

/** Calls the broadcast log, likewise. */
export function callBroadcastLog<T>(
  env: Env,
  call: (stub: DurableObjectStub<BroadcastLog>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "broadcast_log", id: LOG_NAME }, () => call(broadcastLogStub(env)));
}

/** Ends the streams of a session, or all of a user's (null). A channel that does not answer has logged why. */
export async function endStreams(env: Env, user: string, session: string | null): Promise<void> {
  await callChannel(env, user, (stub) => stub.endSession(session));
}
