import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { WINDOW_MS } from "./log.ts";
import type { NewEvent } from "./types.ts";

/** Rows of before this step have no body: whose they are and what they stood for is not known. */
export const KEY_BODIES: SchemaStep = { id: "002_key_bodies", sql: "ALTER TABLE keys ADD COLUMN body TEXT;" };

/** Written for keys of the system itself, which are not compared: what they name cannot differ. */
const SYSTEM = "";

/** What is known of a key: the place that its event has, and whether it stands for the same body. */
export interface KnownKey {
  place: string | number;
  isSame: boolean;
}

/**
 * The keys that events were published under, each in its publisher's own space, with what each stands for. `place` is
 * the column that says where the event is. Methods that write are called inside the object's transaction.
 */
export class PublishKeys {
  readonly #sql: SqlStorage;
  readonly #place: "id" | "seq";

  constructor(sql: SqlStorage, place: "id" | "seq") {
    this.#sql = sql;
    this.#place = place;
  }

  /** Looks an event's key up; null when it is new, or the event has none. */
  find(event: NewEvent): KnownKey | null {
    const { key, publisher } = event;
    if (key === null) return null;
    const own = this.#row(scoped(key, publisher));
    if (own !== null) return { place: own.place, isSame: publisher === undefined || own.body === event.fingerprint };
    // Kept before publishers had keys of their own: a retry of then is harmless still, until the row leaves after a
    // day.
    const old = publisher === undefined ? null : this.#row(key);
    return old === null || old.body !== null ? null : { place: old.place, isSame: true };
  }

  /** Remembers that an event has its place. */
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

  /** Forgets keys whose retries nobody sends any more. */
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

/** A publisher's key has no space, and no key of the system begins like this: none ever meets another's. */
function scoped(key: string, publisher: string | undefined): string {
  return publisher === undefined ? key : `publisher ${publisher} ${key}`;
}
