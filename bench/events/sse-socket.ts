import { connect, type Socket } from "node:net";

/** What a stream's owner receives; texts are latin1, which is enough for marks. */
export interface SocketEvents {
  /** The status line has come. */
  onStatus(status: number): void;
  onFrame(event: string, id: string, data: string): void;
  onClose(): void;
}

/**
 * A stream on a bare socket: what reading costs is taken from the same machine that serves. Understands the two ways in
 * which HTTP delimits a body without an end, and of SSE what the servers here send.
 */
export class SseSocket {
  readonly #socket: Socket;
  readonly #events: SocketEvents;
  #head = "";
  #isChunked: boolean | null = null;
  /** Bytes left of the current chunk; null between chunks. */
  #left: number | null = null;
  #size = "";
  #line = "";
  #event = "";
  #id = "";
  #data = "";

  constructor(port: number, path: string, headers: Record<string, string>, events: SocketEvents) {
    this.#events = events;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\n${lines.join("")}\r\n`,
    );
    this.#socket.setEncoding("latin1");
    // With an encoding set, chunks are strings.
    this.#socket.on("data", (chunk) => this.#read(String(chunk)));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => events.onClose());
  }

  /** Never reads again: what the server sends from now on fills the buffers between. */
  freeze(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    if (this.#isChunked !== null) {
      this.#body(text);
      return;
    }
    this.#head += text;
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#head.slice(0, end);
    const rest = this.#head.slice(end + 4);
    this.#head = "";
    this.#isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    this.#events.onStatus(Number(head.split(" ")[1]));
    if (rest !== "") this.#body(rest);
  }

  #body(text: string): void {
    if (this.#isChunked !== true) {
      this.#lines(text);
      return;
    }
    let at = 0;
    while (at < text.length) {
      if (this.#left === null) {
        const end = text.indexOf("\n", at);
        this.#size += end < 0 ? text.slice(at) : text.slice(at, end);
        if (end < 0) return;
        at = end + 1;
        const size = this.#size.trim();
        this.#size = "";
        // The line break behind a chunk reads as an empty size.
        if (size !== "") this.#left = Number.parseInt(size, 16);
        if (this.#left === 0) return;
      } else {
        const part = text.slice(at, at + this.#left);
        at += part.length;
        this.#left = part.length === this.#left ? null : this.#left - part.length;
        this.#lines(part);
      }
    }
  }

  #lines(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "" || line === "\r") {
        if (this.#data !== "" || this.#event !== "") this.#events.onFrame(this.#event, this.#id, this.#data);
        this.#event = "";
        this.#data = "";
      } else if (line.startsWith("data:")) this.#data = line.slice(5);
      else if (line.startsWith("id:")) this.#id = line.slice(3).trim();
      else if (line.startsWith("event:")) this.#event = line.slice(6).trim();
    }
  }
}
