import { type Clock, retryAfter } from "../clock.ts";
import type { EventsApi } from "../events-api.ts";
import { type SseFrame, SseParser } from "../sse-parser.ts";
import type { Timing } from "./options.ts";

/** Why a connection is over, as far as the transport knows. */
export type SourceEnd =
  /** The server ended it, or the network did. */
  | { kind: "cut" }
  /** It never began: refused, unreachable, or no token. */
  | { kind: "refused"; status: number; waitMs: number | null }
  /** Something answered that is no stream, or no stream that can be read here. `forGood`: the server wants us to stop. */
  | { kind: "unusable"; forGood: boolean; waitMs: number | null }
  /** There is no stream to be had in this host: its answers cannot be read piece by piece. */
  | { kind: "unreadable" }
  /** Opened, but no byte came: something between buffers. */
  | { kind: "silent" }
  /** Was alive and went quiet. */
  | { kind: "late" }
  /** We ended it. */
  | { kind: "aborted" };

export interface SourceHandlers<E> {
  /** Takes one frame; an answer other than undefined ends the connection with it. */
  onFrame(frame: SseFrame): Promise<E | undefined>;
  onRetry(milliseconds: number): void;
}

interface SourceContext {
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

/** One connection from its token to its end: mints, opens, reads, and notices silence. */
export async function readSource<E>(
  context: SourceContext,
  { cursor, client, ifRoom, firstByte }: SourceRequest,
  handlers: SourceHandlers<E>,
  signal: AbortSignal,
): Promise<SourceEnd | E> {
  const { clock, timing } = context;
  const leash = new Leash(clock, signal);
  try {
    leash.arm(timing.tokenTimeout, { kind: "refused", status: 0, waitMs: null });
    const token = await context.events.mintToken(leash.signal);
    if (!token.ok) {
      const { status } = token.problem;
      const waitMs = waitOf(token.problem);
      return (
        leash.end ??
        (status === 200 ? { kind: "unusable", forGood: false, waitMs } : { kind: "refused", status, waitMs })
      );
    }

    leash.arm(firstByte, { kind: "silent" });
    const response = await context.events.openStream(token.value.sse_token, cursor, {
      signal: leash.signal,
      client,
      ifRoom,
    });
    const { status, headers } = response;
    const waitMs = retryAfter(headers, clock.now());
    if (status === 204) return { kind: "unusable", forGood: true, waitMs };
    if (!response.ok) return { kind: "refused", status, waitMs };
    const type = headers.get("content-type") ?? "";
    if (status !== 200 || !type.startsWith("text/event-stream")) return { kind: "unusable", forGood: false, waitMs };
    // React Native's fetch gives whole answers only, and a stream has no end.
    if (!response.body) return { kind: "unreadable" };
    return await readBody(response.body, leash, timing, handlers);
  } catch {
    // The network's own words differ from browser to browser; what the leash knows is more precise.
    return leash.end ?? { kind: leash.hasRead ? "cut" : "refused", status: 0, waitMs: null };
  } finally {
    leash.close();
  }
}

async function readBody<E>(
  body: ReadableStream<Uint8Array>,
  leash: Leash,
  timing: Timing,
  handlers: SourceHandlers<E>,
): Promise<SourceEnd | E> {
  const frames: SseFrame[] = [];
  const parser = new SseParser({ onFrame: (frame) => frames.push(frame), onRetry: handlers.onRetry });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return leash.end ?? { kind: "cut" };
    leash.hasRead = true;
    // Handlers may take their time: what is slow then is us, not the server.
    leash.disarm();
    parser.push(decoder.decode(value, { stream: true }));
    for (const frame of frames.splice(0)) {
      if (leash.end !== null) return leash.end;
      const end = await handlers.onFrame(frame);
      if (end !== undefined) return end;
    }
    if (leash.end !== null) return leash.end;
    leash.arm(timing.heartbeatLate, { kind: "late" });
  }
}

function waitOf(problem: { retry_after?: number }): number | null {
  return problem.retry_after === undefined ? null : problem.retry_after * 1000;
}

/** Aborts what it holds when a time limit passes or the owner wants it, and remembers which. */
class Leash {
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
