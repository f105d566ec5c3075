import { fullJitter } from "../clock.ts";
import type { SourceContext, SourceEnd, SourceHandlers, SourceRequest } from "./connection.ts";
import type { SocketConstructor } from "./options.ts";
import { readSocket } from "./socket-source.ts";
import { readSource } from "./source.ts";

interface ConnectorContext extends SourceContext {
  mode: "auto" | "sse" | "polling";
  webSocket: SocketConstructor | null;
}

/** An end caused by a connection's frames, or by the transport. */
type AnyEnd<E> = SourceEnd | E;

/**
 * Connects by a socket if there is one, else by a stream. If a network blocks sockets but not streams, the next tries
 * skip the socket, for a longer time after each failure.
 */
export class Connector {
  readonly #context: ConnectorContext;
  readonly #Socket: SocketConstructor | null;
  #failures = 0;
  #notBefore = 0;

  constructor(context: ConnectorContext) {
    this.#context = context;
    this.#Socket = context.mode === "auto" ? context.webSocket : null;
  }

  /** Whether this host has sockets at all. */
  get hasSockets(): boolean {
    return this.#Socket !== null;
  }

  /** The network has changed, or the user asks for it: a socket may work now. */
  forget(): void {
    this.#failures = 0;
    this.#notBefore = 0;
  }

  /**
   * One connection from its token to its end.
   * @param hasStream false: this address serves no stream, so none is tried instead of a socket.
   */
  async open<E extends { kind: string }>(
    request: SourceRequest,
    handlers: SourceHandlers<E>,
    signal: AbortSignal,
    hasStream: boolean,
  ): Promise<AnyEnd<E>> {
    const { clock, timing } = this.#context;
    if (this.#Socket === null || clock.now() < this.#notBefore) {
      return hasStream ? readSource(this.#context, request, handlers, signal) : UNREACHED;
    }
    const started = clock.now();
    const end: AnyEnd<E> = await readSocket(this.#context, this.#Socket, request, handlers, signal);
    if (signal.aborted) return { kind: "aborted" };
    if (end.kind !== "socketless") {
      // Something on the way ends sockets soon after they begin: a stream may do better.
      if (end.kind === "cut" && clock.now() - started < timing.stableAfter) this.#fail();
      else this.#failures = 0;
      return end;
    }
    if (!hasStream) {
      this.#fail();
      return UNREACHED;
    }
    let isBlamed = false;
    const onFrame: SourceHandlers<E>["onFrame"] = (read) => {
      // The server answers, so only the socket was blocked.
      if (!isBlamed) this.#fail();
      isBlamed = true;
      return handlers.onFrame(read);
    };
    return readSource(this.#context, request, { ...handlers, onFrame }, signal);
  }

  #fail(): void {
    const { clock, timing } = this.#context;
    this.#failures += 1;
    const least = timing.probeMin / 2;
    this.#notBefore = clock.now() + least + fullJitter(clock, timing.probeMin, timing.probeMax, this.#failures);
  }
}

const UNREACHED: SourceEnd = { kind: "refused", status: 0, waitMs: null };
