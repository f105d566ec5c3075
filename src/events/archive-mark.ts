import { ARCHIVE_PAGE, archivePage } from "./archive-page.ts";
import { formatPosition } from "./cursor.ts";
import type { EventLog } from "./log.ts";
import type { ArchiveMessage } from "./messages.ts";
import { ARCHIVED_TYPES } from "./types.ts";

/** The table with the mark of a log, for the first schema step of a class. */
export const ARCHIVE_TABLE = "CREATE TABLE archive (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);";

/**
 * The place up to which D1 has the important events of one log. Methods that write are called inside the object's
 * transaction.
 */
export class ArchiveMark {
  readonly #sql: SqlStorage;
  readonly #log: EventLog;

  constructor(sql: SqlStorage, log: EventLog) {
    this.#sql = sql;
    this.#log = log;
  }

  /** First use of an empty object. */
  create(): void {
    this.#sql.exec("INSERT INTO archive (one, seq) VALUES (1, 0)");
  }

  /** The next events that are pending for D1, and the place up to which they go. */
  pending(): { events: ArchiveMessage["events"]; upTo: number; more: boolean } {
    const from = this.#upTo();
    const { events, upTo, more } = archivePage(this.#log.after(from, ARCHIVE_PAGE), from);
    return { events: events.map((event) => ({ ...event, id: formatPosition(event) })), upTo, more };
  }

  /** The queue for D1 has everything up to `seq`. */
  reached(seq: number): void {
    this.#sql.exec("UPDATE archive SET seq = ?", seq);
  }

  /** The place up to which nothing is pending; infinity when nothing is pending at all. */
  settledUpTo(): number {
    const types = ARCHIVED_TYPES.map(() => "?").join(", ");
    const { seq } = this.#sql
      .exec<{ seq: number | null }>(
        `SELECT min(seq) AS seq FROM log WHERE seq > ? AND type IN (${types})`,
        this.#upTo(),
        ...ARCHIVED_TYPES,
      )
      .one();
    return seq === null ? Number.POSITIVE_INFINITY : seq - 1;
  }

  #upTo(): number {
    return this.#sql.exec<{ seq: number }>("SELECT seq FROM archive").one().seq;
  }
}
