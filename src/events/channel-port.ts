import type { Result } from "../platform/results.ts";
import type { LoggedEvent, Position } from "./types.ts";

/**
 * The methods of a user's channel that a broadcast shard calls. The channel imports the shard, so the shard imports
 * only this type.
 */
interface ChannelPort extends Rpc.DurableObjectBranded {
  /**
   * Broadcasts after `after`, for those of the user's clients that hold sockets.
   * @returns whether there are any: if not, the channel need not be notified of the next one.
   */
  hear(after: Position, events: LoggedEvent[]): Promise<Result<{ listening: boolean }>>;
}

export function channelPort(env: Env, user: string): DurableObjectStub<ChannelPort> {
  // SAFETY: wrangler.toml binds CHANNELS to UserChannel, which has this method.
  const namespace = env.CHANNELS as DurableObjectNamespace<ChannelPort>;
  return namespace.get(namespace.idFromName(user));
}
