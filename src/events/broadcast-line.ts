import { callObject } from "../platform/cell/call.ts";
import type { Result } from "../platform/results.ts";
import type { HistoryPage } from "./contract.ts";
import { PAGE_BYTES, PAGE_EVENTS } from "./log.ts";
import { shardName, shardOf } from "./shard-of.ts";
import type { Position } from "./types.ts";
import type { Join } from "./wire.ts";

/** What a channel asks of its shard. The shard tells channels of broadcasts, so they know it by this alone. */
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

/** A channel's way to its user's broadcast shard. What it says of its streams arrives in the order in which it is said. */
export class BroadcastLine {
  readonly #env: () => Env;
  readonly #user: () => string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(env: () => Env, user: () => string) {
    this.#env = env;
    this.#user = user;
  }

  /** One of so many streams, which bring these topics, begins; the longest ends by `until` (epoch ms): where it goes on. */
  listen(
    streams: number,
    until: number,
    after: Position | null,
    topics: readonly string[],
  ): Promise<Result<{ join: Join; streams: number }>> {
    return this.#inTurn(() => this.#call((stub) => stub.listen(this.#user(), streams, until, after, topics)));
  }

  /** So many are left. If that does not arrive, the shard finds out with the next broadcast. */
  note(streams: number, until: number, topics: readonly string[]): Promise<Result<null>> {
    return this.#inTurn(() => this.#call((stub) => stub.noteStreams(this.#user(), streams, until, topics)));
  }

  /** What follows a position. */
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
