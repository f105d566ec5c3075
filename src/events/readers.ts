import { z } from "@hono/zod-openapi";
import { ROLES } from "../platform/roles.ts";

const positionSchema = z.object({ epoch: z.string(), seq: z.int() });

/** What is remembered of a stream whose client holds the socket itself: how far it is, and what it has taken. */
const directSchema = z.object({
  role: z.enum(ROLES),
  /** Up to where it was sent the user's events, and those for everybody. */
  user: positionSchema,
  broadcast: positionSchema,
  /** There are broadcasts beyond its position, in the shard. */
  lacks: z.boolean(),
  /** Bytes sent, and up to which of them the client has said that it has them. */
  sent: z.number(),
  taken: z.number(),
  /** The last mark of bytes for which a receipt was asked. */
  asked: z.number(),
  /** Since when its budget is used up, epoch ms; null: it is not. */
  full_since: z.number().nullable(),
  /** When its life is over, epoch ms. */
  ends_at: z.number(),
});
export type Direct = z.output<typeof directSchema>;

/** What a socket remembers of its reader while the object sleeps. */
const readerSchema = z.object({
  /** Everything up to the head was sent: new events are pushed. Before that the reader pulls pages. */
  live: z.boolean(),
  /** Order of arrival, to know the oldest. */
  number: z.int(),
  session: z.string().nullable(),
  /** The device or page it belongs to; readers of an earlier release have none. */
  client: z.string().nullable().default(null),
  /** Topics that its stream brings. */
  topics: z.array(z.string()).default([]),
  /** Absent: a Worker holds the socket and ends the stream. */
  direct: directSchema.optional(),
});
export type Reader = z.output<typeof readerSchema>;
export type DirectReader = Reader & { direct: Direct };

/** The sockets of one object and what each remembers. */
export class Readers {
  readonly #ctx: DurableObjectState;
  /** Attachments as they were last read or written: reading one costs more than sending. Lost with a sleep. */
  readonly #known = new WeakMap<WebSocket, Reader>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** Sockets that are open, those that are saying goodbye included. */
  get count(): number {
    return this.#ctx.getWebSockets().length;
  }

  /** The number of the next one that arrives. */
  get nextNumber(): number {
    return 1 + Math.max(0, ...this.all().map(({ reader }) => reader.number));
  }

  all(): { socket: WebSocket; reader: Reader }[] {
    return this.#ctx.getWebSockets().flatMap((socket) => {
      const reader = this.of(socket);
      return reader === null ? [] : [{ socket, reader }];
    });
  }

  /** Those whose clients hold the socket themselves. */
  direct(): { socket: WebSocket; reader: DirectReader }[] {
    return this.#ctx.getWebSockets().flatMap((socket) => {
      const reader = this.directOf(socket);
      return reader === null ? [] : [{ socket, reader }];
    });
  }

  /** Null for a socket that belongs to nobody any more. */
  of(socket: WebSocket): Reader | null {
    const known = this.#known.get(socket);
    if (known !== undefined) return known;
    const parsed = readerSchema.safeParse(socket.deserializeAttachment());
    if (!parsed.success) return null;
    this.#known.set(socket, parsed.data);
    return parsed.data;
  }

  directOf(socket: WebSocket): DirectReader | null {
    const reader = this.of(socket);
    return reader?.direct === undefined ? null : { ...reader, direct: reader.direct };
  }

  remember(socket: WebSocket, reader: Reader): void {
    socket.serializeAttachment(reader);
    this.#known.set(socket, reader);
  }

  /** It is none of this object's any more. */
  forget(socket: WebSocket): void {
    socket.serializeAttachment(null);
    this.#known.delete(socket);
  }
}

/** RFC 6455: nothing is left to be said. */
const NORMALLY = { code: 1000, reason: "" };

/** Sends, unless the other end has gone: then the platform reports the close by itself. */
export function send(socket: WebSocket, message: string): void {
  try {
    socket.send(message);
  } catch {
    close(socket);
  }
}

/** Closes this side of a socket; harmless when it is closed already. */
export function close(socket: WebSocket, { code, reason }: { code: number; reason: string } = NORMALLY): void {
  try {
    socket.close(code, reason);
  } catch {
    // closed already
  }
}
