import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { z } from "zod";
import type { SocketEvents } from "./sse-socket.ts";

/** How often a client says that it is there. */
const BEAT_MS = 20_000;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

const messageSchema = z.object({
  event: z.string(),
  id: z.string().optional(),
  ack: z.int().optional(),
  data: z.unknown(),
});

/** A WebSocket on a bare socket, for the same reason as the stream: of RFC 6455 what the server here sends. */
export class BareWebSocket {
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  readonly #beat: ReturnType<typeof setInterval>;
  #isOpen = false;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(port: number, path: string, headers: Record<string, string>, events: SocketEvents) {
    this.#events = events;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const own = {
      host: `127.0.0.1:${port}`,
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      ...headers,
    };
    const lines = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`);
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
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (!this.#isOpen) {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      const status = Number(this.#bytes.toString("latin1", 0, end).split(" ")[1]);
      this.#bytes = this.#bytes.subarray(end + 4);
      this.#isOpen = status === 101;
      this.#events.onStatus(status === 101 ? 200 : status);
      if (!this.#isOpen) return;
    }
    for (let frame = this.#frame(); frame !== null; frame = this.#frame()) {
      if (frame.kind === PING) this.#send(PONG, frame.text);
      else if (frame.kind === CLOSE) this.#socket.end();
      else if (frame.kind === TEXT && frame.text.startsWith("{")) this.#message(frame.text);
    }
  }

  /** The next whole frame: the server masks none, and cuts no message here. */
  #frame(): { kind: number; text: string } | null {
    const bytes = this.#bytes;
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return null;
    let size = second & 127;
    let at = 2;
    if (size === 126) {
      if (bytes.length < 4) return null;
      size = bytes.readUInt16BE(2);
      at = 4;
    } else if (size === 127) {
      if (bytes.length < 10) return null;
      size = Number(bytes.readBigUInt64BE(2));
      at = 10;
    }
    if (bytes.length < at + size) return null;
    this.#bytes = bytes.subarray(at + size);
    return { kind: first & 15, text: bytes.toString("utf8", at, at + size) };
  }

  #message(text: string): void {
    const { event, id, ack, data } = messageSchema.parse(JSON.parse(text));
    this.#events.onFrame(event, id ?? "", JSON.stringify(data));
    if (ack !== undefined) this.#send(TEXT, `ack ${ack}`);
  }

  /** Sends a short frame, masked as a client must. */
  #send(kind: number, text: string): void {
    if (this.#socket.destroyed) return;
    const body = Buffer.from(text).subarray(0, 125);
    const mask = randomBytes(4);
    const masked = body.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    this.#socket.write(Buffer.concat([Buffer.from([128 | kind, 128 | body.length]), mask, masked]));
  }
}
