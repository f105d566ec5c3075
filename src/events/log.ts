// Over 350 lines: a log is its table, its bounds and its epochs, which one transaction changes together.

import { utf8Length } from "./bytes.ts";
import type { Gap, HistoryPage } from "./contract.ts";
import { newEpoch } from "./cursor.ts";
import { kindOf, type Loaded, loadLog, type Row } from "./log-tables.ts";
import type { EventType, LoggedEvent, NewEvent, Position } from "./types.ts";

/** How long a reader can resume after an event: 24 hours. */
export const WINDOW_MS = 86_400_000;
/**
 * Events that a log keeps at most, including the latest progress events. Older ones are removed early, and a cursor
 * before them gets an answer that says so.
 */
const MAX_EVENTS = 2_000;
/** The same for the log that all courses' topics share. */
export const MAX_BROADCASTS = 20_000;
/** Bytes of event data a log keeps at most: two calls of the largest size. */
const MAX_BYTES = 20_000_000;
/**
 * How much more than that may collect before it is removed together: removing one row costs as much as removing many.
 */
const TRIM_SLACK = 0.1;
/** Events that are pending for D1 are kept beyond the limits, up to this many times as much. */
const PENDING_FACTOR = 2;
/** Epochs that are kept after their events are gone: their cursors get the answer "expired" instead of "unknown". */
const REMEMBERED_EPOCHS = 100;
/** Bytes of event data in one page of replay: one message between the objects and the Worker. */
export const PAGE_BYTES = 96_000;
/** Events in one page of replay. */
export const PAGE_EVENTS = 200;

/** Number of events of one kind: it is compared with the role and the preferences of a reader. */
export interface EventGroup extends Pick<LoggedEvent, "type" | "level" | "priority" | "roles" | "topic"> {
  count: number;
}

/**
 * An append-only log with a window, in a Durable Object's SQLite. Sequence numbers grow for ever; the run of the object
 * that gave a number is its epoch. A run takes a new epoch with its first append. So a log whose storage was set back
 * (this always restarts the object) gives the same number again only under another epoch, and a cursor from before is
 * recognised however far the log has grown since: its epoch ends before it. Methods that write are called inside the
 * object's transaction; {@link forget} follows one that failed.
 */
export class EventLog {
  readonly #sql: SqlStorage;
  #loaded: Loaded | null = null;
  /** The epoch of this run of the object, once it has appended something. */
  #ownEpoch: string | null = null;
  /**
   * What the last {@link trim} of this run left. Events that it kept because they were pending for D1 need no new trim.
   */
  #left = { rows: 0, bytes: 0 };

  readonly #mostEvents: number;

  /** @param mostEvents how many it keeps. */
  constructor(sql: SqlStorage, mostEvents: number = MAX_EVENTS) {
    this.#sql = sql;
    this.#mostEvents = mostEvents;
  }

  /** First use of an empty object. */
  create(epoch: string = newEpoch()): void {
    this.#sql.exec("INSERT INTO log_state (one, floor, head) VALUES (1, 0, 0)");
    this.#sql.exec("INSERT INTO epochs (epoch, first_seq) VALUES (?, 0)", epoch);
    this.forget();
  }

  /** A transaction was rolled back: the values in memory are wrong. */
  forget(): void {
    this.#loaded = null;
    this.#ownEpoch = null;
    this.#left = { rows: 0, bytes: 0 };
  }

