import type { Scheduling } from "../platform/cell/alarm-scheduler.ts";
import type { Commit } from "../platform/cell/cell.ts";
import { ArchiveMark } from "./archive-mark.ts";
import type { EventLog } from "./log.ts";
import type { ArchiveMessage } from "./messages.ts";

/** The parts of its object that such a log needs. */
interface LogCell {
  commit: Commit;
  scheduler: Scheduling<"archive" | "trim">;
}

/**
 * A log whose important events go to D1 too: it sends them there, and keeps the log within its limits meanwhile.
 * Methods that write are called inside the object's transaction, except {@link archive}.
 */
export class ArchivedLog {
  readonly #log: EventLog;
  readonly #mark: ArchiveMark;
  readonly #cell: LogCell;

  constructor(sql: SqlStorage, log: EventLog, cell: LogCell) {
    this.#log = log;
    this.#mark = new ArchiveMark(sql, log);
    this.#cell = cell;
  }

  /** First use of an empty object. */
  create(): void {
    this.#log.create();
    this.#mark.create();
  }

  /** Removes events that are too old or too many; schedules the next removal. */
  trim(now: number): void {
    this.#cell.scheduler.reschedule("trim", this.#log.trim(now, this.#mark.settledUpTo()));
  }

  /** Brings the log back to its limits; events that are pending for D1 go there first. */
  keepCaps(now: number): void {
    const settled = this.#mark.settledUpTo();
    if (settled !== Number.POSITIVE_INFINITY) this.#cell.scheduler.schedule("archive", now);
    this.#cell.scheduler.reschedule("trim", this.#log.trim(now, settled));
  }

  /**
   * Sends important events to the archive's queue; they count as archived once the queue has them.
   * @param overfull called in the last transaction if the log is above its limits.
   */
  async archive(
    send: (events: ArchiveMessage["events"]) => Promise<unknown>,
    overfull: (now: number) => void = (now) => this.keepCaps(now),
  ): Promise<void> {
    for (let more = true; more; ) {
      const { events, ...pending } = this.#mark.pending();
      if (events.length > 0) await send(events);
      this.#cell.commit(() => {
        this.#mark.reached(pending.upTo);
        if (pending.more) return;
        this.#cell.scheduler.reschedule("archive", null);
        if (this.#log.isOverfull) overfull(Date.now());
      });
      more = pending.more;
    }
  }
}
