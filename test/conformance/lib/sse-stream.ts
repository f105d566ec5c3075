import { type ClientRequest, type IncomingHttpHeaders, request } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import { upgradeHeaders } from "../../../bench/lib/web-socket.ts";
import { asEventStream, type StreamAnswer } from "./socket-answer.ts";

/** How long a frame or the end of a stream is waited for when a case says nothing else, milliseconds. */
const PATIENCE_MS = 8_000;
/** Bytes kept of what came over the wire, for cases that look below the parser. */
const RAW_LIMIT = 1 << 20;

export interface Frame {
  event: string;
  id: string | undefined;
  data: string;
  /** `performance.now()` when it was parsed. */
  at: number;
}

/**
 * One stream, read with a parser that is not ours: what a stranger's client would make of the bytes. Answers that are
 * no stream are kept whole in {@link body}.
 */
export class SseStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly frames: Frame[] = [];
  readonly comments: string[] = [];
  retry: number | null = null;
  /** Milliseconds from the request to its first byte of body. */
  firstByteMs: number | null = null;
  isEnded = false;

  readonly #asked: ClientRequest;
  readonly #answer: StreamAnswer;
  readonly #raw: Buffer[] = [];
  #rawBytes = 0;

  private constructor(asked: ClientRequest, answer: StreamAnswer, startedAt: number) {
    this.#asked = asked;
    this.#answer = answer;
    this.status = answer.statusCode ?? 0;
    this.headers = answer.headers;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const parser = createParser({
      onEvent: ({ event = "message", id, data }) => this.frames.push({ event, id, data, at: performance.now() }),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (value) => {
        this.retry = value;
      },
    });
    answer.on("data", (chunk: Buffer) => {
      this.firstByteMs ??= performance.now() - startedAt;
      if (this.#rawBytes < RAW_LIMIT) this.#raw.push(chunk);
      this.#rawBytes += chunk.length;
      if (this.status === 200) parser.feed(decoder.decode(chunk, { stream: true }));
    });
    const end = () => {
      this.isEnded = true;
    };
    for (const name of ["end", "close", "error"] as const) answer.on(name, end);
    asked.on("error", end);
  }

  /** @throws when nobody answers with a status and headers in time. */
  static open(url: string, headers: Record<string, string> = {}): Promise<SseStream> {
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const isSocket = new URL(url).pathname.endsWith("/socket");
      const own = isSocket ? upgradeHeaders() : { accept: "text/event-stream" };
      const asked = request(url, { headers: { ...own, ...headers }, agent: false });
      const timer = setTimeout(() => asked.destroy(new Error("no answer")), PATIENCE_MS);
      asked.once("response", (answer) => {
        clearTimeout(timer);
        resolve(new SseStream(asked, answer, startedAt));
      });
      asked.once("upgrade", (answer, socket, first) => {
        clearTimeout(timer);
        resolve(new SseStream(asked, asEventStream(answer, socket, first), startedAt));
      });
      asked.once("error", (fault) => {
        clearTimeout(timer);
        reject(fault);
      });
      asked.end();
    });
  }

  /** What came over the wire, up to a megabyte. */
  get raw(): Buffer {
    return Buffer.concat(this.#raw);
  }

  /** The answer's body as text, once it has ended; for answers that are no stream. */
  async body(): Promise<string> {
    await this.ended();
    return this.raw.toString("utf8");
  }

  /** The id a client would resume with. */
  get lastId(): string | undefined {
    return this.frames.findLast(({ id }) => id !== undefined)?.id;
  }

  /** The first frame that fits, of those there are and those to come. @throws when none comes in time. */
  async frame(fits: (frame: Frame) => boolean, what: string, patienceMs = PATIENCE_MS): Promise<Frame> {
    await this.until(() => this.frames.some(fits), what, patienceMs);
    const found = this.frames.find(fits);
    if (found === undefined) throw new Error(what);
    return found;
  }

  /** Waits for a condition on what was received. @throws when it does not come true in time. */
  async until(isTrue: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!isTrue()) {
      if (performance.now() > deadline) {
        throw new Error(`${what}: not within ${patienceMs} ms (${this.frames.length} frames; ${this.#tail()})`);
      }
      await sleep(5);
    }
  }

  /** Waits for the end of the stream. @throws when it goes on. */
  ended(patienceMs = PATIENCE_MS): Promise<void> {
    return this.until(() => this.isEnded, "the end of the stream", patienceMs);
  }

  /** Stops reading: what the server sends fills the buffers between. */
  pause(): void {
    this.#answer.pause();
    this.#asked.socket?.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#asked.socket?.resume();
    this.#answer.resume();
  }

  /** Cuts the connection, as a network would. */
  cut(): void {
    this.#asked.destroy();
    this.#answer.destroy();
    this.isEnded = true;
  }

  #tail(): string {
    const last = this.frames.at(-1);
    return last === undefined ? "no last frame" : `last ${last.event} ${last.id} ${last.data.slice(0, 120)}`;
  }
}
