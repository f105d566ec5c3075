import type { Scheduling } from "../platform/cell/alarm-scheduler.ts";
import type { Commit } from "../platform/cell/cell.ts";
import { ArchivedLog } from "./archived-log.ts";
import type { ChannelDueName } from "./channel-schema.ts";
import type { ChannelStore } from "./channel-store.ts";
import type { PublishOutcome } from "./contract.ts";
import { formatPosition } from "./cursor.ts";
import { type EventLog, WINDOW_MS } from "./log.ts";
import type { ArchiveMessage } from "./messages.ts";
import { ProgressThrottle } from "./progress.ts";
import { PublishKeys } from "./publish-keys.ts";
import { TaskWatch } from "./tasks.ts";
import { isArchived, type LoggedEvent, type NewEvent } from "./types.ts";

/** Important events wait this long for others: an alarm and a queue message for each would cost more than the event. */
export const ARCHIVE_DELAY_MS = 20_000;
/** The place of an event that was merged into another, in the table of keys. */
const NO_PLACE = 0;

/**
 * Decides what happens to each event that is published to a user, and which work it needs later. Methods that write are
 * called inside the object's transaction, except {@link archive}; the events that they return are pushed after it.
 */
export class ChannelWriter {
  readonly #log: EventLog;
  readonly #store: ChannelStore;
  readonly #keys: PublishKeys;
  readonly #tasks: TaskWatch;
  readonly #archived: ArchivedLog;
  readonly #scheduler: Scheduling<ChannelDueName>;
  readonly #isWatched: () => boolean;
  #throttle = new ProgressThrottle();

  /** @param isWatched whether a stream is open. */
  constructor(
    sql: SqlStorage,
    log: EventLog,
    store: ChannelStore,
    cell: { commit: Commit; scheduler: Scheduling<ChannelDueName> },
    isWatched: () => boolean,
  ) {
    this.#log = log;
    this.#store = store;
    this.#keys = new PublishKeys(sql, "seq");
    this.#tasks = new TaskWatch(sql);
    this.#archived = new ArchivedLog(sql, log, cell);
    this.#scheduler = cell.scheduler;
    this.#isWatched = isWatched;
  }

  /** First use of an empty object. */
  create(): void {
    this.#archived.create();
  }

  /** A transaction was rolled back: the values in memory are wrong. */
  forget(): void {
    this.#log.forget();
    this.#throttle = new ProgressThrottle();
  }

  publish(events: readonly NewEvent[], now: number): { outcomes: PublishOutcome[]; appended: LoggedEvent[] } {
    const appended: LoggedEvent[] = [];
    const outcomes = events.map((event) => this.#publishOne(event, now, appended));
    this.#afterAppend(appended, now);
    return { outcomes, appended };
  }

  /** Does the work that is due, and returns the events that it made. */
  runDue(name: Exclude<ChannelDueName, "archive" | "streams">, now: number): LoggedEvent[] {
    const appended: LoggedEvent[] = [];
    if (name === "trim") {
      this.#keys.prune(now);
      this.#tasks.prune(now);
      this.#archived.trim(now);
    } else if (name === "tasks") {
      for (const event of this.#tasks.overdue(now, this.#isWatched())) this.#append(event, now, appended);
      this.watchTasks();
    } else {
      for (const event of this.#store.takeContent(now)) this.#append(event, now, appended);
      this.#scheduler.reschedule("content", this.#store.nextContent());
    }
    return appended;
  }

  /** Schedules the next check for a running task that is silent for too long, or must be reported as running. */
  watchTasks(): void {
    this.#scheduler.reschedule("tasks", this.#tasks.nextDue(this.#isWatched()));
  }

  /** Sends important events to the archive, see {@link ArchivedLog.archive}. */
  archive(send: (events: ArchiveMessage["events"]) => Promise<unknown>): Promise<void> {
    return this.#archived.archive(send, (now) => this.#keepCaps(now));
  }

  /** When a waiting progress event is to be sent; null: none waits. */
  nextTick(): number | null {
    return this.#throttle.nextRipe();
  }

  /** Sends the progress events whose second is over. */
  flushTicks(now: number): LoggedEvent[] {
    const appended: LoggedEvent[] = [];
    for (const tick of this.#throttle.ripe(now)) {
      if (tick.subject !== null && !this.#tasks.hasEnded(tick.subject)) this.#append(tick, now, appended);
    }
    this.#afterAppend(appended, now);
    return appended;
  }

  #publishOne(event: NewEvent, now: number, appended: LoggedEvent[]): PublishOutcome {
    const { key, type, subject } = event;
    const known = this.#keys.find(event);
    if (known !== null) {
      if (!known.isSame) return { key, status: "refused", code: "idempotency_key_reused", id: null };
      const seq = Number(known.place);
      return { key, status: "duplicate", id: seq === NO_PLACE ? null : formatPosition(this.#log.positionAt(seq)) };
    }
    if (type === "content.chapter-updated") {
      this.#scheduler.schedule("content", this.#store.mergeContent(event, now));
      this.#keys.remember(event, NO_PLACE, now);
      return { key, status: "merged", id: null };
    }
    if (type === "task.progress-updated" && subject !== null) {
      if (this.#tasks.hasEnded(subject)) return { key, status: "duplicate", id: null };
      if (!this.#throttle.offer(subject, event, now)) {
        // A retry of it must not replace the newer progress event.
        this.#keys.remember(event, NO_PLACE, now);
        return { key, status: "coalesced", id: null };
      }
    } else if (subject !== null) {
      // The last value is always sent before the end.
      const waiting = this.#throttle.take(subject);
      if (waiting !== null) this.#append(waiting, now, appended);
      if (type !== "task.progress-started") this.#throttle.end(subject);
    }
    const logged = this.#append(event, now, appended);
    return { key, status: "stored", id: formatPosition(logged) };
  }

  #append(event: NewEvent, now: number, appended: LoggedEvent[]): LoggedEvent {
    const logged = this.#log.append(event, now);
    appended.push(logged);
    this.#keys.remember(event, logged.seq, now);
    this.#tasks.note(event, now);
    if (isArchived(event.type)) this.#scheduler.schedule("archive", now + ARCHIVE_DELAY_MS);
    this.#scheduler.schedule("trim", now + WINDOW_MS);
    return logged;
  }

  /** The work that new events need, once for all of a commit: watching their tasks, and keeping the limits. */
  #afterAppend(appended: readonly LoggedEvent[], now: number): void {
    if (appended.some(({ type }) => type.startsWith("task."))) this.watchTasks();
    if (this.#log.hasPiledUp) this.#keepCaps(now);
  }

  #keepCaps(now: number): void {
    this.#tasks.prune(now);
    this.#archived.keepCaps(now);
  }
}
