import { z } from "@hono/zod-openapi";
import type { EventLog } from "./log.ts";
import type { LoggedEvent, Position, Preferences } from "./types.ts";
import { eventMessage, HEAD_REQUEST, headAnswer, type Join, type LogMessage, readMoreRequest } from "./wire.ts";

/** What a socket remembers of its reader while the object sleeps. */
const readerSchema = z.object({
  /** Everything up to the head was sent: new events are pushed. Before that the reader pulls pages. */
  live: z.boolean(),
  /** Order of arrival, to know the oldest. */
  number: z.int(),
  session: z.string().nullable(),
});
type Reader = z.output<typeof readerSchema>;

/**
 * The readers of one log: hibernatable WebSockets to the Workers that end the streams. Nothing here holds the object
 * awake: a socket's state is its attachment, and "where is the head?" is answered by the platform for a sleeping object.
 *
 * Replay is pulled, page by page, as the reader has room; a reader becomes live with the last page, in the same turn in
 * which that page was read, so that nothing falls between history and live and nothing comes twice.
 */
export class LogSockets {
  readonly #ctx: DurableObjectState;
  /** Attachments as they were last read or written: reading one costs more than sending. Lost with a sleep. */
  readonly #known = new WeakMap<WebSocket, Reader>();
  readonly #log: EventLog;

  constructor(ctx: DurableObjectState, log: EventLog) {
    this.#ctx = ctx;
    this.#log = log;
  }

  /** Readers joined now. */
  get count(): number {
    return this.#ctx.getWebSockets().length;
  }

  /**
   * Takes up a reader, in one turn: says how, and sends the first page.
   * @returns the answer that carries the other end of the socket.
   */
  join(after: Position | null, session: string | null, preferences?: Preferences): Response {
    const { 0: outer, 1: inner } = new WebSocketPair();
    this.#ctx.acceptWebSocket(inner);
    const head = this.#log.head();
    const gap = after === null ? null : this.#log.gapAt(after);
    const from = after === null || gap !== null ? head : after;
    const join: Join = { from, head, missed: this.#log.countAfter(from.seq), gap };
    const number = 1 + Math.max(0, ...this.#readers().map(({ reader }) => reader.number));
    const reader: Reader = { live: false, number, session };
    this.#remember(inner, reader);
    send(inner, JSON.stringify({ t: "join", join, ...(preferences && { preferences }) } satisfies LogMessage));
    this.#sendPage(inner, reader, from.seq);
    this.announceHead();
    return new Response(null, { status: 101, webSocket: outer });
  }

  /** A reader's message: it has room for the next page. Anything else is ignored. */
  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    const seq = typeof message === "string" ? readMoreRequest(message) : null;
    const reader = this.#readerOf(socket);
    if (seq !== null && reader !== null) this.#sendPage(socket, reader, seq);
  }

  /** Pushes what was just committed to every live reader. */
  deliver(events: readonly LoggedEvent[]): void {
    if (events.length === 0) return;
    const sockets = this.#readers();
    if (sockets.length === 0) return; // who joins next has the head set then
    this.announceHead();
    const message = eventMessage(events, false);
    for (const { socket, reader } of sockets) if (reader.live) send(socket, message);
  }

  /** Sends a message to every reader, live or not. */
  tell(message: LogMessage): void {
    for (const { socket } of this.#readers()) send(socket, JSON.stringify(message));
  }

  /** Keeps the newest readers only. @returns how many were told to go. */
  evictBeyond(limit: number, reason: string): number {
    const readers = this.#readers().sort((a, b) => a.reader.number - b.reader.number);
    const surplus = readers.slice(0, Math.max(readers.length - limit, 0));
    for (const { socket } of surplus) this.#end(socket, "stream.evicted", reason);
    return surplus.length;
  }

  /** Ends the readers of one session, or all for null. @returns how many. */
  endSession(session: string | null, reason: string): number {
    const readers = this.#readers().filter(({ reader }) => session === null || reader.session === session);
    for (const { socket } of readers) this.#end(socket, "stream.evicted", reason);
    return readers.length;
  }

  /** Ends every reader; each comes back with its cursor. */
  restart(reason: string): void {
    for (const { socket } of this.#readers()) this.#end(socket, "stream.closing", reason);
  }

  /** Lets the platform answer {@link HEAD_REQUEST} with the present head, awake or not. */
  announceHead(): void {
    const pair = new WebSocketRequestResponsePair(HEAD_REQUEST, headAnswer(this.#log.head()));
    this.#ctx.setWebSocketAutoResponse(pair);
  }

  #sendPage(socket: WebSocket, reader: Reader, after: number): void {
    const { events, more } = this.#log.after(after);
    if (events.length > 0 || reader.live) send(socket, eventMessage(events, more));
    if (!more && !reader.live) this.#remember(socket, { ...reader, live: true });
  }

  #readers(): { socket: WebSocket; reader: Reader }[] {
    return this.#ctx.getWebSockets().flatMap((socket) => {
      const reader = this.#readerOf(socket);
      return reader === null ? [] : [{ socket, reader }];
    });
  }

  #remember(socket: WebSocket, reader: Reader): void {
    socket.serializeAttachment(reader);
    this.#known.set(socket, reader);
  }

  #readerOf(socket: WebSocket): Reader | null {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const parsed = readerSchema.safeParse(socket.deserializeAttachment());
    if (!parsed.success) return null;
    this.#known.set(socket, parsed.data);
    return parsed.data;
  }

  /** The last word to a reader: it is none of this log's any more. */
  #end(socket: WebSocket, event: "stream.evicted" | "stream.closing", reason: string): void {
    send(socket, JSON.stringify({ t: "end", event, reason } satisfies LogMessage));
    socket.serializeAttachment(null);
    this.#known.delete(socket);
    close(socket);
  }
}

/** Sends, unless the other end has gone: then the platform reports the close by itself. */
function send(socket: WebSocket, message: string): void {
  try {
    socket.send(message);
  } catch {
    close(socket);
  }
}

/** Closes this side of a socket; harmless when it is closed already. */
export function close(socket: WebSocket): void {
  try {
    socket.close(1000);
  } catch {
    // closed already
  }
}
