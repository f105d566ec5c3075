/** A reader with more than this waiting is pushed nothing more: it is behind, and is fed from the log. */
export const FULL_BYTES = 256 * 1_024;
/** A reader that is behind is given its next page from the log when no more than this waits. */
export const ROOMY_BYTES = 128 * 1_024;
/** Bytes handed to the connection at once. */
const CHUNK_BYTES = 32 * 1_024;

/** A frame that waits. */
export interface QueuedFrame {
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
  #entries: QueuedFrame[] = [];
  #bytes = 0;
  /** The tick that waits for each task. */
  readonly #ticks = new Map<string, QueuedFrame>();
  collapsed = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Whether no more should be pushed. What comes in one message is never cut: a page of the log may go beyond. */
  get isFull(): boolean {
    return this.#bytes > FULL_BYTES;
  }

  push(entry: QueuedFrame): void {
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
