import { type Clock, fullJitter, sleep } from "../clock.ts";
import type { EventsApi, HistoryPage } from "../events-api.ts";
import type { SourceEnd } from "./connection.ts";
import { Connector } from "./connector.ts";
import { type FrameEnd, Intake, type IntakeContext } from "./intake.ts";
import { RECONNECT_TRIES, type SocketConstructor, type Timing, UNUSABLE_TRIES } from "./options.ts";
import { type PollResult, QUIET } from "./poll-result.ts";
import { Poller } from "./poller.ts";
import type { ConnectionState, StatusReason } from "./status.ts";

export interface EngineContext extends IntakeContext {
  events: EventsApi;
  clock: Clock;
  timing: Timing;
  mode: "auto" | "sse" | "polling";
  webSocket: SocketConstructor | null;
  /** The name of this page or device for its streams. */
  client: string;
  /** Why no connection is allowed now; null if one is. */
  obstacle(): StatusReason | null;
  onState(state: ConnectionState, attempt: number, reason: StatusReason | null): void;
  onError(fault: unknown): void;
}

/** The widest spread around a mean: from a quarter less to a quarter more. */
const spread = (clock: Clock, mean: number) => mean * (0.75 + clock.random() / 2);

/** After this many openings without a byte, polling takes over: a proxy that buffers will not change. */
const SILENT_TRIES = 2;

/** After this many failed polls, the status says so. */
const POLLS_TO_OFFLINE = 2;