  /** The newest position. */
  head(): Position {
    return this.positionAt(this.#load().head);
  }

  /** The oldest position from which a reader can continue. */
  floor(): Position {
    return this.positionAt(this.#load().floor);
  }

  /** A sequence number with the epoch of the run that gave it. */
  positionAt(seq: number): Position {
    return { epoch: this.#load().epochs.findLast(({ first }) => first <= seq)?.epoch ?? "", seq };
  }

  /** Adds an event at the end. @returns it, with its place. */
  append(event: NewEvent, now: number): LoggedEvent {
    const state = this.#load();
    const seq = state.head + 1;
    if (this.#ownEpoch === null) this.#startEpoch(newEpoch(), seq);
    const at = Math.max(now, state.lastAt);
    const { type, level, priority, roles, data, subject, topic } = event;
    const kind = { type, level, priority, roles, topic };
    const logged: LoggedEvent = { ...kind, data, subject, epoch: this.#ownEpoch ?? "", seq, at };
    this.#insert(logged);
    return logged;
  }

  /** Adds an event of another log here, at the place that it has there. Events must come in order, without a gap. */
  copy(event: LoggedEvent): void {
    const { epochs } = this.#load();
    if (epochs.at(-1)?.epoch !== event.epoch) this.#startEpoch(event.epoch, event.seq);
    this.#insert(event);
  }

  /** Whether a reader can continue from a position. @returns null when it can, else why not. */
  gapAt({ epoch, seq }: Position): Gap | null {
    const { epochs, floor, head } = this.#load();
    const at = epochs.findIndex((candidate) => candidate.epoch === epoch);
    const first = epochs[at]?.first;
    if (first === undefined || seq < first) return "unknown";
    const last = (epochs[at + 1]?.first ?? head + 1) - 1;
    if (seq > last) return "rewound";
    return seq < floor ? "expired" : null;
  }

  /** The kept events after `seq`, counted by the fields that decide who gets them. */
  groupsAfter(seq: number): EventGroup[] {
    const rows = this.#sql.exec<Pick<Row, "type" | "level" | "priority" | "roles" | "topic"> & { count: number }>(
      `SELECT type, level, priority, roles, topic, count(*) AS count FROM log WHERE seq > ?1
       GROUP BY type, level, priority, roles, topic
       UNION ALL
       SELECT 'task.progress-updated', 'info', 'normal', NULL, NULL, count(*) FROM ticks WHERE seq > ?1`,
      seq,
    );
    return rows.toArray().flatMap(({ count, ...row }) => {
      const kind = kindOf(row);
      return kind === null || count === 0 ? [] : [{ ...kind, count }];
    });
  }

  /** The next events after `seq`, in order; `more` when the page was full. */
  after(
    seq: number,
    limit: number = PAGE_EVENTS,
    bytes: number = PAGE_BYTES,
  ): { events: LoggedEvent[]; more: boolean } {
    const events: LoggedEvent[] = [];
    let room = bytes;
    const rows = this.#sql.exec<Row>(
      `SELECT seq, at, type, level, priority, roles, data, subject, topic FROM log WHERE seq > ?1
       UNION ALL
       SELECT seq, at, 'task.progress-updated', 'info', 'normal', NULL, data, subject, NULL FROM ticks WHERE seq > ?1
       ORDER BY seq`,
      seq,
    );
    for (const row of rows) {
      if (events.length === limit || room <= 0) return { events, more: true };
      const event = this.#read(row);
      // A value that this code does not know was stored by newer code, before a rollback: readers skip it.
      if (event !== null) events.push(event);
      room -= utf8Length(row.data);
    }
    return { events, more: false };
  }

  /**
   * Removes events that are too old or too many.
   * @param pendingAfter events after it are pending for D1, and stay while there is room for twice as much.
   * @returns when there is something to remove next, or null.
   */
  trim(now: number, pendingAfter: number = Number.POSITIVE_INFINITY): number | null {
    const state = this.#load();
    const cut = Math.max(
      this.#sql
        .exec<{ seq: number | null }>(
          "SELECT max(seq) AS seq FROM (SELECT seq FROM log WHERE at <= ?1 UNION ALL SELECT seq FROM ticks WHERE at <= ?1)",
          now - WINDOW_MS,
        )
        .one().seq ?? 0,
      Math.min(this.#surplusUpTo(1), pendingAfter),
      this.#surplusUpTo(PENDING_FACTOR),
    );
    if (cut > state.floor) {
      this.#sql.exec("DELETE FROM log WHERE seq <= ?", cut);
      this.#sql.exec("DELETE FROM ticks WHERE seq <= ?", cut);
      this.#sql.exec("UPDATE log_state SET floor = ?, head = ?", cut, state.head);
      this.#sql.exec(
        `DELETE FROM epochs WHERE first_seq < (SELECT max(first_seq) FROM epochs WHERE first_seq <= ?)
         AND first_seq < (SELECT min(first_seq) FROM (SELECT first_seq FROM epochs ORDER BY first_seq DESC LIMIT ?))`,
        cut,
        REMEMBERED_EPOCHS,
      );
      this.#loaded = null;
    }
    const { rows, bytes } = this.#load();
    this.#left = { rows, bytes };
    const oldest = this.#sql
      .exec<{ at: number | null }>(
        "SELECT min(at) AS at FROM (SELECT min(at) AS at FROM log UNION ALL SELECT min(at) FROM ticks)",
      )
      .one().at;
    return oldest === null ? null : oldest + WINDOW_MS;
  }

  /** Whether the log is above its limits and their tolerance. */
  get isOverfull(): boolean {
    return this.#isBeyond(this.#mostEvents, MAX_BYTES);
  }

  /** Whether enough events have come since the last {@link trim} to make another one worth its cost. */
  get hasPiledUp(): boolean {
    return this.#isBeyond(Math.max(this.#mostEvents, this.#left.rows), Math.max(MAX_BYTES, this.#left.bytes));
  }

  #isBeyond(mostRows: number, mostBytes: number): boolean {
    const { rows, bytes } = this.#load();
    return rows > mostRows + this.#mostEvents * TRIM_SLACK || bytes > mostBytes + MAX_BYTES * TRIM_SLACK;
  }

  /** The newest event for which there is no room within this many times the limits; 0 when there is room for all. */
  #surplusUpTo(factor: number): number {
    const { rows, bytes } = this.#load();
    if (rows <= this.#mostEvents * factor && bytes <= MAX_BYTES * factor) return 0;
    let left = rows;
    let room = bytes;
    const oldest = this.#sql.exec<{ seq: number; size: number }>(
      `SELECT seq, octet_length(data) AS size FROM log UNION ALL SELECT seq, octet_length(data) FROM ticks ORDER BY seq`,
    );
    for (const { seq, size } of oldest) {
      left -= 1;
      room -= size;
      if (left <= this.#mostEvents * factor && room <= MAX_BYTES * factor) return seq;
    }
    return 0;
  }

  /** Empties a copy whose original was set back; it then starts at the original's floor. */
  restart(floor: Position): void {
    for (const table of ["log", "ticks", "epochs"]) this.#sql.exec(`DELETE FROM ${table}`);
    this.#sql.exec("INSERT OR REPLACE INTO log_state (one, floor, head) VALUES (1, ?1, ?1)", floor.seq);
    this.#sql.exec("INSERT INTO epochs (epoch, first_seq) VALUES (?, ?)", floor.epoch, floor.seq);
    this.forget();
  }

  /** Events of one type since an instant (epoch ms, inclusive). */
  since(type: EventType, at: number): LoggedEvent[] {
    return this.#sql
      .exec<Row>(
        `SELECT seq, at, type, level, priority, roles, data, subject, topic FROM log
         WHERE type = ? AND at >= ? ORDER BY seq`,
        type,
        at,
      )
      .toArray()
      .flatMap((row) => this.#read(row) ?? []);
  }

  /** The latest kept event of a topic; null when there is none. */
  latestOf(topic: string): LoggedEvent | null {
    const [row] = this.#sql
      .exec<Row>(
        `SELECT seq, at, type, level, priority, roles, data, subject, topic FROM log
         WHERE topic = ? ORDER BY seq DESC LIMIT 1`,
        topic,
      )
      .toArray();
    return row === undefined ? null : this.#read(row);
  }

  #insert({ seq, at, type, level, priority, roles, data, subject, topic }: LoggedEvent): void {
    const state = this.#load();
    state.rows += 1;
    state.bytes += utf8Length(data);
    if (topic !== null && type.startsWith("task.")) this.#forgetTopicTick(topic, state);
    if (type === "task.progress-updated" && subject !== null && topic === null) {
      this.#forgetTick(subject, state);
      this.#sql.exec(
        "INSERT OR REPLACE INTO ticks (subject, seq, at, data) VALUES (?, ?, ?, ?)",
        subject,
        seq,
        at,
        data,
      );
    } else {
      // The end of a task replaces its last progress event for users without a stream; readers of a stream have had it
      // before.
      if (subject !== null && topic === null && type.startsWith("task.")) {
        if (this.#forgetTick(subject, state)) this.#sql.exec("DELETE FROM ticks WHERE subject = ?", subject);
      }
      this.#sql.exec(
        `INSERT INTO log (seq, at, type, level, priority, roles, data, subject, topic)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        seq,
        at,
        type,
        level,
        priority,
        roles === null ? null : roles.join(","),
        data,
        subject,
        topic,
      );
    }
    state.head = seq;
    state.lastAt = at;
  }

  /**
   * The last progress event of a task is about to be removed and is not counted any more.
   * @returns whether there is one.
   */
  #forgetTick(subject: string, state: Loaded): boolean {
    const [tick] = this.#sql
      .exec<{ size: number }>("SELECT octet_length(data) AS size FROM ticks WHERE subject = ?", subject)
      .toArray();
    if (tick === undefined) return false;
    state.rows -= 1;
    state.bytes -= tick.size;
    return true;
  }

  /**
   * The same for a task that has a topic. Its progress events are among the other events: the table of progress events
   * has no column for a topic, and the release before this one would ignore it.
   */
  #forgetTopicTick(topic: string, state: Loaded): void {
    const gone = this.#sql.exec<{ size: number }>(
      "DELETE FROM log WHERE topic = ? AND type = 'task.progress-updated' RETURNING octet_length(data) AS size",
      topic,
    );
    for (const { size } of gone) {
      state.rows -= 1;
      state.bytes -= size;
    }
  }

  #startEpoch(epoch: string, first: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO epochs (epoch, first_seq) VALUES (?, ?)", epoch, first);
    this.#load().epochs.push({ epoch, first });
    this.#ownEpoch = epoch;
  }

  #read(row: Row): LoggedEvent | null {
    const kind = kindOf(row);
    if (kind === null) return null;
    const { epoch } = this.positionAt(row.seq);
    return { ...kind, epoch, seq: row.seq, at: row.at, data: row.data, subject: row.subject };
  }

  #load(): Loaded {
    this.#loaded ??= loadLog(this.#sql);
    return this.#loaded;
  }
}

/** One page of a log for the history: after a position, or from the oldest kept event when there is none. */
export function readPage(log: EventLog, after: Position | null, limit: number, bytes?: number): HistoryPage {
  const gap = after === null ? null : log.gapAt(after);
  const from = after === null ? log.floor() : gap === null ? after : log.head();
  return { gap, from, head: log.head(), ...log.after(from.seq, limit, bytes) };
}
