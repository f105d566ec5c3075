/** One event as the standard dispatches it. */
export interface SseFrame {
  /** The `event` field; "message" where the block named none. */
  event: string;
  data: string;
  /** Last event id once this block ended: the block's own, else the one before it. */
  id: string;
  /** The id that this very block named; null where it named none. */
  ownId: string | null;
}

export interface SseParserHandlers {
  onFrame(frame: SseFrame): void;
  /** The `retry` field, in milliseconds. */
  onRetry?(milliseconds: number): void;
  /** A comment's text: what a heartbeat of the lower kind looks like. */
  onComment?(text: string): void;
}

const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Reads `text/event-stream` as the HTML standard defines it, from pieces cut anywhere: also between CR and LF. A block
 * that the stream's end cuts off is never dispatched.
 */
export class SseParser {
  readonly #handlers: SseParserHandlers;
  #rest = "";
  #isFirst = true;
  /** The last piece ended in CR: a LF that opens the next one belongs to it. */
  #skipLineFeed = false;
  #event = "";
  #data: string[] = [];
  /** The standard's "last event ID buffer": what the open block has said so far. */
  #idBuffer = "";
  /** The standard's "last event ID string": what the blocks that ended have said. */
  #id = "";
  #ownId: string | null = null;

  constructor(handlers: SseParserHandlers) {
    this.#handlers = handlers;
  }

  /** The id a reconnect would send: that of the last block that ended, with data or without. */
  get lastEventId(): string {
    return this.#id;
  }

  /** Takes the next piece of decoded text. The decoder must leave a byte order mark in (`ignoreBOM: true`). */
  push(piece: string): void {
    if (piece === "") return;
    let text = piece;
    if (this.#isFirst) {
      this.#isFirst = false;
      if (text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
    }
    if (this.#skipLineFeed && text !== "") {
      this.#skipLineFeed = false;
      if (text.startsWith("\n")) text = text.slice(1);
    }
    // Only the new piece is searched for line ends: a long line that arrives in many pieces stays cheap.
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      const char = text.charCodeAt(at);
      if (char !== 10 && char !== 13) continue;
      this.#line(this.#rest + text.slice(from, at));
      this.#rest = "";
      if (char === 13) {
        if (at + 1 === text.length) this.#skipLineFeed = true;
        else if (text.charCodeAt(at + 1) === 10) at += 1;
      }
      from = at + 1;
    }
    this.#rest += text.slice(from);
  }

  #line(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) {
      this.#handlers.onComment?.(line.slice(1));
      return;
    }
    const name = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    this.#field(name, value);
  }

  #field(name: string, value: string): void {
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id") {
      if (value.includes("\0")) return;
      this.#idBuffer = value;
      this.#ownId = value;
    } else if (name === "retry" && /^[0-9]+$/.test(value)) this.#handlers.onRetry?.(Number(value));
  }

  #dispatch(): void {
    const event = this.#event === "" ? "message" : this.#event;
    const data = this.#data;
    this.#event = "";
    const ownId = this.#ownId;
    this.#data = [];
    this.#ownId = null;
    this.#id = this.#idBuffer;
    if (data.length > 0) this.#handlers.onFrame({ event, data: data.join("\n"), id: this.#id, ownId });
  }
}
