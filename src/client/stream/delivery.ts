import type { LatchkeyEvent, ResetNotice } from "../event-types.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { Handlers } from "./handlers.ts";
import { RecentIds } from "./recent-ids.ts";

/** What the other tabs receive before our own handlers run. */
export interface Audience {
  event(event: LatchkeyEvent, cursor: string | null): void;
  reset(notice: ResetNotice, cursor: string | null): void;
}

/**
 * The one way into the handlers, from the stream, from polling and from another tab: each event once, and the cursor
 * moves on only after its handlers returned.
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

  /** Where to go on: the id of the last frame that was handled. */
  get cursor(): string | null {
    return this.#cursor;
  }

  /** Whether the cursor is at this id or has lately been there. */
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

  /** Handles one event and moves the cursor behind it (null: leaves it where it is). */
  async event(
    event: LatchkeyEvent,
    cursor: string | null,
    store: CursorStore | null,
    audience: Audience | null,
  ): Promise<void> {
    const name = event.ref ?? event.id;
    if (!this.#recent.has(name)) {
      // Other tabs first: should this page die in its own handlers, they have it, and the cursor still asks for it.
      audience?.event(event, cursor);
      await this.#handlers.event(event);
      this.#recent.add(name);
    }
    if (cursor !== null) this.moveTo(cursor, store);
  }

  /** Reports that something may be missing, then goes on behind it. */
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
