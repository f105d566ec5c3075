import { randomBytes } from "node:crypto";

// Of RFC 6455 what a client of the server here needs: it masks nothing and cuts no message into pieces.

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** What a client sends to open a socket. */
export function upgradeHeaders(): Record<string, string> {
  return {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": randomBytes(16).toString("base64"),
  };
}

/** Frames of a server, from pieces cut anywhere. */
export class ServerFrames {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** The next whole frame; null until more has come. */
  next(): { kind: number; text: string } | null {
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
}

/** A short frame of a client, masked as it must be. */
export function clientFrame(kind: number, text: string): Buffer {
  const body = Buffer.from(text).subarray(0, 125);
  const mask = randomBytes(4);
  const masked = body.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([128 | kind, 128 | body.length]), mask, masked]);
}
