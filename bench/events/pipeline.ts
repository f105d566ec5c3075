import { connect, type Socket } from "node:net";

const SOCKETS = 4;
const STATUS = /HTTP\/1\.1 (\d{3})/g;
/** What may be the beginning of a status line at the end of a chunk. */
const CARRY = 16;

interface Lane {
  socket: Socket;
  waiting: Waiting[];
  carry: string;
}

interface Waiting {
  resolve(): void;
  reject(fault: Error): void;
}

/**
 * Posts small texts over a few connections without waiting for each answer. For a server that takes one text a request,
 * so that its publisher costs about as little as one that sends batches.
 */
export class Pipeline {
  readonly #port: number;
  readonly #lanes: Lane[] = [];
  #next = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** @throws when the answer is none of 2xx, or there is none because the connection broke. */
  post(path: string, body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const lane = this.#lane();
      lane.waiting.push({ resolve, reject });
      const length = Buffer.byteLength(body);
      lane.socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${length}\r\n\r\n${body}`);
    });
  }

  #lane(): Lane {
    const at = this.#next % SOCKETS;
    this.#next += 1;
    const known = this.#lanes[at];
    if (known !== undefined && !known.socket.destroyed) return known;
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    const lane: Lane = { socket, waiting: [], carry: "" };
    this.#lanes[at] = lane;
    socket.setEncoding("latin1").on("data", (chunk) => {
      const text = lane.carry + String(chunk);
      let end = 0;
      for (const match of text.matchAll(STATUS)) {
        const waiting = lane.waiting.shift();
        if (match[1]?.startsWith("2")) waiting?.resolve();
        else waiting?.reject(new Error(`answered ${match[1]}`));
        end = match.index + match[0].length;
      }
      lane.carry = text.slice(Math.max(end, text.length - CARRY));
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const waiting of lane.waiting.splice(0)) waiting.reject(new Error("the connection broke"));
    });
    return lane;
  }
}
