import { FrameQueue, type QueuedFrame, ROOMY_BYTES } from "./frame-queue.ts";

/** Bytes between the queue and the connection. Counted in bytes, so that writing waits for the reader. */
const PIPE_BYTES = 64 * 1_024;
/** If the same bytes still wait at so many heartbeats in a row, the reader does not read. */
const DEAF_BEATS = 3;
/** So few bytes show nothing about their reader, unless they wait for this long, ms. */
const FEW_BYTES = 4 * 1_024;
const LOOKED_AWAY_MS = 2_000;
/** How long a reader is watched before it counts as one that does not read, ms. */
const A_MOMENT_MS = 300;

/**
 * The way to one reader: frames wait here, and are written as fast as the reader reads. It also measures how the reader
 * reads.
 */
export class ReaderPipe {
  readonly #queue = new FrameQueue();
  readonly #pipe = new IdentityTransformStream({ highWaterMark: PIPE_BYTES });
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #onRoom: () => void;
  readonly #onGone: () => void;
  /** Id of the last frame written to the connection. */
  #takenId: string | null = null;
  #isWriting = false;
  /**
   * The bytes that the reader has to read next: their number, and since when they wait (epoch ms). Null when there are
   * none.
   */
  #standing: { bytes: number; since: number } | null = null;
  /** Heartbeats in a row at which the same bytes waited. */
  #deafBeats = 0;
  #isEnding = false;
  #isClosed = false;

  /**
   * @param onRoom called when something was read: there may be room for more.
   * @param onGone called when everything was read after {@link end}, or when the client has gone.
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

  /** Frames that replaced older ones of the same task. */
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

  /** Adds a frame behind the waiting ones; {@link write} must follow. */
  add(frame: QueuedFrame): void {
    this.#queue.push(frame);
  }

  /** Writes the waiting frames, as fast as the reader reads. */
  async write(): Promise<void> {
    if (this.#isWriting || this.#isClosed) return;
    this.#isWriting = true;
    try {
      for (let chunk = this.#queue.take(); chunk !== null; chunk = this.#queue.take()) {
        // Noted before it is written, because the client also gets the next frames after this one.
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
    // Frames that were added while the last write ended.
    if (!this.#isClosed && (!this.#queue.isEmpty || this.#isEnding)) this.write();
  }

  /** The waiting frames are not written any more. */
  drop(): void {
    this.#queue.clear();
  }

  /** The next frame is the last. */
  end(): void {
    this.#isEnding = true;
  }

  /** Releases everything. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
    this.#writer.abort().catch(() => undefined); // closed already, or the client has gone
  }

  /** At a heartbeat of the stream: whether the reader has read nothing for several of them. */
  isDeafAtBeat(): boolean {
    this.#deafBeats = this.#hasMuchStanding ? this.#deafBeats + 1 : 0;
    return this.#deafBeats >= DEAF_BEATS;
  }

  /**
   * For how long the reader has read nothing of the waiting bytes, ms. A reader that seems not to read is watched for a
   * moment first, because one that reads does so within this moment.
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
