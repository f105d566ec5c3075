import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** What RFC 6455 has a server append to the client's key. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 1;
const CLOSE = 8;

/** The server's end of a WebSocket, as far as a client's test needs one: short texts in, texts out. */
export class ServerSocket {
  readonly #socket: Duplex;
  #bytes = Buffer.alloc(0);

  constructor(request: IncomingMessage, socket: Duplex, onText: (text: string) => void, onClose: () => void) {
    this.#socket = socket;
    const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${GUID}`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${key}\r\n\r\n`,
    );
    socket.on("error", () => {});
    socket.on("close", onClose);
    socket.on("data", (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, Buffer.from(chunk)]);
      for (let frame = this.#next(); frame !== null; frame = this.#next()) {
        if (frame.kind === CLOSE) this.end();
        else if (frame.kind === TEXT) onText(frame.text);
      }
    });
  }

  send(text: string): void {
    const body = Buffer.from(text);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(body.length);
    const head = body.length < 126 ? Buffer.from([128 | TEXT, body.length]) : Buffer.from([128 | TEXT, 126, ...size]);
    this.#socket.write(Buffer.concat([head, body]));
  }

  end(): void {
    this.#socket.end(Buffer.from([128 | CLOSE, 0]));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The next whole frame of a client: masked, and short. */
  #next(): { kind: number; text: string } | null {
    const [first, second] = this.#bytes;
    if (first === undefined || second === undefined) return null;
    const size = second & 127;
    if (this.#bytes.length < 6 + size) return null;
    const mask = this.#bytes.subarray(2, 6);
    const body = this.#bytes.subarray(6, 6 + size).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
    this.#bytes = this.#bytes.subarray(6 + size);
    return { kind: first & 15, text: Buffer.from(body).toString() };
  }
}
