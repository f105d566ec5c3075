import { callChannel, type NewEvent } from "../../events/index.ts";
import type { Commit } from "../../platform/cell/cell.ts";
import { setStatement } from "../../platform/database/set-statement.ts";
import { withoutOldTicks } from "./announcements.ts";

/** Events sent at once. */
const ANNOUNCEMENT_PAGE = 200;

const FORGET = setStatement((set) => `DELETE FROM announcements WHERE id IN (SELECT value FROM ${set})`);

/**
 * Pending deliveries of a journal: events to owners, and the removal of sessions from the backends. Methods that write
 * are called inside the object's transaction.
 */
export class JournalOutbox {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  announce(user: string, event: NewEvent): void {
    this.#sql.exec("INSERT INTO announcements (user, event) VALUES (?, ?)", user, JSON.stringify(event));
  }

  /** The next events that are pending for owners, in order. */
  announcements(after: number): { id: number; user: string; event: NewEvent }[] {
    return (
      this.#sql
        .exec<{ id: number; user: string; event: string }>(
          "SELECT id, user, event FROM announcements WHERE id > ? ORDER BY id LIMIT ?",
          after,
          ANNOUNCEMENT_PAGE,
        )
        .toArray()
        // SAFETY: written by announce() above.
        .map(({ id, user, event }) => ({ id, user, event: JSON.parse(event) as NewEvent }))
    );
  }

  announced(ids: readonly number[]): void {
    FORGET.exec(this.#sql, ids);
  }

  nextPurge(): string | null {
    return (
      this.#sql.exec<{ session: string }>("SELECT session FROM purges ORDER BY requested_at LIMIT 1").toArray()[0]
        ?.session ?? null
    );
  }

  purged(session: string): void {
    this.#sql.exec("DELETE FROM purges WHERE session = ?", session);
  }
}

/**
 * Sends each owner the pending events. An owner that cannot be reached delays no other.
 * @throws when an owner could not be reached: it must be tried again.
 */
export async function notifyOwners(env: Env, outbox: JournalOutbox, commit: Commit): Promise<void> {
  const unreached = new Set<string>();
  let after = 0;
  for (let page = outbox.announcements(0); page.length > 0; page = outbox.announcements(after)) {
    after = page.at(-1)?.id ?? after;
    for (const [user, rows] of Map.groupBy(page, (row) => row.user)) {
      if (unreached.has(user)) continue;
      const events = withoutOldTicks(rows.map(({ event }): NewEvent => event));
      const published = await callChannel(env, user, (stub) => stub.publish(events));
      if (published.ok) commit(() => outbox.announced(rows.map(({ id }) => id)));
      else unreached.add(user);
    }
  }
  if (unreached.size > 0) throw new Error(`the channels of ${unreached.size} owners could not be reached`);
}
