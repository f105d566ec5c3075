import type { Clock } from "../clock.ts";
import type { EventsApi } from "../events-api.ts";
import type { Timing } from "./options.ts";
import type { StreamFrame } from "./stream-frame.ts";

// Common parts of both kinds of connections.

/** Why a connection is over, as far as the transport can tell. */
export type SourceEnd =
  /** The server ended it, or the network did. */
  | { kind: "cut" }
  /** It never began: it was refused or unreachable, or there was no token. */
  | { kind: "refused"; status: number; waitMs: number | null }
  /** The answer was not a stream, or not one that can be read here. `forGood`: the server wants us to stop. */
  | { kind: "unusable"; forGood: boolean; waitMs: number | null }
  /** This host cannot read answers piece by piece, so it has no streams. */
  | { kind: "unreadable" }
  /** No socket: refused, blocked, or silent from the start. The platform does not say which. */
  | { kind: "socketless" }
  /** It opened, but no byte came: something on the way buffers. */
  | { kind: "silent" }
  /** It worked and then became silent. */
  | { kind: "late" }
  /** We ended it. */
  | { kind: "aborted" };

export interface SourceHandlers<E> {
  /**
   * Handles one frame. Any result but undefined ends the connection with it.
   * @param read returns the frame. It throws if the frame cannot be read.
   */
  onFrame(read: () => StreamFrame): Promise<E | undefined>;
  onRetry(milliseconds: number): void;
}

export interface SourceContext {
  events: EventsApi;
  clock: Clock;
  timing: Timing;
}

/** The address to open, and the time limits. */
export interface SourceRequest {
  cursor: string | null;
  client: string;
  ifRoom: boolean;
  firstByte: number;
}

/** Asks for the token of one connection. @returns the token, or why there is none. */
export async function takeToken({ events, timing }: SourceContext, leash: Leash): Promise<string | SourceEnd> {
  leash.arm(timing.tokenTimeout, { kind: "refused", status: 0, waitMs: null });
  const token = await events.mintToken(leash.signal);
  if (token.ok) return token.value.sse_token;
  if (leash.end !== null) return leash.end;
  const { status } = token.problem;
  const waitMs = waitOf(token.problem);
  return status === 200 ? { kind: "unusable", forGood: false, waitMs } : { kind: "refused", status, waitMs };
}

function waitOf(problem: { retry_after?: number }): number | null {
  return problem.retry_after === undefined ? null : problem.retry_after * 1000;
}

/** Aborts a connection after a time limit or on request, and remembers the reason. */
export class Leash {
  end: SourceEnd | null = null;
  hasRead = false;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #release: () => void;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, owner: AbortSignal) {
    this.#clock = clock;
    const pull = () => this.#pull({ kind: "aborted" });
    owner.addEventListener("abort", pull);
    this.#release = () => owner.removeEventListener("abort", pull);
    if (owner.aborted) pull();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  arm(milliseconds: number, end: SourceEnd): void {
    this.#cancel();
    this.#cancel = this.#clock.after(milliseconds, () => this.#pull(end));
  }

  disarm(): void {
    this.#cancel();
  }

  close(): void {
    this.#cancel();
    this.#release();
    this.#controller.abort();
  }

  #pull(end: SourceEnd): void {
    this.end ??= end;
    this.#controller.abort();
  }
}
