import type { Commit } from "../platform/cell/cell.ts";
import { logFault } from "../platform/log.ts";
import { inParallel } from "../platform/parallel.ts";
import { parsePosition } from "./cursor.ts";
import type { EventLog } from "./log.ts";
import { broadcastShardStub, shardCount } from "./stubs.ts";
import type { LoggedEvent } from "./types.ts";

/** A shard that was not reached is tried again this much later. */
export const SPREAD_RETRY_MS = 2_000;
/** Events, and bytes of their data, of one call to a shard: a burst is few calls, each far below what one may carry. */
export const SPREAD_EVENTS = 500;
export const SPREAD_BYTES = 1_000_000;
/** Shards that are sent to at the same time. */
const PARALLEL_SHARDS = 16;

/** What of the log's object the spreading needs. */
interface SpreadCell {
  commit: Commit;
  scheduler: {
    failed(name: "spread", now: number, bounds: { least: number }): void;
    reschedule(name: "spread", at: number | null): void;
  };
}

/** Sends the shards what the broadcast log has and they have not. */
export class Spread {
  readonly #env: () => Env;
  readonly #log: EventLog;
  readonly #cell: SpreadCell;
  /** How far each shard is, as far as this run of the object knows. */
  readonly #reached = new Map<number, number>();
  #spreading: Promise<void> | null = null;
  #again = false;

  /** @param env the object's bindings as they are now. */
  constructor(env: () => Env, log: EventLog, cell: SpreadCell) {
    this.#env = env;
    this.#log = log;
    this.#cell = cell;
  }

  /** Sends to the shards until each has all; one run at a time, and once more if something came meanwhile. */
  run(): Promise<void> {
    this.#again = true;
    this.#spreading ??= this.#spreadAll().finally(() => {
      this.#spreading = null;
    });
    return this.#spreading;
  }

  /** How many shards do not have all, as far as is known, and the oldest event that one of them lacks. */
  behind(): { shards: number; oldest: LoggedEvent | null } {
    const head = this.#log.head().seq;
    const behind = this.#shards().filter((shard) => (this.#reached.get(shard) ?? 0) < head);
    const oldest = Math.min(...behind.map((shard) => this.#reached.get(shard) ?? head - 1));
    return { shards: behind.length, oldest: this.#log.after(oldest, 1).events[0] ?? null };
  }

  async #spreadAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const head = this.#log.head().seq;
      // Most shards stand at the same place: what goes to one is read once for all.
      const pages = new Map<number, LoggedEvent[]>();
      let missing = 0;
      await inParallel(this.#shards(), PARALLEL_SHARDS, async (shard) => {
        if (!(await this.#sendToShard(shard, head, pages))) missing += 1;
      });
      const { scheduler } = this.#cell;
      this.#cell.commit(() => {
        if (missing > 0) scheduler.failed("spread", Date.now(), { least: SPREAD_RETRY_MS });
        else if (!this.#again) scheduler.reschedule("spread", null);
      });
    }
  }

  /** @returns whether the shard has everything up to `head` now. */
  async #sendToShard(shard: number, head: number, pages: Map<number, LoggedEvent[]>): Promise<boolean> {
    try {
      // A shard this run knows nothing of most likely has all but the newest; if not, it says so.
      let after = this.#reached.get(shard) ?? head - 1;
      while (after < head) {
        // What it lacks has left the log meanwhile: a place it does not know makes it start anew there.
        after = Math.max(after, this.#log.floor().seq);
        const events = pages.get(after) ?? this.#log.after(after, SPREAD_EVENTS, SPREAD_BYTES).events;
        pages.set(after, events);
        const answer = await broadcastShardStub(this.#env(), shard).deliver(this.#log.positionAt(after), events);
        const reached = answer === null ? null : parsePosition(answer);
        // No further than before: the alarm comes back to it.
        if (reached === null || reached.seq <= after) return false;
        after = reached.seq;
        this.#reached.set(shard, after);
      }
      return true;
    } catch (fault) {
      logFault("broadcast_shard_unreachable", fault, { shard });
      return false;
    }
  }

  #shards(): number[] {
    return Array.from({ length: shardCount(this.#env()) }, (_, shard) => shard);
  }
}
