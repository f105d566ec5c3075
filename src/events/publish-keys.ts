import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { WINDOW_MS } from "./log.ts";
import type { NewEvent } from "./types.ts";

/** Rows from before this step have no body: their publisher and their body are not known. */
export const KEY_BODIES: SchemaStep = { id: "002_key_bodies", sql: "ALTER TABLE keys ADD COLUMN body TEXT;" };

/** Written for keys of the system itself. They are not compared, because the same key always has the same content. */
const SYSTEM = "";

/** What is known about a key: the place of its event, and whether its body is the same. */
export interface KnownKey {
  place: string | number;
  isSame: boolean;
}

/**
 * The keys of published events, each publisher's apart from others', with their bodies. `place` is the column with the
 * place of the event. Methods that write are called inside the object's transaction.
 */
export class PublishKeys {
  readonly #sql: SqlStorage;
  readonly #place: "id" | "seq";

  constructor(sql: SqlStorage, place: "id" | "seq") {
    this.#sql = sql;
    this.#place = place;
  }

  /** Looks up an event's key; null when it is new, or the event has none. */
  find(event: NewEvent): KnownKey | null {
    const { key, publisher } = event;
    if (key === null) return null;
    const own = this.#row(scoped(key, publisher));
    if (own !== null) return { place: own.place, isSame: publisher === undefined || own.body === event.fingerprint };
    // A row from before publishers had keys of their own: a retry from that time is still harmless, until the row is
    // removed after a day.
    const old = publisher === undefined ? null : this.#row(key);
    return old === null || old.body !== null ? null : { place: old.place, isSame: true };
  }

  /** Stores the place of an event under its key. */
  remember(event: NewEvent, place: string | number, now: number): void {
    if (event.key === null) return;
    this.#sql.exec(
      `INSERT OR IGNORE INTO keys (key, ${this.#place}, at, body) VALUES (?, ?, ?, ?)`,
      scoped(event.key, event.publisher),
      place,
      now,
      event.fingerprint ?? SYSTEM,
    );
  }

  /** Removes keys whose retries nobody sends any more. */
  prune(now: number): void {
    this.#sql.exec("DELETE FROM keys WHERE at < ?", now - WINDOW_MS);
  }

  #row(key: string): { place: string | number; body: string | null } | null {
    const rows = this.#sql.exec<{ place: string | number; body: string | null }>(
      `SELECT ${this.#place} AS place, body FROM keys WHERE key = ?`,
      key,
    );
    return rows.toArray()[0] ?? null;
  }
}

/** A publisher's key has no space, and no key of the system begins like this, so the two are never equal. */
function scoped(key: string, publisher: string | undefined): string {
  return publisher === undefined ? key : `publisher ${publisher} ${key}`;
}
