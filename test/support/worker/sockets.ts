import { onTestFinished } from "vitest";
import { z } from "zod";
import { HEAD_REQUEST } from "../../../src/events/wire.ts";
import { type Call, call, type tokenOf } from "./http.ts";
import { type Frame, streamToken } from "./streams.ts";

const PATIENCE_MS = 15_000;
const messageSchema = z.strictObject({
  event: z.string(),
  id: z.string().optional(),
  retry: z.int().optional(),
  ack: z.int().optional(),
  data: z.record(z.string(), z.unknown()),
});

/** One reader of one socket, as a client sees it. */
export class SocketReader {
  readonly #socket: WebSocket;
  readonly #texts: string[] = [];
  #waiting: (() => void) | null = null;
  #hasEnded = false;
  /** Sends back what it is asked to; a deaf one does not. */
  readonly #answers: boolean;
  /** Bytes that came, whether they were read or not. */
  received = 0;
  /** The receipts that were asked for. */
  readonly asked: number[] = [];
  /** With which code it was closed; null while it is open. */
  closed: number | null = null;
  /** Answers of the platform to {@link ping}. */
  readonly pongs: string[] = [];

  constructor(response: Response, { answers = true }: { answers?: boolean } = {}) {
    const socket = response.webSocket;
    if (response.status !== 101 || socket === null) throw new Error(`the socket was refused: ${response.status}`);
    this.#socket = socket;
    this.#answers = answers;
    socket.addEventListener("message", ({ data }) => this.#take(String(data)));
    socket.addEventListener("close", ({ code }) => {
      this.closed = code;
      this.#wake(true);
    });
    socket.accept();
    onTestFinished(() => this.leave());
  }

  /** The next frame; null when the socket has ended. */
  async next(): Promise<Frame | null> {
    for (;;) {
      const text = this.#texts.shift();
      if (text !== undefined) {
        const { event, id = "", ack, data } = messageSchema.parse(JSON.parse(text));
        if (ack !== undefined) this.asked.push(ack);
        if (ack !== undefined && this.#answers) this.send(`ack ${ack}`);
        if (event !== "stream.probe") return { event, id, data };
      } else if (this.#hasEnded) return null;
      else await this.#more();
    }
  }

  /** The next frame, which must be of this kind. */
  async expect(event: string): Promise<Frame> {
    const frame = await this.next();
    if (frame?.event !== event) throw new Error(`expected ${event}, got ${JSON.stringify(frame)}`);
    return frame;
  }

  /** Frames up to the first for which `isLast` holds. */
  async until(isLast: (frame: Frame) => boolean): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame === null) throw new Error(`the socket ended after ${JSON.stringify(frames).slice(-500)}`);
      frames.push(frame);
      if (isLast(frame)) return frames;
    }
  }

  /** The next message as it came. */
  async raw(): Promise<string> {
    while (this.#texts.length === 0 && !this.#hasEnded) await this.#more();
    return this.#texts.shift() ?? "";
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  /** Asks for a sign of life, and waits for it. */
  async ping(): Promise<void> {
    const before = this.pongs.length;
    this.send(HEAD_REQUEST);
    while (this.pongs.length === before) await this.#more();
  }

  leave(): void {
    if (!this.#hasEnded) this.#socket.close(1000);
  }

  #take(text: string): void {
    this.received += text.length;
    if (text.startsWith("head ")) this.pongs.push(text);
    else this.#texts.push(text);
    this.#wake(false);
  }

  #wake(isEnd: boolean): void {
    this.#hasEnded ||= isEnd;
    this.#waiting?.();
    this.#waiting = null;
  }

  async #more(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | null = null;
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.#waiting = resolve;
    }).finally(() => {
      if (timer !== null) clearTimeout(timer);
    });
  }
}

/** The answer to opening a socket. */
export function connectWith(token: string, cursor?: string, query = "", options: Call = {}): Promise<Response> {
  const from = cursor === undefined ? "" : `&last_event_id=${encodeURIComponent(cursor)}`;
  const headers = { upgrade: "websocket", ...options.headers };
  return call("GET", `/events/socket?sse_token=${token}${from}${query}`, { ...options, headers });
}

/** Opens a socket and returns its reader; the test's end closes it. */
export async function connect(
  user: string,
  cursor?: string,
  { role, answers, query }: { role?: Parameters<typeof tokenOf>[1]; answers?: boolean; query?: string } = {},
): Promise<SocketReader> {
  const answer = await connectWith(await streamToken(user, role), cursor, query);
  if (answer.status !== 101) throw new Error(`the socket was refused: ${answer.status} ${await answer.text()}`);
  return new SocketReader(answer, answers === undefined ? {} : { answers });
}
