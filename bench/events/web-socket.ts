import { connect, type Socket } from "node:net";
import { z } from "zod";
import { CLOSE, clientFrame, PING, PONG, ServerFrames, TEXT, upgradeHeaders } from "../lib/web-socket.ts";
import type { SocketEvents } from "./sse-socket.ts";

/** How often a client says that it is there. */
const BEAT_MS = 20_000;

const messageSchema = z.object({
  event: z.string(),
  id: z.string().optional(),
  ack: z.int().optional(),
  data: z.unknown(),
});

/** A WebSocket on a bare socket, for the same reason as the stream. */
export class BareWebSocket {
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  readonly #beat: ReturnType<typeof setInterval>;
  readonly #frames = new ServerFrames();
  #head: Buffer | null = Buffer.alloc(0);

  constructor(port: number, path: string, headers: Record<string, string>, events: SocketEvents) {
    this.#events = events;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const all = { host: `127.0.0.1:${port}`, ...upgradeHeaders(), ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    this.#socket.on("data", (chunk) => this.#read(Buffer.from(chunk)));
    this.#socket.on("error", () => {});
    this.#beat = setInterval(() => this.#send(TEXT, "head?"), BEAT_MS);
    this.#socket.on("close", () => {
      clearInterval(this.#beat);
      events.onClose();
    });
  }

  /** Never reads again: what the server sends from now on fills the buffers between. */
  freeze(): void {
    clearInterval(this.#beat);
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#head === null) this.#frames.push(chunk);
    else {
      this.#head = Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const status = Number(this.#head.toString("latin1", 0, end).split(" ")[1]);
      this.#frames.push(this.#head.subarray(end + 4));
      this.#head = null;
      this.#events.onStatus(status === 101 ? 200 : status);
    }
    for (let frame = this.#frames.next(); frame !== null; frame = this.#frames.next()) {
      if (frame.kind === PING) this.#send(PONG, frame.text);
      else if (frame.kind === CLOSE) this.#socket.end();
      else if (frame.kind === TEXT && frame.text.startsWith("{")) this.#message(frame.text);
    }
  }

  #message(text: string): void {
    const { event, id, ack, data } = messageSchema.parse(JSON.parse(text));
    this.#events.onFrame(event, id ?? "", JSON.stringify(data));
    if (ack !== undefined) this.#send(TEXT, `ack ${ack}`);
  }

  #send(kind: number, text: string): void {
    if (!this.#socket.destroyed) this.#socket.write(clientFrame(kind, text));
  }
}
