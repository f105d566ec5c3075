import { z } from "@hono/zod-openapi";
import { formatPosition } from "./cursor.ts";
import { type EventLog, WINDOW_MS } from "./log.ts";
import {
  DEFAULT_PREFERENCES,
  EVENT_DATA,
  eventOf,
  isArchived,
  type LoggedEvent,
  type NewEvent,
  type Preferences,
  preferencesSchema,
} from "./types.ts";

/** Updates of one course's content that come within this time are told as one. */
export const CONTENT_MERGE_MS = 2_000;
/** Events handed to the archive's queue in one message: far below its 128 KB. */
export const ARCHIVE_PAGE = 50;
/** Characters of event data in one such message. */
const ARCHIVE_CHARACTERS = 60_000;

const itemList = z.array(z.string());

/** What a user's channel keeps besides its log. Methods that write are called inside the object's transaction. */
export class ChannelStore {
  readonly #sql: SqlStorage;
  readonly #log: EventLog;

  constructor(sql: SqlStorage, log: EventLog) {
    this.#sql = sql;
    this.#log = log;
  }

  create(): void {
    this.#sql.exec("INSERT INTO archive (one, seq) VALUES (1, 0)");
  }

  /** The id under which a key was published, or null. A merged event has no id of its own: "". */
  publishedAs(key: string): string | null {
    const seq = this.#sql.exec<{ seq: number }>("SELECT seq FROM keys WHERE key = ?", key).toArray()[0]?.seq;
    if (seq === undefined) return null;
    return seq === 0 ? "" : formatPosition(this.#log.positionAt(seq));
  }

  rememberKey(key: string, seq: number, now: number): void {
    this.#sql.exec("INSERT OR IGNORE INTO keys (key, seq, at) VALUES (?, ?, ?)", key, seq, now);
  }

  /** Burns a token. @returns false when it was used before. */
  burn(token: { id: string; expires_at: number }, now: number): boolean {
    this.#sql.exec("DELETE FROM used_tokens WHERE expires_at < ?", now);
    return (
      this.#sql.exec("INSERT OR IGNORE INTO used_tokens (id, expires_at) VALUES (?, ?)", token.id, token.expires_at)
        .rowsWritten > 0
    );
  }

  preferences(): Preferences {
    const body = this.#sql.exec<{ body: string }>("SELECT body FROM preferences").toArray()[0]?.body;
    if (body === undefined) return DEFAULT_PREFERENCES;
    const parsed = preferencesSchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : DEFAULT_PREFERENCES;
  }

  savePreferences(preferences: Preferences): void {
    this.#sql.exec("INSERT OR REPLACE INTO preferences (one, body) VALUES (1, ?)", JSON.stringify(preferences));
  }

  /** Adds to what is about to be told of a course's content. @returns when it is due. */
  mergeContent(event: NewEvent, now: number): number {
    const { course_id, course_version, items } = EVENT_DATA["content.chapter-updated"].parse(JSON.parse(event.data));
    const waiting = this.#sql
      .exec<{ course_version: number; items: string; due_at: number }>(
        "SELECT course_version, items, due_at FROM content WHERE course = ?",
        course_id,
      )
      .toArray()[0];
    const known = waiting === undefined ? [] : itemList.parse(JSON.parse(waiting.items));
    const due = waiting?.due_at ?? now + CONTENT_MERGE_MS;
    this.#sql.exec(
      "INSERT OR REPLACE INTO content (course, course_version, items, due_at) VALUES (?, ?, ?, ?)",
      course_id,
      Math.max(course_version, waiting?.course_version ?? 0),
      JSON.stringify([...new Set([...known, ...items])]),
      due,
    );
    return due;
  }

  /** Takes the content updates that are due. */
  takeContent(now: number): NewEvent[] {
    const rows = this.#sql
      .exec<{ course: string; course_version: number; items: string }>(
        "SELECT course, course_version, items FROM content WHERE due_at <= ?",
        now,
      )
      .toArray();
    this.#sql.exec("DELETE FROM content WHERE due_at <= ?", now);
    return rows.map(({ course, course_version, items }) =>
      eventOf(
        "content.chapter-updated",
        { course_id: course, course_version, items: itemList.parse(JSON.parse(items)) },
        { key: null },
      ),
    );
  }

  nextContent(): number | null {
    return this.#sql.exec<{ at: number | null }>("SELECT min(due_at) AS at FROM content").one().at;
  }

  /** The next events that D1 is owed, and up to where they reach. */
  owedToArchive(): { events: LoggedEvent[]; upTo: number; more: boolean } {
    const from = this.#sql.exec<{ seq: number }>("SELECT seq FROM archive").one().seq;
    const { events, more } = this.#log.after(from, ARCHIVE_PAGE);
    let room = ARCHIVE_CHARACTERS;
    const taken = events.filter(({ data }, index) => {
      room -= data.length;
      return room >= 0 || index === 0;
    });
    return {
      events: taken.filter(({ type }) => isArchived(type)),
      upTo: taken.at(-1)?.seq ?? from,
      more: more || taken.length < events.length,
    };
  }

  archived(upTo: number): void {
    this.#sql.exec("UPDATE archive SET seq = ?", upTo);
  }

  /** Forgets keys whose retries nobody sends any more. */
  prune(now: number): void {
    this.#sql.exec("DELETE FROM keys WHERE at < ?", now - WINDOW_MS);
  }
}
