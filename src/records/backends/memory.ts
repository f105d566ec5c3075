/** The value of a key in memory: a text, null for "known to be absent", undefined for "not known". */
export type Remembered = string | null | undefined;

interface Entry {
  value: string | null;
  bytes: number;
  until: number;
}

export interface MemoryLimits {
  /** Bytes of keys and values together. */
  bytes: number;
  /** How long a value may be taken from memory, milliseconds. */
  lifeMs: number;
  /** The same for "known to be absent". */
  absentLifeMs: number;
}

/** What an entry costs beside its texts, about. */
const ENTRY_BYTES = 120;

/**
 * The memory of one isolate as a cache: it has a limit of bytes, forgets the entries unused for the longest time first,
 * and each entry after a short time. A caller that fills it after a slow look-up takes a ticket before, so that a write
 * in between is not undone.
 */
export class MemoryLevel {
  readonly #limits: MemoryLimits;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #writes = 0;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, now: number): Remembered {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= now) {
      this.#bytes -= entry.bytes;
      return undefined;
    }
    this.#entries.set(key, entry); // now the last one used
    return entry.value;
  }

  /** Taken before a look-up elsewhere whose result goes to {@link fill}. */
  ticket(): number {
    return this.#writes;
  }

  /** Remembers the result of a look-up, unless something was written since its ticket. */
  fill(key: string, value: string | null, ticket: number, now: number): void {
    if (ticket === this.#writes) this.#put(key, value, now);
  }

  /** Remembers a write; null after a deletion. */
  write(key: string, value: string | null, now: number): void {
    this.#writes += 1;
    this.#put(key, value, now);
  }

  /** Forgets everything. */
  clear(): void {
    this.#writes += 1;
    this.#entries.clear();
    this.#bytes = 0;
  }

  #put(key: string, value: string | null, now: number): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
    // A string takes up to two bytes for each of its units.
    const bytes = 2 * (key.length + (value?.length ?? 0)) + ENTRY_BYTES;
    const { lifeMs, absentLifeMs } = this.#limits;
    this.#entries.set(key, { value, bytes, until: now + (value === null ? absentLifeMs : lifeMs) });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limits.bytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}
