/** A reader with more waiting bytes than this gets no pushed events: it is behind, and gets them from the log. */
export const FULL_BYTES = 256 * 1_024;
/** A reader that is behind gets its next page from the log when no more than this waits. */
export const ROOMY_BYTES = 128 * 1_024;
/** Bytes written to the connection at once. */
const CHUNK_BYTES = 32 * 1_024;

/** A frame that waits. */
export interface QueuedFrame {
  id: string;
  bytes: Uint8Array;
  /** The task of a progress event: a newer one of the same task replaces it. Null for frames that are never dropped. */
  task: string | null;
}

/**
 * The frames that wait for a slow reader, within a limit of bytes. Only the latest progress of each task is kept, so a
 * slow reader gets fewer progress events; nothing else is left out, and the order stays.
 */
export class FrameQueue {
  #entries: QueuedFrame[] = [];
  #bytes = 0;
  /** The waiting progress event of each task. */
  readonly #ticks = new Map<string, QueuedFrame>();
  collapsed = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /**
   * Whether no more events should be pushed. Events of one message are never cut, so a page of the log may exceed the
   * limit.
   */
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
    // A single frame, the usual case for a reader that is not behind, is passed on as it is.
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
