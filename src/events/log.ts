import { ROLES } from "../shared/roles.ts";
import type { HistoryPage } from "./contract.ts";
import { newEpoch } from "./cursor.ts";
import { EVENT_TYPES, LEVELS, type LoggedEvent, type NewEvent, type Position, PRIORITIES } from "./types.ts";

/** How long an event can be resumed over: 24 hours. */
export const WINDOW_MS = 86_400_000;
/** Events a log keeps at most; older ones leave early, and a cursor before them is told so. */
export const MAX_EVENTS = 2_000;
/** How many more than that may pile up before they are removed together. */
const TRIM_SLACK = 200;
/** Epochs remembered though their events are gone: their cursors are told "expired" instead of "unknown". */
const REMEMBERED_EPOCHS = 100;
/** Characters of event data in one page of replay: what one message between objects and the Worker carries. */
const PAGE_CHARACTERS = 64_000;
/** Events in one page of replay. */
const PAGE_EVENTS = 200;

/** Tables of a log, for a class's first schema step. */
export const LOG_TABLES = `
  CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    priority TEXT NOT NULL,
    roles TEXT,
    data TEXT NOT NULL,
    subject TEXT
  );
  CREATE TABLE ticks (
    subject TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE epochs (epoch TEXT PRIMARY KEY, first_seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE log_state (one INTEGER PRIMARY KEY CHECK (one = 1), floor INTEGER NOT NULL, head INTEGER NOT NULL);
`;

/** Why a position cannot be continued from. */
export type Gap = "expired" | "unknown" | "rewound";

interface Row extends Record<string, SqlStorageValue> {
  seq: number;
  at: number;
  type: string;
  level: string;
  priority: string;
  roles: string | null;
  data: string;
  subject: string | null;
}

interface Epoch {
  epoch: string;
  first: number;
}

interface Loaded {
  /** Events at or below it are gone. */
  floor: number;
  head: number;
  lastAt: number;
  epochs: Epoch[];
}

/**
 * An append-only log with a window, in a Durable Object's SQLite. Sequence numbers count up for ever; which run of the
 * object gave one out is its epoch. A run takes a new epoch with its first append, so a log whose storage was set back
 * in time (which always restarts the object) gives the same number out again only under another epoch, and a cursor
 * from before the rewind is recognised however far the log has grown since: its epoch ends before it.
 *
 * Methods that write are called inside the object's transaction; {@link forget} follows one that failed.
 */
export class EventLog {
  readonly #sql: SqlStorage;
  #loaded: Loaded | null = null;
  /** Epoch of this run of the object, once it has appended something. */
  #ownEpoch: string | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** First use of an empty object. */
  create(epoch: string = newEpoch()): void {
    this.#sql.exec("INSERT INTO log_state (one, floor, head) VALUES (1, 0, 0)");
    this.#sql.exec("INSERT INTO epochs (epoch, first_seq) VALUES (?, 0)", epoch);
    this.forget();
  }

  /** A transaction was rolled back: what memory says of it is not so. */
  forget(): void {
    this.#loaded = null;
    this.#ownEpoch = null;
  }

