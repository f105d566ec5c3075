import { z } from "@hono/zod-openapi";
import { ROLES } from "../platform/roles.ts";

const positionSchema = z.object({ epoch: z.string(), seq: z.int() });

/** The state of a stream whose client holds the socket itself: its position, and what it has confirmed. */
const directSchema = z.object({
  role: z.enum(ROLES),
  /** The last event of the user, and the last broadcast, that were sent to it. */
  user: positionSchema,
  broadcast: positionSchema,
  /** There are broadcasts after its position, in the shard. */
  lacks: z.boolean(),
  /** Bytes sent, and how many of them the client has confirmed. */
  sent: z.number(),
  taken: z.number(),
  /** The last number of bytes for which a receipt was requested. */
  asked: z.number(),
  /** Since when its budget is used up, epoch ms; null: it is not. */
  full_since: z.number().nullable(),
  /** When it ends because of its age, epoch ms. */
  ends_at: z.number(),
});
export type Direct = z.output<typeof directSchema>;

/** The state of a reader in its socket, while the object sleeps. */
const readerSchema = z.object({
  /** Everything up to the head was sent: new events are pushed. Before that, the reader asks for pages. */
  live: z.boolean(),
  /** Order of arrival, to find the oldest. */
  number: z.int(),
  session: z.string().nullable(),
  /** The device or page of the reader; readers of an earlier release have none. */
  client: z.string().nullable().default(null),
  /** Topics that its stream brings. */
  topics: z.array(z.string()).default([]),
  /** Absent: a Worker holds the socket and ends the stream. */
  direct: directSchema.optional(),
});
export type Reader = z.output<typeof readerSchema>;
export type DirectReader = Reader & { direct: Direct };

/** The sockets of one object and the state of each. */
export class Readers {
  readonly #ctx: DurableObjectState;
  /**
   * The states as they were last read or written: reading one from a socket costs more than sending. They are lost when
   * the object sleeps.
   */
  readonly #known = new WeakMap<WebSocket, Reader>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** Open sockets, including those that are closing. */
  get count(): number {
    return this.#ctx.getWebSockets().length;
  }

  /** The number of the next socket. */
  get nextNumber(): number {
    return 1 + Math.max(0, ...this.all().map(({ reader }) => reader.number));
  }

  all(): { socket: WebSocket; reader: Reader }[] {
    return this.#ctx.getWebSockets().flatMap((socket) => {
      const reader = this.of(socket);
      return reader === null ? [] : [{ socket, reader }];
    });
  }

  /** Readers whose clients hold the socket themselves. */
  direct(): { socket: WebSocket; reader: DirectReader }[] {
    return this.#ctx.getWebSockets().flatMap((socket) => {
      const reader = this.directOf(socket);
      return reader === null ? [] : [{ socket, reader }];
    });
  }

  /** Null for a socket whose reader is gone. */
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

  /** The socket belongs to this object no more. */
  forget(socket: WebSocket): void {
    socket.serializeAttachment(null);
    this.#known.delete(socket);
  }
}

/** RFC 6455: nothing more can be sent. */
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
