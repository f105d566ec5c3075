import type { EdgeEntry } from "./entry.ts";

/** The limits of one isolate, of its 128 MB. */
export interface EdgeBounds {
  bytes: number;
  enrollments: number;
  /** Answers of one enrollment: a front end needs few, and a walk over pages must not remove those of others. */
  answers: number;
  /** The limit of remembered writes, see {@link EdgeMemory.forget}. */
  writes: number;
}

const BOUNDS: EdgeBounds = { bytes: 8_000_000, enrollments: 5_000, answers: 32, writes: 20_000 };

interface Held {
  readonly answers: Map<string, EdgeEntry>;
  bytes: number;
}

/**
 * Answers that this isolate may show again, least recently used first. They are found by the enrollment and the whole
 * question, never by an address: only the caller's own enrollment is looked up.
 */
export class EdgeMemory {
  readonly #bounds: EdgeBounds;
  readonly #held = new Map<string, Held>();
  /** When this isolate last wrote to an enrollment: earlier answers may be from before the write. */
  readonly #writes = new Map<string, number>();
  /** The latest write that is not remembered any more. */
  #forgottenWrite = Number.NEGATIVE_INFINITY;
  #bytes = 0;

  constructor(bounds: EdgeBounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** The present size, to compare with the limits. */
  get size(): { bytes: number; enrollments: number; writes: number } {
    return { bytes: this.#bytes, enrollments: this.#held.size, writes: this.#writes.size };
  }

  get(enrollment: string, key: string): EdgeEntry | undefined {
    const held = this.#held.get(enrollment);
    if (held === undefined) return undefined;
    this.#held.delete(enrollment);
    this.#held.set(enrollment, held);
    return held.answers.get(key);
  }

  /** Keeps an answer, unless this isolate may have written since the question. @returns whether it did. */
  set(enrollment: string, key: string, entry: EdgeEntry): boolean {
    if (!this.isAfterWrites(enrollment, entry.asOf) || entry.bytes > this.#bounds.bytes / 8) return false;
    const held = this.#held.get(enrollment) ?? { answers: new Map<string, EdgeEntry>(), bytes: 0 };
    this.#drop(held, key);
    for (const oldest of held.answers.keys()) {
      if (held.answers.size < this.#bounds.answers) break;
      this.#drop(held, oldest);
    }
    held.answers.set(key, entry);
    held.bytes += entry.bytes;
    this.#bytes += entry.bytes;
    this.#held.delete(enrollment);
    this.#held.set(enrollment, held);
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#bounds.bytes && this.#held.size <= this.#bounds.enrollments) break;
      this.#dropAll(oldest);
    }
    return true;
  }

  /** Whether an answer to a question at an instant is from after all writes of this isolate. */
  isAfterWrites(enrollment: string, asOf: number): boolean {
    return asOf > Math.max(this.#writes.get(enrollment) ?? Number.NEGATIVE_INFINITY, this.#forgottenWrite);
  }

  /** This isolate writes to an enrollment, or has just done so: no earlier answer is shown any more. */
  forget(enrollment: string, now: number): void {
    this.#dropAll(enrollment);
    this.#noteWrite(enrollment, now);
  }

  /**
   * An exact read has just seen this version of the snapshot. If an entry has another version, somebody wrote
   * elsewhere: no answer from before that read is shown any more, also not from the location's cache.
   * @param asked when the read began, epoch ms.
   */
  seen(enrollment: string, version: number, asked: number): void {
    const held = this.#held.get(enrollment);
    if (held === undefined || held.answers.values().every(({ snapshot }) => snapshot.version === version)) return;
    this.forget(enrollment, asked - 1);
  }

  #noteWrite(enrollment: string, now: number): void {
    const known = this.#writes.get(enrollment) ?? now;
    this.#writes.delete(enrollment);
    this.#writes.set(enrollment, Math.max(known, now));
    for (const [oldest, at] of this.#writes) {
      if (this.#writes.size <= this.#bounds.writes) break;
      this.#writes.delete(oldest);
      this.#forgottenWrite = Math.max(this.#forgottenWrite, at);
    }
  }

  #dropAll(enrollment: string): void {
    this.#bytes -= this.#held.get(enrollment)?.bytes ?? 0;
    this.#held.delete(enrollment);
  }

  #drop(held: Held, key: string): void {
    const bytes = held.answers.get(key)?.bytes ?? 0;
    held.answers.delete(key);
    held.bytes -= bytes;
    this.#bytes -= bytes;
  }
}

/** This isolate's. */
export const edgeMemory = new EdgeMemory();
