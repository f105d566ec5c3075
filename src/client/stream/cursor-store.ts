/** The parts of `localStorage` that the stream uses. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** `localStorage` if it exists and may be used, else a memory that lasts as long as the page. */
export function defaultStorage(): KeyValueStorage {
  try {
    if (typeof localStorage !== "undefined") return localStorage;
  } catch {
    // A browser that blocks storage throws at any access.
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

/** Keeps the place from which one user's stream continues. If storage is full or forbidden, only reloads forget it. */
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
      // The cursor in memory is enough to continue.
    }
  }
}
