import type { Clock } from "../clock.ts";
import type { EventsApi } from "../events-api.ts";
import type { Timing } from "./options.ts";
import type { StreamFrame } from "./stream-frame.ts";

// What both ways to connect have in common.

/** Why a connection is over, as far as the transport knows. */
export type SourceEnd =
  /** The server ended it, or the network did. */
  | { kind: "cut" }
  /** It never began: refused, unreachable, or no token. */
  | { kind: "refused"; status: number; waitMs: number | null }
  /** Something answered that is no stream, or no stream that can be read here. `forGood`: the server wants us to stop. */
  | { kind: "unusable"; forGood: boolean; waitMs: number | null }
  /** There is no stream available in this host: its answers cannot be read piece by piece. */
  | { kind: "unreadable" }
  /** No socket: refused, not let through, or silent from the start. Why, it does not say. */
  | { kind: "socketless" }
  /** Opened, but no byte came: something between buffers. */
  | { kind: "silent" }
  /** Was alive and went quiet. */
  | { kind: "late" }
  /** We ended it. */
  | { kind: "aborted" };

export interface SourceHandlers<E> {
  /**
   * Takes one frame; an answer other than undefined ends the connection with it.
   * @param read gives the frame. It throws when that cannot be read.
   */
  onFrame(read: () => StreamFrame): Promise<E | undefined>;
  onRetry(milliseconds: number): void;
}

export interface SourceContext {
  events: EventsApi;
  clock: Clock;
  timing: Timing;
}

/** What to open, and how long to wait for it. */
export interface SourceRequest {
  cursor: string | null;
  client: string;
  ifRoom: boolean;
  firstByte: number;
}

/** Asks for the token of one connection. @returns it, or why there is none. */
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

/** Aborts what it holds when a time limit passes or the owner wants it, and remembers which. */
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
