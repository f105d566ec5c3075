import type { Commit } from "../platform/cell/cell.ts";
import { inParallel } from "../platform/parallel.ts";
import type { EventLog } from "./log.ts";
import type { LoggedEvent, Position } from "./types.ts";

/** A receiver that was not reached is tried again after this time. */
export const SPREAD_RETRY_MS = 2_000;
/**
 * Events, and bytes of their data, of one call to a receiver: a burst needs few calls, each far below the limit of a
 * call.
 */
export const SPREAD_EVENTS = 500;
export const SPREAD_BYTES = 1_000_000;

/** The parts of the log's object that this class needs. */
interface SpreadCell {
  commit: Commit;
  scheduler: {
    failed(name: "spread", now: number, bounds: { least: number }): void;
    reschedule(name: "spread", at: number | null): void;
  };
}

/** The receivers of a log, and the way to call them. */
export interface Receivers<R> {
  /** All receivers of the log now. */
  all(): readonly R[];
  /**
   * Sends events after `after`, without a gap, to one receiver; none if it seems to have everything.
   * @returns its place now, or null when it could not be brought there. Never rejects.
   */
  send(receiver: R, after: Position, events: readonly LoggedEvent[]): Promise<Position | null>;
  /** How many are called at the same time. */
  parallel: number;
}

/**
 * Sends each receiver of a log the events that it does not have. The alarm tries again to reach a receiver; the object
 * schedules "spread" for it in the commit that adds events.
 */
export class Spread<R> {
  readonly #log: EventLog;
  readonly #cell: SpreadCell;
  readonly #receivers: Receivers<R>;
  /** The place of each receiver, if this run of the object knows it. */
  readonly #reached = new Map<R, number>();
  #spreading: Promise<void> | null = null;
  #again = false;

  constructor(log: EventLog, cell: SpreadCell, receivers: Receivers<R>) {
    this.#log = log;
    this.#cell = cell;
    this.#receivers = receivers;
  }

  /** Sends until each receiver has everything; one run at a time, and one more if new events came meanwhile. */
  run(): Promise<void> {
    this.#again = true;
    this.#spreading ??= this.#spreadAll().finally(() => {
      this.#spreading = null;
    });
    return this.#spreading;
  }

  /** The log has been replaced: no receiver is where it was. */
  forget(): void {
    this.#reached.clear();
  }

  /**
   * How many receivers do not have everything, as far as is known, and the oldest event that one of them does not have.
   */
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
      // Most receivers are at the same place: a page for them is read once for all.
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
    // A receiver that this run does not know has probably everything except the newest events; if not, it says so.
    let after = known ?? head - 1;
    for (let isNew = known === undefined; isNew || after < head; isNew = false) {
      // The events that it needs have left the log meanwhile: a place that it does not know makes it start again.
      after = Math.max(after, this.#log.floor().seq);
      const events = pages.get(after) ?? this.#log.after(after, SPREAD_EVENTS, SPREAD_BYTES).events;
      pages.set(after, events);
      const reached = await this.#receivers.send(receiver, this.#log.positionAt(after), events);
      // Not further than before: the alarm tries again.
      if (reached === null || (after < head && reached.seq <= after)) return false;
      after = reached.seq;
      this.#reached.set(receiver, after);
    }
    return true;
  }

  /** The places of former receivers are forgotten. */
  #forgetOthers(receivers: readonly R[]): void {
    if (this.#reached.size <= receivers.length) return;
    const kept = new Set(receivers);
    for (const receiver of this.#reached.keys()) if (!kept.has(receiver)) this.#reached.delete(receiver);
  }
}
