import type { LatchkeyEvent, ResetNotice } from "../event-types.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { Handlers } from "./handlers.ts";
import { RecentIds } from "./recent-ids.ts";

/** What other tabs receive before our own handlers run. */
export interface Audience {
  event(event: LatchkeyEvent, cursor: string | null): void;
  reset(notice: ResetNotice, cursor: string | null): void;
}

/**
 * The only way to the handlers, for events from the stream, from polling and from another tab. Each event is delivered
 * once, and the cursor moves only after its handlers returned.
 */
export class Delivery {
  readonly #handlers: Handlers;
  readonly #recent: RecentIds;
  readonly #positions: RecentIds;
  #cursor: string | null = null;

  constructor(handlers: Handlers, dedupeSize: number) {
    this.#handlers = handlers;
    this.#recent = new RecentIds(dedupeSize);
    this.#positions = new RecentIds(dedupeSize);
  }

  /** The place to continue from: the id of the last handled frame. */
  get cursor(): string | null {
    return this.#cursor;
  }

  /** Whether the cursor is at this id or has recently been there. */
  hasPassed(id: string): boolean {
    return this.#positions.has(id);
  }

  /** Moves the cursor without an event. */
  moveTo(cursor: string, store: CursorStore | null): void {
    this.#positions.add(cursor);
    if (cursor === this.#cursor) return;
    this.#cursor = cursor;
    store?.write(cursor);
  }

  /** Handles one event and then moves the cursor to `cursor` (null: the cursor stays). */
  async event(
    event: LatchkeyEvent,
    cursor: string | null,
    store: CursorStore | null,
    audience: Audience | null,
  ): Promise<void> {
    const name = event.ref ?? event.id;
    if (!this.#recent.has(name)) {
      // Other tabs first: if this page ends inside its own handlers, they have the event, and the cursor still asks for
      // it.
      audience?.event(event, cursor);
      await this.#handlers.event(event);
      this.#recent.add(name);
    }
    if (cursor !== null) this.moveTo(cursor, store);
  }

  /** Reports that something may be missing, then continues after it. */
  async reset(
    notice: ResetNotice,
    cursor: string | null,
    store: CursorStore | null,
    audience: Audience | null,
  ): Promise<void> {
    audience?.reset(notice, cursor);
    await this.#handlers.reset(notice);
    if (cursor !== null) this.moveTo(cursor, store);
  }
}
