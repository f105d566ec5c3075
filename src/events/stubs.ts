import { callObject } from "../platform/cell/call.ts";
import type { Result } from "../platform/results.ts";
import type { BroadcastShard } from "./broadcast-shard.ts";
import type { UserChannel } from "./channel.ts";
import { shardName } from "./shard-of.ts";

/** The object of one user's events. */
export function channelStub(env: Env, user: string): DurableObjectStub<UserChannel> {
  // SAFETY: wrangler.toml binds CHANNELS to this very class; the generated Env names it only in a comment.
  const namespace = env.CHANNELS as DurableObjectNamespace<UserChannel>;
  return namespace.get(namespace.idFromName(user));
}

export function broadcastShardStub(env: Env, shard: number): DurableObjectStub<BroadcastShard> {
  // SAFETY: wrangler.toml binds BROADCASTS to this very class.
  const namespace = env.BROADCASTS as DurableObjectNamespace<BroadcastShard>;
  return namespace.get(namespace.idFromName(shardName(shard)));
}

/** Calls the channel that has this id of the platform, like {@link callChannel}. */
export function callChannelObject<T>(
  env: Env,
  id: string,
  call: (stub: DurableObjectStub<UserChannel>) => Promise<Result<T>>,
): Promise<Result<T>> {
  // SAFETY: as above.
  const namespace = env.CHANNELS as DurableObjectNamespace<UserChannel>;
  return callObject({ kind: "channel", id }, () => call(namespace.get(namespace.idFromString(id))));
}

/** Calls a user's channel, with the retries of every object. Every RPC of it can be repeated without harm. */
export function callChannel<T>(
  env: Env,
  user: string,
  call: (stub: DurableObjectStub<UserChannel>) => Promise<Result<T>>,
): Promise<Result<T>> {
  return callObject({ kind: "channel", id: user }, () => call(channelStub(env, user)));
}
