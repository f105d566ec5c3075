/** One event in the form in which the standard dispatches it. */
export interface SseFrame {
  /** The `event` field; "message" if the block has none. */
  event: string;
  data: string;
  /** Last event id at the end of this block: its own, else the one before. */
  id: string;
  /** The id in this block; null if it has none. */
  ownId: string | null;
}

export interface SseParserHandlers {
  onFrame(frame: SseFrame): void;
  /** The `retry` field, in milliseconds. */
  onRetry?(milliseconds: number): void;
  /** A comment's text: transport-level heartbeats look like this. */
  onComment?(text: string): void;
}

const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Reads `text/event-stream` as the HTML standard defines it, from pieces that may be cut anywhere, even between CR and
 * LF. A block that the end of the stream cuts off is never dispatched.
 */
export class SseParser {
  readonly #handlers: SseParserHandlers;
  #rest = "";
  #isFirst = true;
  /** The last piece ended with CR: a LF at the start of the next piece belongs to it. */
  #skipLineFeed = false;
  #event = "";
  #data: string[] = [];
  /** The standard's "last event ID buffer": the id so far in the open block. */
  #idBuffer = "";
  /** The standard's "last event ID string": the id after the finished blocks. */
  #id = "";
  #ownId: string | null = null;

  constructor(handlers: SseParserHandlers) {
    this.#handlers = handlers;
  }

  /** The id for a reconnect: that of the last finished block, with data or without. */
  get lastEventId(): string {
    return this.#id;
  }

  /** Adds the next piece of decoded text. The decoder must keep a byte order mark (`ignoreBOM: true`). */
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
    // Only the new piece is searched for line ends, so that a long line in many pieces stays cheap.
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
