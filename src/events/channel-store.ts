import { z } from "@hono/zod-openapi";
import { firstBytes } from "../platform/database/batches.ts";
import { EVENT_DATA, preferencesSchema } from "./shapes.ts";
import { DEFAULT_PREFERENCES, eventOf, type NewEvent, type Preferences } from "./types.ts";

/** Updates of one course's content within this time are sent as one. */
const CONTENT_MERGE_MS = 2_000;
/** Limit for the bytes of the items of one course whose updates are sent together: they are one value of a row. */
const CONTENT_BYTES = 1_000_000;

const itemList = z.array(z.string());

/**
 * The data of a user's channel besides its log, its keys and its mark. Methods that write are called inside the
 * object's transaction.
 */
export class ChannelStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Uses up a token. @returns false when it was used before. */
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

  /** Adds items to the next event about a course's content. @returns when it is due. */
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
      // A client that gets fewer items than have changed sees this by the version.
      JSON.stringify(firstBytes([...new Set([...known, ...items])], CONTENT_BYTES)),
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
}
