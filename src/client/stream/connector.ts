import { fullJitter } from "../clock.ts";
import type { SourceContext, SourceEnd, SourceHandlers, SourceRequest } from "./connection.ts";
import type { SocketConstructor } from "./options.ts";
import { readSocket } from "./socket-source.ts";
import { readSource } from "./source.ts";

interface ConnectorContext extends SourceContext {
  mode: "auto" | "sse" | "polling";
  webSocket: SocketConstructor | null;
}

/** An end that a connection's frames gave it, or one that the transport did. */
type AnyEnd<E> = SourceEnd | E;

/**
 * Connects by a socket where one is available, else by a stream. A network that lets no socket through, but a stream,
 * is not asked for one again for a while, longer and longer.
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

  /** Another network, or somebody who asks for it: a socket may get through now. */
  forget(): void {
    this.#failures = 0;
    this.#notBefore = 0;
  }

  /**
   * One connection from its token to its end.
   * @param hasStream false: no stream comes from this address, so none is tried in a socket's place.
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
      // Something lets sockets begin and ends them: a stream may fare better.
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
      // The server is there, so what was in the way was in the way of the socket.
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
