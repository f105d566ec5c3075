/** Bytes a reader may be behind before its stream is ended; it resumes from its cursor. */
export const MAX_QUEUED_BYTES = 384 * 1_024;
/** A reader with more than this waiting is not given another page of replay. */
export const ROOMY_BYTES = 128 * 1_024;
/** Bytes handed to the connection at once. */
const CHUNK_BYTES = 32 * 1_024;

interface Entry {
  id: string;
  bytes: Uint8Array;
  /** Task of a progress tick: a newer tick of the same task takes its place. Null for what is never dropped. */
  task: string | null;
}

/**
 * What waits for a slow reader, within a budget of bytes. Ticks of progress collapse to the latest per task, so a slow
 * reader is sent fewer of them; nothing else is left out, and nothing changes places.
 */
export class FrameQueue {
  #entries: Entry[] = [];
  #bytes = 0;
  /** The tick that waits for each task. */
  readonly #ticks = new Map<string, Entry>();
  collapsed = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether the reader is too far behind. One frame that is larger by itself is let through. */
  get isOverBudget(): boolean {
    return this.#bytes > MAX_QUEUED_BYTES && this.#entries.length > 1;
  }

  push(entry: Entry): void {
    if (entry.task !== null) {
      const waiting = this.#ticks.get(entry.task);
      if (waiting !== undefined) {
        this.#entries.splice(this.#entries.indexOf(waiting), 1);
        this.#bytes -= waiting.bytes.byteLength;
        this.collapsed += 1;
      }
      this.#ticks.set(entry.task, entry);
    }
    this.#entries.push(entry);
    this.#bytes += entry.bytes.byteLength;
  }

  /** The next chunk for the connection, with the id of its last frame; null when nothing waits. */
  take(): { bytes: Uint8Array; id: string } | null {
    let count = 0;
    let size = 0;
    for (const { bytes } of this.#entries) {
      if (count > 0 && size + bytes.byteLength > CHUNK_BYTES) break;
      size += bytes.byteLength;
      count += 1;
    }
    const taken = this.#entries.splice(0, count);
    const last = taken.at(-1);
    if (last === undefined) return null;
    this.#bytes -= size;
    // One frame alone, the usual case of a reader that keeps up, is handed on as it is.
    const chunk = taken.length === 1 ? last.bytes : new Uint8Array(size);
    let at = 0;
    for (const entry of taken) {
      if (taken.length > 1) chunk.set(entry.bytes, at);
      at += entry.bytes.byteLength;
      if (entry.task !== null && this.#ticks.get(entry.task) === entry) this.#ticks.delete(entry.task);
    }
    return { bytes: chunk, id: last.id };
  }

  /** Drops everything that waits. */
  clear(): void {
    this.#entries = [];
    this.#ticks.clear();
    this.#bytes = 0;
  }
}