/** Keeps the leader's connection: opens it, reads it, opens it again when it is lost, and polls when there is none. */
export class Engine {
  readonly #context: EngineContext;
  readonly #intake: Intake;
  readonly #poller: Poller;
  readonly #connector: Connector;
  /** Ends the present activity, for a reason outside of the connection. */
  #phase = new AbortController();
  #failures = 0;
  #silent = 0;
  #everLive = false;
  #polls: boolean;
  #eviction: "too_many_streams" | "session_ended" | null = null;
  /** Why no more tries are made. */
  #refusal: "not_a_stream" | "no_content" | null = null;
  /** Number of answers in a row that were no stream. */
  #unusable = 0;
  /** Whether it is known that this address serves no stream. Then only sockets and polling are left. */
  #hasNoStream = false;
  /** No request before this instant, which the server named. */
  #notBefore = 0;
  /** How long the next opening may take until its first byte. */
  #patience: number;
  #retryMs: number;
  #probeDelay: number;
  #probeAt = 0;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#intake = new Intake(context);
    this.#poller = new Poller(context.events, context.clock, context.timing);
    this.#connector = new Connector(context);
    this.#polls = context.mode === "polling";
    this.#retryMs = context.timing.backoffBase;
    this.#probeDelay = context.timing.probeMin;
    this.#patience = context.timing.firstByte;
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#phase.abort();
    signal.addEventListener("abort", stop);
    while (!signal.aborted) {
      this.#phase = new AbortController();
      const obstacle = this.#eviction === null ? this.#context.obstacle() : null;
      if (this.#refusal !== null) await this.#rest("refused", this.#refusal);
      else if (this.#eviction === "session_ended") await this.#rest("evicted", this.#eviction);
      else if (this.#eviction !== null) await this.#stayAway(this.#phase.signal);
      else if (obstacle !== null) await this.#rest("offline", obstacle);
      else if (this.#polls) await this.#poll(this.#phase.signal);
      else await this.#stream(this.#phase.signal);
    }
    signal.removeEventListener("abort", stop);
  }

  /** Something in the surroundings changed: decide again, at once and from the beginning. */
  wake(): void {
    this.#failures = 0;
    this.#silent = 0;
    this.#unusable = 0;
    this.#hasNoStream = false;
    this.#refusal = null;
    this.#connector.forget();
    this.#patience = this.#context.timing.firstByte;
    this.#probeAt = 0;
    this.#poller.hurry();
    this.#phase.abort();
  }

  /** A tab became visible: what was given up is tried once more, and nothing else changes. */
  lookAgain(): void {
    if (this.#refusal !== null || this.#hasNoStream) this.wake();
  }

  /** The user asked for it: also after an eviction, and even if the server asked to wait. */
  retry(): void {
    this.#eviction = null;
    this.#notBefore = 0;
    this.#polls = this.#context.mode === "polling";
    this.wake();
  }

  /** Waits until woken. */
  async #rest(state: ConnectionState, reason: StatusReason): Promise<void> {
    const { signal } = this.#phase;
    this.#intake.missTime();
    this.#context.onState(state, 0, reason);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  async #stream(signal: AbortSignal): Promise<void> {
    await this.#bide(signal);
    if (signal.aborted) return;
    const isFirst = !this.#everLive && this.#failures === 0;
    const shown = Math.min(this.#failures, RECONNECT_TRIES);
    this.#context.onState(isFirst ? "connecting" : "reconnecting", shown, null);
    const { end, lived } = await this.#open(signal);
    if (end.kind === "aborted" || signal.aborted) return;
    const wait = this.#judge(end, lived);
    if (this.#polls || this.#eviction !== null || this.#refusal !== null) return;
    this.#context.onState("reconnecting", Math.min(this.#failures, RECONNECT_TRIES), null);
    await sleep(this.#context.clock, wait, signal);
  }

  /** Counts a result; returns the wait before the next try. */
  #judge(end: SourceEnd | FrameEnd, lived: number): number {
    const { clock, timing, mode } = this.#context;
    this.#intake.missTime();
    if (end.kind === "evicted") {
      this.#eviction = end.reason;
      return 0;
    }
    if (lived > 0) this.#unusable = 0;
    if (lived >= timing.stableAfter) {
      this.#failures = 0;
      this.#silent = 0;
      this.#probeDelay = timing.probeMin;
    }
    this.#failures += 1;
    if (end.kind === "silent") {
      this.#silent += 1;
      this.#patience = Math.min(timing.firstByteMax, this.#patience * 2);
    }
    if (end.kind === "unusable" || end.kind === "unreadable") this.#giveUpSoon(end);
    if (this.#refusal !== null) return 0;
    const isHopeless = this.#failures > RECONNECT_TRIES || this.#silent >= SILENT_TRIES;
    if (mode === "auto" && !this.#polls && isHopeless) this.#fallBack();
    if ("waitMs" in end && end.kind !== "closing" && end.waitMs !== null) {
      this.#notBefore = clock.now() + Math.min(end.waitMs, timing.retryAfterMax);
    }
    const backoff = fullJitter(clock, this.#retryMs, timing.backoffCap, this.#failures);
    // Never before the instant that the server named, and not all clients at the same moment after it.
    if (end.kind === "closing") return end.waitMs * (1 + clock.random() / 2);
    return Math.max(0, this.#notBefore - clock.now()) + backoff;
  }

  /**
   * The answer is not a stream. If the server says so for good (204), or no stream can be read here, this is final. A
   * web page instead of a stream may come from a network that wants a sign-in first, so a few more tries are made.
   */
  #giveUpSoon(end: { kind: "unusable"; forGood: boolean } | { kind: "unreadable" }): void {
    this.#unusable += 1;
    if (end.kind === "unusable" && end.forGood) this.#refusal = "no_content";
    else if (end.kind === "unreadable" || this.#unusable >= UNUSABLE_TRIES) {
      this.#hasNoStream = true;
      if (this.#context.mode === "sse") this.#refusal = "not_a_stream";
      else if (!this.#polls) this.#fallBack();
    }
  }

  /** Waits until the instant that the server named. */
  async #bide(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const wait = this.#notBefore - clock.now();
    if (wait > 0) await sleep(clock, wait, signal);
  }

  /**
   * There were too many streams, and this one was ended. It says so, polls the history now and then, and comes back when
   * there is room. It never ends another stream for that: otherwise too many streams would end each other for ever.
   */
  async #stayAway(signal: AbortSignal): Promise<void> {
    const { clock, timing, mode } = this.#context;
    this.#intake.missTime();
    this.#context.onState("evicted", 0, "too_many_streams");
    let delay = timing.returnMin;
    let returnAt = clock.now() + spread(clock, delay);
    while (!signal.aborted && this.#eviction !== null) {
      const pollAt = mode === "sse" ? returnAt : clock.now() + spread(clock, timing.evictedPoll);
      await sleep(clock, Math.min(pollAt, returnAt) - clock.now(), signal);
      await this.#bide(signal);
      if (signal.aborted) return;
      const isPossible = this.#context.obstacle() === null;
      if (clock.now() < returnAt) {
        if (isPossible) await this.#pollOnce(signal);
        continue;
      }
      if (!isPossible) {
        returnAt = clock.now() + spread(clock, delay);
        continue;
      }
      const { end, lived } = await this.#open(signal, true);
      if (end.kind === "aborted" || signal.aborted) return;
      const wait = this.#judge(end, lived);
      if (this.#eviction === null || this.#refusal !== null || lived > 0) return await sleep(clock, wait, signal);
      delay = Math.min(timing.returnMax, delay * 2);
      returnAt = Math.max(clock.now() + spread(clock, delay), this.#notBefore);
    }
  }

  #fallBack(): void {
    this.#polls = true;
    this.#failures = 0;
    this.#silent = 0;
    this.#scheduleProbe();
  }

  #scheduleProbe(): void {
    const { clock, timing } = this.#context;
    this.#probeAt = clock.now() + spread(clock, this.#probeDelay);
    this.#probeDelay = Math.min(timing.probeMax, this.#probeDelay * 2);
  }

  /** Polls until something ends it. Now and then it tries whether a stream works again. */
  async #poll(signal: AbortSignal): Promise<void> {
    const { clock, timing, mode } = this.#context;
    let failed = 0;
    // Without a position nothing arrives yet, so nothing else is reported.
    const whyPolling = () => (this.#hasNoStream ? "not_a_stream" : null);
    let unusable = 0;
    if (this.#context.delivery.cursor !== null) this.#context.onState("polling", 0, whyPolling());
    else if (mode === "polling") this.#context.onState("connecting", 0, null);
    while (!signal.aborted) {
      await this.#bide(signal);
      if (signal.aborted) return;
      const mayConnect = !this.#hasNoStream || this.#connector.hasSockets;
      if (mode === "auto" && mayConnect && clock.now() >= this.#probeAt) {
        this.#scheduleProbe();
        const { end, lived } = await this.#open(signal);
        if (end.kind === "evicted" || !this.#polls) {
          const wait = end.kind === "aborted" ? 0 : this.#judge(end, lived);
          return await sleep(clock, wait, signal);
        }
        if (end.kind === "silent") this.#patience = Math.min(timing.firstByteMax, this.#patience * 2);
        if (end.kind === "unusable" || end.kind === "unreadable") this.#giveUpSoon(end);
        if (this.#refusal !== null) return;
        if ((end.kind === "refused" || end.kind === "unusable") && end.waitMs !== null) {
          this.#probeAt = Math.max(this.#probeAt, clock.now() + end.waitMs);
        }
      }
      if (signal.aborted) return;
      const outcome = await this.#pollOnce(signal);
      if (signal.aborted) return;
      // An answer after a silence: a stream may work again, too.
      if (outcome.failure === null && failed >= POLLS_TO_OFFLINE) this.#probeAt = 0;
      failed = outcome.failure === null ? 0 : failed + 1;
      unusable = outcome.failure === "unusable" ? unusable + 1 : 0;
      if (unusable >= UNUSABLE_TRIES && this.#hasNoStream) {
        // Neither a stream nor a history: this address is not an event service.
        this.#refusal = "not_a_stream";
        return;
      }
      const isLost = failed >= POLLS_TO_OFFLINE;
      const why = outcome.failure === "unusable" ? "unreachable" : outcome.failure;
      this.#context.onState(isLost ? "offline" : "polling", 0, isLost ? why : whyPolling());
      const wait = Math.max(
        outcome.hasMore ? 0 : this.#poller.interval,
        Math.min(outcome.waitMs, timing.retryAfterMax),
      );
      await sleep(clock, wait, signal);
    }
  }

  async #pollOnce(signal: AbortSignal): Promise<PollResult> {
    const { cursor } = this.#context.delivery;
    const outcome = await this.#poller.ask(cursor, signal);
    if (outcome.kind === "failed") return this.#pollFailed(outcome);
    if (outcome.kind === "unchanged" || signal.aborted) return QUIET;
    if (cursor === null) return await this.#pollToEnd(outcome.page, signal);
    await this.#intake.page(outcome.page, outcome.notice, signal);
    return { ...QUIET, hasMore: outcome.page.next_cursor !== null };
  }

  /** Without a cursor the history begins a day ago. A stream would begin now, so we begin at the end of the history. */
  async #pollToEnd(first: HistoryPage, signal: AbortSignal): Promise<PollResult> {
    let page = first;
    while (page.next_cursor !== null && !signal.aborted) {
      const next = await this.#poller.ask(page.next_cursor, signal);
      if (next.kind === "failed") return this.#pollFailed(next);
      if (next.kind === "unchanged") break;
      page = next.page;
    }
    if (!signal.aborted) await this.#intake.begin(page.cursor);
    return QUIET;
  }

  #pollFailed(outcome: { status: number; waitMs: number | null }): PollResult {
    this.#intake.missTime();
    const isAnswer = outcome.status >= 200 && outcome.status < 300;
    const failure = outcome.status === 401 ? "unauthenticated" : isAnswer ? "unusable" : "unreachable";
    return { failure, hasMore: false, waitMs: outcome.waitMs ?? 0 };
  }

  async #open(signal: AbortSignal, ifRoom: boolean = false): Promise<{ end: SourceEnd | FrameEnd; lived: number }> {
    const { clock, client } = this.#context;
    this.#intake.restart();
    let liveSince: number | null = null;
    const onLive = () => {
      if (liveSince !== null) return;
      liveSince = clock.now();
      this.#everLive = true;
      this.#polls = false;
      this.#eviction = null;
      this.#context.onState("live", 0, null);
    };
    const end = await this.#connector.open<FrameEnd>(
      { cursor: this.#context.delivery.cursor, client, ifRoom, firstByte: this.#patience },
      {
        onFrame: async (read) => {
          try {
            return await this.#intake.frame(read(), onLive);
          } catch (fault) {
            this.#context.onError(fault);
            return undefined;
          }
        },
        onRetry: (milliseconds) => {
          // Never shorter than our own wait: a `retry` of zero would be a loop without a pause.
          this.#retryMs = Math.max(milliseconds, this.#context.timing.backoffBase);
        },
      },
      signal,
      !this.#hasNoStream,
    );
    return { end, lived: liveSince === null ? 0 : clock.now() - liveSince };
  }
}
