import { FrameQueue, type QueuedFrame, ROOMY_BYTES } from "./frame-queue.ts";

/** Bytes between the queue and the connection. Counted in bytes, so that writing waits for the reader. */
const PIPE_BYTES = 64 * 1_024;
/** Beats in a row at which the same bytes still waited for the reader, after which it is one that does not read. */
const DEAF_BEATS = 3;
/** So few bytes say nothing about a reader that has not taken them, unless they wait for this long, ms. */
const FEW_BYTES = 4 * 1_024;
const LOOKED_AWAY_MS = 2_000;
/** How long a reader is watched before it is called deaf, ms. */
const A_MOMENT_MS = 300;

/** The way to one reader: frames wait here, and go as fast as the reader takes them. It also sees how the reader takes them. */
export class ReaderPipe {
  readonly #queue = new FrameQueue();
  readonly #pipe = new IdentityTransformStream({ highWaterMark: PIPE_BYTES });
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #onRoom: () => void;
  readonly #onGone: () => void;
  /** Id of the last frame handed to the connection. */
  #takenId: string | null = null;
  #isWriting = false;
  /** The bytes that the reader is to take next: how many, and since when they wait (epoch ms). Null when none do. */
  #standing: { bytes: number; since: number } | null = null;
  /** Beats at which the same bytes waited, in a row. */
  #deafBeats = 0;
  #isEnding = false;
  #isClosed = false;

  /**
   * @param onRoom called when something was taken: there may be room for more.
   * @param onGone called when everything was taken after {@link end}, or when the client has gone.
   */
  constructor(onRoom: () => void, onGone: () => void) {
    this.#onRoom = onRoom;
    this.#onGone = onGone;
  }

  get readable(): ReadableStream {
    return this.#pipe.readable;
  }

  get takenId(): string | null {
    return this.#takenId;
  }

  /** Frames that took the place of older ones of the same task. */
  get collapsed(): number {
    return this.#queue.collapsed;
  }

  /** Nothing waits. */
  get isIdle(): boolean {
    return this.#queue.isEmpty;
  }

  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** There is room for another page. */
  get isRoomy(): boolean {
    return this.#queue.bytes <= ROOMY_BYTES;
  }

  /** Puts a frame behind those that wait; {@link write} must follow. */
  add(frame: QueuedFrame): void {
    this.#queue.push(frame);
  }

  /** Writes what waits, as fast as the reader takes it. */
  async write(): Promise<void> {
    if (this.#isWriting || this.#isClosed) return;
    this.#isWriting = true;
    try {
      for (let chunk = this.#queue.take(); chunk !== null; chunk = this.#queue.take()) {
        // Before it is written: what comes after it on the connection comes after it for the client too.
        if (chunk.id !== "") this.#takenId = chunk.id;
        this.#standing = { bytes: chunk.bytes.byteLength, since: Date.now() };
        await this.#writer.write(chunk.bytes);
        this.#standing = null;
        this.#deafBeats = 0;
        this.#onRoom();
      }
      this.#onRoom();
      if (this.#isEnding) {
        await this.#writer.close();
        this.#onGone();
      }
    } catch {
      this.#onGone(); // the client has gone
    } finally {
      this.#isWriting = false;
    }
    // What was queued while the last write ended.
    if (!this.#isClosed && (!this.#queue.isEmpty || this.#isEnding)) this.write();
  }

  /** What waits is not written any more. */
  drop(): void {
    this.#queue.clear();
  }

  /** The frame that is added next is the last. */
  end(): void {
    this.#isEnding = true;
  }

  /** Gives everything back. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    this.#writer.abort().catch(() => undefined); // closed already, or the client has gone
  }

  /** At a beat of the stream: whether the reader has taken nothing for several of them. */
  isDeafAtBeat(): boolean {
    this.#deafBeats = this.#hasMuchStanding ? this.#deafBeats + 1 : 0;
    return this.#deafBeats >= DEAF_BEATS;
  }

  /**
   * Says for how long the reader has taken nothing of what waits for it, ms. One that seems not to is watched for a moment
   * first: whoever reads takes something within it.
   */
  probe(answer: (standingMs: number) => void): void {
    const seen = this.#standing;
    const say = () => {
      const standing = seen === this.#standing ? seen : null;
      answer(standing === null ? 0 : Date.now() - standing.since);
    };
    const isSuspect = seen !== null && (this.#hasMuchStanding || Date.now() - seen.since >= LOOKED_AWAY_MS);
    if (isSuspect) setTimeout(say, A_MOMENT_MS);
    else answer(0);
  }

  get #hasMuchStanding(): boolean {
    return this.#standing !== null && this.#standing.bytes + this.#queue.bytes > FEW_BYTES;
  }
}
