import { type Clock, fullJitter, sleep, systemClock } from "./clock.ts";
import type { EventType, ResetNotice } from "./event-types.ts";
import { EventsApi } from "./events-api.ts";
import { randomId } from "./random-id.ts";
import { Transport } from "./rest/transport.ts";
import { defaultStorage } from "./stream/cursor-store.ts";
import { type EventHandler, Handlers } from "./stream/handlers.ts";
import { DEFAULT_TIMING, type EventStreamOptions, RECONNECT_TRIES, type SocketConstructor } from "./stream/options.ts";
import { Session, type SessionContext } from "./stream/session.ts";
import { isSameStatus, type StreamStatus } from "./stream/status.ts";
import { browserSurroundings } from "./stream/surroundings.ts";
import { userOfToken } from "./token.ts";

const STOPPED: StreamStatus = { state: "stopped", attempt: 0, of: RECONNECT_TRIES, leader: false, reason: null };

/**
 * The live events of one user. Each event reaches its handlers once and in order: also after lost connections and
 * reloads, in several tabs, and on networks that allow no stream. If that cannot be guaranteed, `onReset` is called.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #handlers: Handlers;
  readonly #context: SessionContext;
  #status: StreamStatus = STOPPED;
  #run: AbortController | null = null;
  #session: Session | null = null;
  #user: string | null;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#user = options.user ?? null;
    this.#handlers = new Handlers(options.onError ?? ((fault) => console.error("latchkey: event stream", fault)));
    const clock = clockOf(options);
    const { baseUrl, getToken } = options;
    const transport = new Transport({ baseUrl, getToken, clock, ...(options.fetch && { fetch: options.fetch }) });
    const pause = options.pauseWhenHidden ?? 30;
    this.#context = {
      events: new EventsApi(transport, getToken, {
        names: options.topics ?? [],
        onRefused: (names) => this.#handlers.error(new Error(`no right to listen to ${names.join(", ")}`)),
      }),
      clock,
      timing: { ...DEFAULT_TIMING, ...options.timing },
      mode: options.mode ?? "auto",
      webSocket: options.webSocket === undefined ? platformSocket() : options.webSocket,
      storage: options.storage ?? defaultStorage(),
      channelName: [options.channelName ?? "latchkey", ...(options.topics ?? []).toSorted()].join(" "),
      client: randomId(),
      surroundings: { ...browserSurroundings(), ...options.surroundings },
      pauseAfter: pause === false ? null : pause * 1000,
      dedupeSize: options.dedupeSize ?? 1_000,
      handlers: this.#handlers,
      onStatus: (status) => this.#show(status),
    };
  }

  /** The state of the connection; the same object until something changes. */
  get status(): StreamStatus {
    return this.#status;
  }

  /** Id of the last handled event, from which a reload continues. Null before the first connection. */
  get cursor(): string | null {
    return this.#session?.cursor ?? null;
  }

  /** Whose events these are; null until the first token is known. */
  get user(): string | null {
    return this.#user;
  }

  /** Connects, or joins the connected tab. Does nothing if already started. */
  start(): void {
    if (this.#run !== null) return;
    const run = new AbortController();
    this.#run = run;
    this.#show({ ...STOPPED, state: "connecting" });
    void this.#begin(run.signal);
  }

  /** Disconnects and lets another tab take over. Handlers stay subscribed. */
  stop(): void {
    this.#run?.abort();
    this.#run = null;
    this.#session?.close();
    this.#session = null;
    this.#show(STOPPED);
  }

  /**
   * Tries at once, whatever it was waiting for; also after an eviction. A tab without the connection asks the leader to
   * try.
   */
  retry(): void {
    this.#session?.retry();
  }

  /** Called with events of one type, or with all for "*". The cursor does not move until a returned promise settles. */
  on<T extends EventType>(type: T | "*", handler: EventHandler<T>): () => void {
    return this.#handlers.on(type, handler);
  }

  /** Called with every change of {@link status}. */
  onStatus(handler: (status: StreamStatus) => void): () => void {
    return this.#handlers.onStatus(handler);
  }

  /** Called when events may be missing: load everything again that they could have changed. */
  onReset(handler: (notice: ResetNotice) => unknown): () => void {
    return this.#handlers.onReset(handler);
  }

  async #begin(signal: AbortSignal): Promise<void> {
    const user = this.#options.user ?? (await this.#askUser(signal));
    if (signal.aborted || user === null) return;
    this.#user = user;
    this.#session = new Session(this.#context, user);
  }

  /** The token says whose cursor to use, so nothing can start without one. */
  async #askUser(signal: AbortSignal): Promise<string | null> {
    const { clock, timing } = this.#context;
    for (let failures = 1; !signal.aborted; failures += 1) {
      try {
        const token = await this.#options.getToken();
        if (token !== null) return userOfToken(token);
      } catch (fault) {
        this.#handlers.error(fault);
      }
      await sleep(clock, fullJitter(clock, timing.backoffBase, timing.backoffCap, failures), signal);
    }
    return null;
  }

  #show(status: StreamStatus): void {
    if (isSameStatus(status, this.#status)) return;
    this.#status = status;
    this.#handlers.status(status);
  }
}

/** The host's WebSocket; null if there is none. */
function platformSocket(): SocketConstructor | null {
  return typeof WebSocket === "undefined" ? null : WebSocket;
}

function clockOf(options: EventStreamOptions): Clock {
  const clock = options.clock ?? systemClock();
  return {
    now: options.now ?? (() => clock.now()),
    random: options.random ?? (() => clock.random()),
    after: (milliseconds, callback) => clock.after(milliseconds, callback),
  };
}