  /** The newest position. */
  head(): Position {
    return this.positionAt(this.#load().head);
  }

  /** The oldest position that can be continued from. */
  floor(): Position {
    return this.positionAt(this.#load().floor);
  }

  /** A sequence number with the epoch of the run that gave it out. */
  positionAt(seq: number): Position {
    return { epoch: this.#load().epochs.findLast(({ first }) => first <= seq)?.epoch ?? "", seq };
  }

  /** Puts an event at the end. @returns it, with its place. */
  append(event: NewEvent, now: number): LoggedEvent {
    const state = this.#load();
    const seq = state.head + 1;
    if (this.#ownEpoch === null) this.#startEpoch(newEpoch(), seq);
    const at = Math.max(now, state.lastAt);
    const { key: _key, ...rest } = event;
    const logged: LoggedEvent = { ...rest, epoch: this.#ownEpoch ?? "", seq, at };
    this.#insert(logged);
    return logged;
  }

  /** Puts another log's event here under the place it has there. Events must come in order, without a gap. */
  copy(event: LoggedEvent): void {
    const { epochs } = this.#load();
    if (epochs.at(-1)?.epoch !== event.epoch) this.#startEpoch(event.epoch, event.seq);
    this.#insert(event);
  }

  /**
   * Whether a reader can continue from a position.
   * @returns null when it can, else why not.
   */
  gapAt({ epoch, seq }: Position): Gap | null {
    const { epochs, floor, head } = this.#load();
    const at = epochs.findIndex((candidate) => candidate.epoch === epoch);
    const first = epochs[at]?.first;
    if (first === undefined || seq < first) return "unknown";
    const last = (epochs[at + 1]?.first ?? head + 1) - 1;
    if (seq > last) return "rewound";
    return seq < floor ? "expired" : null;
  }

  /** How many events are kept after `seq`. */
  countAfter(seq: number): number {
    return this.#sql
      .exec<{ n: number }>(
        "SELECT (SELECT count(*) FROM log WHERE seq > ?1) + (SELECT count(*) FROM ticks WHERE seq > ?1) AS n",
        seq,
      )
      .one().n;
  }

  /** The next events after `seq`, in order; `more` when the page was full. */
  after(seq: number, limit: number = PAGE_EVENTS): { events: LoggedEvent[]; more: boolean } {
    const events: LoggedEvent[] = [];
    let room = PAGE_CHARACTERS;
    const rows = this.#sql.exec<Row>(
      `SELECT seq, at, type, level, priority, roles, data, subject FROM log WHERE seq > ?1
       UNION ALL
       SELECT seq, at, 'task.progress-updated', 'info', 'normal', NULL, data, subject FROM ticks WHERE seq > ?1
       ORDER BY seq`,
      seq,
    );
    for (const row of rows) {
      if (events.length === limit || room <= 0) return { events, more: true };
      const event = this.#read(row);
      // A value this code does not know was stored by newer code, before a rollback: readers go on past it.
      if (event !== null) events.push(event);
      room -= row.data.length;
    }
    return { events, more: false };
  }

  /** Removes what is out of the window or too much. @returns when there is something to remove next, or null. */
  trim(now: number): number | null {
    const state = this.#load();
    const kept = this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM log").one().n;
    const tooMany = kept - MAX_EVENTS;
    const cut = this.#sql
      .exec<{ seq: number | null }>(
        `SELECT max(seq) AS seq FROM (
           SELECT max(seq) AS seq FROM log WHERE at <= ?1
           UNION ALL SELECT max(seq) FROM ticks WHERE at <= ?1
           UNION ALL SELECT seq FROM (SELECT seq FROM log ORDER BY seq LIMIT ?2) WHERE ?2 > 0)`,
        now - WINDOW_MS,
        Math.max(tooMany, 0),
      )
      .one().seq;
    if (cut !== null && cut > state.floor) {
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
    const oldest = this.#sql
      .exec<{ at: number | null }>(
        "SELECT min(at) AS at FROM (SELECT min(at) AS at FROM log UNION ALL SELECT min(at) FROM ticks)",
      )
      .one().at;
    return oldest === null ? null : oldest + WINDOW_MS;
  }

  /** Whether {@link trim} should run now because of the number of events. */
  get isOverfull(): boolean {
    const { head, floor } = this.#load();
    return head - floor > MAX_EVENTS + TRIM_SLACK;
  }

  /** Empties a copy whose original was set back; it then starts at the original's floor. */
  restart(floor: Position): void {
    for (const table of ["log", "ticks", "epochs"]) this.#sql.exec(`DELETE FROM ${table}`);
    this.#sql.exec("INSERT OR REPLACE INTO log_state (one, floor, head) VALUES (1, ?1, ?1)", floor.seq);
    this.#sql.exec("INSERT INTO epochs (epoch, first_seq) VALUES (?, ?)", floor.epoch, floor.seq);
    this.forget();
  }

  #insert({ seq, at, type, level, priority, roles, data, subject }: LoggedEvent): void {
    if (type === "task.progress-updated" && subject !== null) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO ticks (subject, seq, at, data) VALUES (?, ?, ?, ?)",
        subject,
        seq,
        at,
        data,
      );
    } else {
      // The end of a task makes its last tick superfluous for who was away; live readers have had it before.
      if (subject !== null && type.startsWith("task.")) this.#sql.exec("DELETE FROM ticks WHERE subject = ?", subject);
      this.#sql.exec(
        "INSERT INTO log (seq, at, type, level, priority, roles, data, subject) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        seq,
        at,
        type,
        level,
        priority,
        roles === null ? null : roles.join(","),
        data,
        subject,
      );
    }
    const state = this.#load();
    state.head = seq;
    state.lastAt = at;
  }

  #startEpoch(epoch: string, first: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO epochs (epoch, first_seq) VALUES (?, ?)", epoch, first);
    this.#load().epochs.push({ epoch, first });
    this.#ownEpoch = epoch;
  }

  #read(row: Row): LoggedEvent | null {
    const type = EVENT_TYPES.find((known) => known === row.type);
    const level = LEVELS.find((known) => known === row.level);
    const priority = PRIORITIES.find((known) => known === row.priority);
    if (type === undefined || level === undefined || priority === undefined) return null;
    const roles = row.roles === null ? null : ROLES.filter((role) => row.roles?.split(",").includes(role));
    const { epoch } = this.positionAt(row.seq);
    return { epoch, seq: row.seq, at: row.at, type, level, priority, roles, data: row.data, subject: row.subject };
  }

  #load(): Loaded {
    if (this.#loaded === null) {
      const state = this.#sql.exec<{ floor: number; head: number }>("SELECT floor, head FROM log_state").one();
      const newest = this.#sql
        .exec<{ seq: number | null; at: number | null }>(
          "SELECT max(seq) AS seq, max(at) AS at FROM (SELECT max(seq) AS seq, max(at) AS at FROM log UNION ALL SELECT max(seq), max(at) FROM ticks)",
        )
        .one();
      const epochs = this.#sql
        .exec<{ epoch: string; first_seq: number }>("SELECT epoch, first_seq FROM epochs ORDER BY first_seq")
        .toArray()
        .map(({ epoch, first_seq }) => ({ epoch, first: first_seq }));
      this.#loaded = {
        floor: state.floor,
        head: Math.max(state.head, newest.seq ?? 0),
        lastAt: newest.at ?? 0,
        epochs,
      };
    }
    return this.#loaded;
  }
}

/** One page of a log for the history: after a position, or from the oldest event kept when there is none. */
export function readPage(log: EventLog, after: Position | null, limit: number): HistoryPage {
  const gap = after === null ? null : log.gapAt(after);
  const from = after === null ? log.floor() : gap === null ? after : log.head();
  return { gap, from, head: log.head(), ...log.after(from.seq, limit) };
}
