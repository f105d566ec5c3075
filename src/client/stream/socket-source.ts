import {
  Leash,
  type SourceContext,
  type SourceEnd,
  type SourceHandlers,
  type SourceRequest,
  takeToken,
} from "./connection.ts";
import type { SocketConstructor } from "./options.ts";
import { readMessage } from "./stream-frame.ts";

/** Asks the platform for a sign of life; it answers without waking the object. */
const HEAD_REQUEST = "head?";
const HEAD_ANSWER = "head ";

/** One connection over a WebSocket, from its token to its end; the counterpart of {@link readSource}. */
export async function readSocket<E>(
  context: SourceContext,
  Socket: SocketConstructor,
  { cursor, client, ifRoom, firstByte }: SourceRequest,
  handlers: SourceHandlers<E>,
  signal: AbortSignal,
): Promise<SourceEnd | E> {
  const { clock, timing, events } = context;
  const leash = new Leash(clock, signal);
  let socket: WebSocket | null = null;
  let cancelBeat: () => void = () => undefined;
  try {
    const token = await takeToken(context, leash);
    if (typeof token !== "string") return token;
    leash.arm(firstByte, { kind: "socketless" });
    socket = new Socket(events.socketAddress(token, cursor, { client, ifRoom }));
    const inbox = new Inbox(socket, leash.signal);
    const ask = () => {
      socket?.send(HEAD_REQUEST);
      cancelBeat = clock.after(timing.socketBeat, ask);
    };
    for (;;) {
      const message = await inbox.next();
      if (message === null) return leash.end ?? { kind: leash.hasRead ? "cut" : "socketless" };
      if (!leash.hasRead) cancelBeat = clock.after(timing.socketBeat, ask);
      leash.hasRead = true;
      // Handlers may take long: that delay is ours, not the server's.
      leash.disarm();
      if (!message.startsWith(HEAD_ANSWER)) {
        const end = await handleMessage(message, handlers, socket);
        if (end !== undefined) return end;
      }
      if (leash.end !== null) return leash.end;
      leash.arm(timing.heartbeatLate, { kind: "late" });
    }
  } catch {
    // A bad address, or a constructor that throws: there is no socket here.
    return leash.end ?? { kind: leash.hasRead ? "cut" : "socketless" };
  } finally {
    cancelBeat();
    leash.close();
    socket?.close();
  }
}

/** @returns why the connection is over, if it is. */
async function handleMessage<E>(text: string, handlers: SourceHandlers<E>, socket: WebSocket): Promise<E | undefined> {
  let message: ReturnType<typeof readMessage>;
  try {
    message = readMessage(text);
  } catch (fault) {
    return handlers.onFrame(() => {
      throw fault;
    });
  }
  const { retry, ack, ...frame } = message;
  if (retry !== undefined) handlers.onRetry(retry);
  const end = await handlers.onFrame(() => frame);
  // Sent after handling, so that the server does not send faster than we handle.
  if (ack !== undefined && end === undefined) socket.send(`ack ${ack}`);
  return end;
}

/** Messages waiting for their turn. */
class Inbox {
  readonly #messages: string[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket, signal: AbortSignal) {
    const end = () => {
      this.#isOver = true;
      this.#wake();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      // Other messages are not for this code.
      if (typeof data === "string") this.#messages.push(data);
      this.#wake();
    };
    socket.onclose = end;
    socket.onerror = end;
    signal.addEventListener("abort", () => {
      this.#messages.length = 0;
      end();
    });
  }

  /** The next message; null if no more will come. */
  async next(): Promise<string | null> {
    while (this.#messages.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift() ?? null;
  }
}
