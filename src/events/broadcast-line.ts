import { callObject } from "../platform/cell/call.ts";
import type { Result } from "../platform/results.ts";
import type { HistoryPage } from "./contract.ts";
import { PAGE_BYTES, PAGE_EVENTS } from "./log.ts";
import { shardName, shardOf } from "./shard-of.ts";
import type { Position } from "./types.ts";
import type { Join } from "./wire.ts";

/**
 * The methods of its shard that a channel calls. Shards call channels about broadcasts, so a channel imports only this
 * type.
 */
interface ShardPort extends Rpc.DurableObjectBranded {
  listen(
    user: string,
    streams: number,
    until: number,
    after: Position | null,
    topics: readonly string[],
  ): Promise<Result<{ join: Join; streams: number }>>;
  noteStreams(user: string, streams: number, until: number, topics: readonly string[]): Promise<Result<null>>;
  history(after: Position | null, limit: number, bytes?: number): Promise<Result<HistoryPage>>;
}

/**
 * The connection from a channel to the broadcast shard of its user. Calls about its streams arrive in the order in
 * which they are made.
 */
export class BroadcastLine {
  readonly #env: () => Env;
  readonly #user: () => string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(env: () => Env, user: () => string) {
    this.#env = env;
    this.#user = user;
  }

  /**
   * One of so many streams, with these topics, begins; the longest one ends by `until` (epoch ms). The answer says
   * where it continues.
   */
  listen(
    streams: number,
    until: number,
    after: Position | null,
    topics: readonly string[],
  ): Promise<Result<{ join: Join; streams: number }>> {
    return this.#inTurn(() => this.#call((stub) => stub.listen(this.#user(), streams, until, after, topics)));
  }

  /** So many streams are left. If this call is lost, the shard notices with the next broadcast. */
  note(streams: number, until: number, topics: readonly string[]): Promise<Result<null>> {
    return this.#inTurn(() => this.#call((stub) => stub.noteStreams(this.#user(), streams, until, topics)));
  }

  /** The events after a position. */
  page(after: Position): Promise<Result<HistoryPage>> {
    return this.#call((stub) => stub.history(after, PAGE_EVENTS, PAGE_BYTES));
  }

  #call<T>(call: (stub: DurableObjectStub<ShardPort>) => Promise<Result<T>>): Promise<Result<T>> {
    const shard = shardOf(this.#env(), this.#user());
    // SAFETY: wrangler.toml binds BROADCASTS to BroadcastShard, which has these methods.
    const namespace = this.#env().BROADCASTS as DurableObjectNamespace<ShardPort>;
    return callObject({ kind: "broadcast_shard", id: String(shard) }, () =>
      call(namespace.get(namespace.idFromName(shardName(shard)))),
    );
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const done = this.#last.then(call, call);
    this.#last = done;
    return done;
  }
}
