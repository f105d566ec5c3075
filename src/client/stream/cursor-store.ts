/** What the stream uses of `localStorage`. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** `localStorage` where there is one and it may be used, else a memory that dies with the page. */
export function defaultStorage(): KeyValueStorage {
  try {
    if (typeof localStorage !== "undefined") return localStorage;
  } catch {
    // A browser that blocks storage throws on the mere mention.
  }
  return memoryStorage();
}

/** A storage that lives as long as the page. */
export function memoryStorage(): KeyValueStorage {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => {
      values.set(key, value);
    },
    removeItem: (key) => {
      values.delete(key);
    },
  };
}

/** Keeps where one user's stream goes on. A storage that is full or forbidden costs only what a reload remembers. */
export class CursorStore {
  readonly #storage: KeyValueStorage;
  readonly #key: string;

  constructor(storage: KeyValueStorage, user: string) {
    this.#storage = storage;
    this.#key = `latchkey.cursor.${user}`;
  }

  read(): string | null {
    try {
      const value = this.#storage.getItem(this.#key);
      return value === "" ? null : value;
    } catch {
      return null;
    }
  }

  write(cursor: string): void {
    try {
      this.#storage.setItem(this.#key, cursor);
    } catch {
      // The cursor in memory goes on.
    }
  }
}
