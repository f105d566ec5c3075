import type { EventStream } from "../event-stream.ts";
import { type EventType, isEnvelope, type LatchkeyEvent } from "../event-types.ts";
import type { KeyValueStorage } from "../stream/cursor-store.ts";

/** An event that is kept until it was seen. */
export interface Notice<T extends EventType> {
  event: LatchkeyEvent<T>;
  read: boolean;
}

/** The present notices, newest first; the same object until something changes. */
export interface Notices<T extends EventType> {
  readonly items: readonly Notice<T>[];
  readonly unread: number;
}

export interface NoticeStoreOptions<T extends EventType> {
  stream: EventStream;
  storage: KeyValueStorage;
  /** Part of the storage key. */
  name: string;
  types: readonly T[];
  /** The limit of notices; the oldest are dropped first. */
  limit: number;
}

/** Keeps the latest events of some types for one user, across reloads and tabs, together with which ones were read. */
export class NoticeStore<T extends EventType> {
  readonly #options: NoticeStoreOptions<T>;
  readonly #listeners = new Set<() => void>();
  #notices: Notices<T> = { items: [], unread: 0 };
  #user: string | null = null;

  constructor(options: NoticeStoreOptions<T>) {
    this.#options = options;
  }

  /** Collects from now on; the returned function stops it. */
  connect(): () => void {
    const { stream, types } = this.#options;
    this.#load();
    const stops = types.map((type) => stream.on(type, (event) => this.#add(event)));
    // The owner of these notices is known once the stream knows its user.
    stops.push(stream.onStatus(() => this.#load()));
    stops.push(this.#followOtherTabs());
    return () => {
      for (const stop of stops) stop();
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly read = (): Notices<T> => this.#notices;

  readonly markRead = (id: string): void => {
    this.#save(this.#stored().map((notice) => (notice.event.id === id ? { ...notice, read: true } : notice)));
  };

  readonly markAllRead = (): void => {
    this.#save(this.#stored().map((notice) => ({ ...notice, read: true })));
  };

  #add(event: LatchkeyEvent<T>): void {
    this.#load();
    const stored = this.#stored();
    // Every tab receives the event, and all tabs share one list.
    if (stored.some((notice) => notice.event.id === event.id)) this.#show(stored);
    else this.#save([{ event, read: false }, ...stored].slice(0, this.#options.limit));
  }

  get #key(): string {
    return `latchkey.${this.#options.name}.${this.#user}`;
  }

  #load(): void {
    const { user } = this.#options.stream;
    if (user === null || user === this.#user) return;
    this.#user = user;
    this.#show(this.#stored());
  }

  /** The stored list; if it cannot be read, the list that this tab shows. */
  #stored(): readonly Notice<T>[] {
    if (this.#user === null) return [];
    try {
      const text = this.#options.storage.getItem(this.#key);
      const value: unknown = text === null ? [] : JSON.parse(text);
      return Array.isArray(value) ? value.filter((item) => this.#isNotice(item)) : [];
    } catch {
      return this.#notices.items;
    }
  }

  #isNotice(value: unknown): value is Notice<T> {
    if (typeof value !== "object" || value === null || !("event" in value) || !isEnvelope(value.event)) return false;
    const { type } = value.event;
    return this.#options.types.some((known) => known === type) && "read" in value && typeof value.read === "boolean";
  }

  #save(items: readonly Notice<T>[]): void {
    try {
      if (this.#user !== null) this.#options.storage.setItem(this.#key, JSON.stringify(items));
    } catch {
      // Storage is full or forbidden: the list lasts as long as the page.
    }
    this.#show(items);
  }

  #show(items: readonly Notice<T>[]): void {
    this.#notices = { items, unread: items.filter((notice) => !notice.read).length };
    for (const listener of this.#listeners) listener();
  }

  #followOtherTabs(): () => void {
    // React Native has a window without listeners.
    if (typeof window === "undefined" || typeof window.addEventListener !== "function") return () => undefined;
    const hear = (event: StorageEvent) => {
      if (event.key === this.#key) this.#show(this.#stored());
    };
    window.addEventListener("storage", hear);
    return () => window.removeEventListener("storage", hear);
  }
}
