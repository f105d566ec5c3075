import type { Commit } from "../platform/cell/cell.ts";
import { inParallel } from "../platform/parallel.ts";
import type { EventLog } from "./log.ts";
import type { LoggedEvent, Position } from "./types.ts";

/** A receiver that was not reached is tried again this much later. */
export const SPREAD_RETRY_MS = 2_000;
/** Events, and bytes of their data, of one call to a receiver: a burst is few calls, each far below what one may carry. */
export const SPREAD_EVENTS = 500;
export const SPREAD_BYTES = 1_000_000;

/** What of the log's object the spreading needs. */
interface SpreadCell {
  commit: Commit;
  scheduler: {
    failed(name: "spread", now: number, bounds: { least: number }): void;
    reschedule(name: "spread", at: number | null): void;
  };
}

/** Who receives a log, and how. */
export interface Receivers<R> {
  /** Everybody who is to have all of the log now. */
  all(): readonly R[];
  /**
   * Sends one of them events that follow `after` without a hole; none if it is there already, as far as is known.
   * @returns where it is now, or null when it could not be brought there. Never rejects.
   */
  send(receiver: R, after: Position, events: readonly LoggedEvent[]): Promise<Position | null>;
  /** How many are sent to at the same time. */
  parallel: number;
}

/**
 * Sends each receiver of a log what the log has and it has not. Whoever was not reached is tried again by the alarm, for
 * which the object schedules "spread" in the commit that brings something new.
 */
export class Spread<R> {
  readonly #log: EventLog;
  readonly #cell: SpreadCell;
  readonly #receivers: Receivers<R>;
  /** How far each receiver is, as far as this run of the object knows. */
  readonly #reached = new Map<R, number>();
  #spreading: Promise<void> | null = null;
  #again = false;

  constructor(log: EventLog, cell: SpreadCell, receivers: Receivers<R>) {
    this.#log = log;
    this.#cell = cell;
    this.#receivers = receivers;
  }

  /** Sends until each has all; one run at a time, and once more if something came meanwhile. */
  run(): Promise<void> {
    this.#again = true;
    this.#spreading ??= this.#spreadAll().finally(() => {
      this.#spreading = null;
    });
    return this.#spreading;
  }

  /** The log is another than before: nobody is where they were. */
  forget(): void {
    this.#reached.clear();
  }

  /** How many receivers do not have all, as far as is known, and the oldest event that one of them lacks. */
  behind(): { receivers: number; oldest: LoggedEvent | null } {
    const head = this.#log.head().seq;
    const behind = this.#receivers.all().filter((receiver) => (this.#reached.get(receiver) ?? 0) < head);
    const oldest = Math.min(...behind.map((receiver) => this.#reached.get(receiver) ?? head - 1));
    return { receivers: behind.length, oldest: this.#log.after(oldest, 1).events[0] ?? null };
  }

  async #spreadAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      const head = this.#log.head().seq;
      const receivers = this.#receivers.all();
      // Most receivers stand at the same place: what goes to one is read once for all.
      const pages = new Map<number, LoggedEvent[]>();
      let missing = 0;
      await inParallel(receivers, this.#receivers.parallel, async (receiver) => {
        if (!(await this.#sendTo(receiver, head, pages))) missing += 1;
      });
      this.#forgetOthers(receivers);
      const { scheduler } = this.#cell;
      this.#cell.commit(() => {
        if (missing > 0) scheduler.failed("spread", Date.now(), { least: SPREAD_RETRY_MS });
        else if (!this.#again) scheduler.reschedule("spread", null);
      });
    }
  }

  /** @returns whether the receiver has everything up to `head` now. */
  async #sendTo(receiver: R, head: number, pages: Map<number, LoggedEvent[]>): Promise<boolean> {
    const known = this.#reached.get(receiver);
    // One that this run knows nothing of most likely has all but the newest; if not, it says so.
    let after = known ?? head - 1;
    for (let isNew = known === undefined; isNew || after < head; isNew = false) {
      // What it lacks has left the log meanwhile: a place it does not know makes it start again there.
      after = Math.max(after, this.#log.floor().seq);
      const events = pages.get(after) ?? this.#log.after(after, SPREAD_EVENTS, SPREAD_BYTES).events;
      pages.set(after, events);
      const reached = await this.#receivers.send(receiver, this.#log.positionAt(after), events);
      // No further than before: the alarm comes back to it.
      if (reached === null || (after < head && reached.seq <= after)) return false;
      after = reached.seq;
      this.#reached.set(receiver, after);
    }
    return true;
  }

  /** Of who receives nothing any more nothing is remembered. */
  #forgetOthers(receivers: readonly R[]): void {
    if (this.#reached.size <= receivers.length) return;
    const kept = new Set(receivers);
    for (const receiver of this.#reached.keys()) if (!kept.has(receiver)) this.#reached.delete(receiver);
  }
}
