import { type Clock, fullJitter, sleep } from "../clock.ts";
import { isEnvelope } from "../event-types.ts";
import type { EventsApi } from "../events-api.ts";
import type { SseFrame } from "../sse-parser.ts";
import { type ControlFrame, readControlFrame } from "./control-frames.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { Audience, Delivery } from "./delivery.ts";
import { GapWatch } from "./gap-watch.ts";
import { RECONNECT_TRIES, type Timing } from "./options.ts";
import { Poller } from "./poller.ts";
import { readSource, type SourceEnd } from "./source.ts";
import type { ConnectionState, StatusReason } from "./status.ts";

export interface EngineContext {
  events: EventsApi;
  clock: Clock;
  timing: Timing;
  mode: "auto" | "sse" | "polling";
  delivery: Delivery;
  store: CursorStore;
  audience: Audience;
  /** Why no connection may be held now; null when one may. */
  obstacle(): StatusReason | null;
  onState(state: ConnectionState, attempt: number, reason: StatusReason | null): void;
  onError(fault: unknown): void;
}

/** Why a stream is over, as its own frames said. */
type FrameEnd =
  | { kind: "closing"; waitMs: number }
  | { kind: "evicted"; reason: "too_many_streams" | "session_ended" }
  | { kind: "lagged" }
  | { kind: "gap" };

/** What one poll means for the next. */
interface PollResult {
  failure: "unreachable" | "unauthenticated" | null;
  hasMore: boolean;
  waitMs: number;
}

const QUIET: PollResult = { failure: null, hasMore: false, waitMs: 0 };

/** Openings without a byte after which polling takes over: a proxy that buffers does not change its mind. */
const SILENT_TRIES = 2;
/** Failed polls after which we say so. */
const POLLS_TO_OFFLINE = 2;

/** Keeps the leader's connection: opens it, reads it, repairs it, polls in its place. */
export class Engine {
  readonly #context: EngineContext;
  readonly #gaps = new GapWatch();
  readonly #poller: Poller;
  /** Ends what is going on right now, for a reason outside of the connection. */
  #phase = new AbortController();
  #failures = 0;
  #silent = 0;
  #everLive = false;
  #polls: boolean;
  #eviction: StatusReason | null = null;
  #isLate = false;
  #retryMs: number;
  #probeDelay: number;
  #probeAt = 0;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#poller = new Poller(context.events, context.clock, context.timing);
    this.#polls = context.mode === "polling";
    this.#retryMs = context.timing.backoffBase;
    this.#probeDelay = context.timing.probeMin;
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#phase.abort();
    signal.addEventListener("abort", stop);
    while (!signal.aborted) {
      this.#phase = new AbortController();
      const obstacle = this.#eviction === null ? this.#context.obstacle() : null;
      if (this.#eviction !== null) await this.#rest("evicted", this.#eviction);
      else if (obstacle !== null) await this.#rest("offline", obstacle);
      else if (this.#polls) await this.#poll(this.#phase.signal);
      else await this.#stream(this.#phase.signal);
    }
    signal.removeEventListener("abort", stop);
  }

  /** Something around us changed: look again, at once and with a clean slate. */
  wake(): void {
    this.#failures = 0;
    this.#silent = 0;
    this.#probeAt = 0;
    this.#poller.hurry();
    this.#phase.abort();
  }

  /** Somebody asked for it: also out of an eviction. */
  retry(): void {
    this.#eviction = null;
    this.#polls = this.#context.mode === "polling";
    this.wake();
  }

  /** Waits until woken. */
  async #rest(state: ConnectionState, reason: StatusReason): Promise<void> {
    const { signal } = this.#phase;
    this.#missTime();
    this.#context.onState(state, 0, reason);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  async #stream(signal: AbortSignal): Promise<void> {
    const isFirst = !this.#everLive && this.#failures === 0;
    const shown = Math.min(this.#failures, RECONNECT_TRIES);
    this.#context.onState(isFirst ? "connecting" : "reconnecting", shown, null);
    const { end, lived } = await this.#open(signal);
    if (end.kind === "aborted" || signal.aborted) return;
    const wait = this.#judge(end, lived);
    if (this.#polls || this.#eviction !== null) return;
    this.#context.onState("reconnecting", Math.min(this.#failures, RECONNECT_TRIES), null);
    await sleep(this.#context.clock, wait, signal);
  }

  /** Counts what happened; answers how long to wait before the next try. */
  #judge(end: SourceEnd | FrameEnd, lived: number): number {
    const { clock, timing, mode } = this.#context;
    this.#missTime();
    if (end.kind === "evicted") {
      this.#eviction = end.reason;
      return 0;
    }
    if (lived >= timing.stableAfter) {
      this.#failures = 0;
      this.#silent = 0;
      this.#probeDelay = timing.probeMin;
    }
    this.#failures += 1;
    if (end.kind === "silent") this.#silent += 1;
    if (mode === "auto" && (this.#failures > RECONNECT_TRIES || this.#silent >= SILENT_TRIES)) this.#fallBack();
    const backoff = fullJitter(clock, this.#retryMs, timing.backoffCap, this.#failures);
    // Never before the time the server named, and not all at the same moment after it.
    if (end.kind === "closing") return end.waitMs * (1 + clock.random() / 2);
    if (end.kind === "refused" && end.waitMs !== null) return Math.min(end.waitMs, timing.retryAfterMax) + backoff;
    return backoff;
  }

  #fallBack(): void {
    this.#polls = true;
    this.#failures = 0;
    this.#silent = 0;
    this.#scheduleProbe();
  }

  #scheduleProbe(): void {
    const { clock, timing } = this.#context;
    this.#probeAt = clock.now() + this.#probeDelay * (0.75 + clock.random() / 2);
    this.#probeDelay = Math.min(timing.probeMax, this.#probeDelay * 2);
  }

  /** Polls until something ends it; now and then tries whether the stream gets through again. */
  async #poll(signal: AbortSignal): Promise<void> {
    const { clock, timing, mode } = this.#context;
    let failed = 0;
    // Without a position nothing is heard yet, so nothing else is claimed.
    if (this.#context.delivery.cursor !== null) this.#context.onState("polling", 0, null);
    else if (mode === "polling") this.#context.onState("connecting", 0, null);
    while (!signal.aborted) {
      if (mode === "auto" && clock.now() >= this.#probeAt) {
        this.#scheduleProbe();
        const { end, lived } = await this.#open(signal);
        if (end.kind === "evicted" || !this.#polls) {
          const wait = end.kind === "aborted" ? 0 : this.#judge(end, lived);
          return await sleep(clock, wait, signal);
        }
        if (end.kind === "refused" && end.waitMs !== null) {
          this.#probeAt = Math.max(this.#probeAt, clock.now() + end.waitMs);
        }
      }
      if (signal.aborted) return;
      const outcome = await this.#pollOnce(signal);
      if (signal.aborted) return;
      // An answer after a silence: the stream may get through again, too.
      if (outcome.failure === null && failed >= POLLS_TO_OFFLINE) this.#probeAt = 0;
      failed = outcome.failure === null ? 0 : failed + 1;
      const isLost = failed >= POLLS_TO_OFFLINE;
      this.#context.onState(isLost ? "offline" : "polling", 0, isLost ? outcome.failure : null);
      const wait = Math.max(
        outcome.hasMore ? 0 : this.#poller.interval,
        Math.min(outcome.waitMs, timing.retryAfterMax),
      );
      await sleep(clock, wait, signal);
    }
  }

  async #pollOnce(signal: AbortSignal): Promise<PollResult> {
    const { delivery, store, audience } = this.#context;
    const isStart = delivery.cursor === null;
    const outcome = await this.#poller.ask(delivery.cursor, signal);
    if (outcome.kind === "failed") return this.#pollFailed(outcome);
    if (outcome.kind === "unchanged" || signal.aborted) return QUIET;
    let { page } = outcome;
    if (isStart) {
      // Without a cursor the history begins a day ago. A stream would begin now: so do we, at the end of what there is.
      while (page.next_cursor !== null && !signal.aborted) {
        const next = await this.#poller.ask(page.next_cursor, signal);
        if (next.kind === "failed") return this.#pollFailed(next);
        if (next.kind === "unchanged") break;
        page = next.page;
      }
      await this.#begin(page.cursor);
      return QUIET;
    }
    if (outcome.notice !== null) await delivery.reset(outcome.notice, null, store, audience);
    // The page's own cursor goes on past what was filtered out; until the last event is handled the old one stays.
    for (const event of page.results) await this.#context.delivery.event(event, null, store, audience);
    delivery.moveTo(page.cursor, store);
    return { ...QUIET, hasMore: page.next_cursor !== null };
  }

  #pollFailed(outcome: { status: number; waitMs: number | null }): PollResult {
    this.#missTime();
    const failure = outcome.status === 401 ? "unauthenticated" : "unreachable";
    return { failure, hasMore: false, waitMs: outcome.waitMs ?? 0 };
  }

  /** A first position. If getting it took more than one try, what happened meanwhile was not heard. */
  async #begin(head: string): Promise<void> {
    const { delivery, store, audience } = this.#context;
    if (delivery.cursor === null && this.#isLate)
      await delivery.reset({ reason: "late", scope: "both" }, head, store, audience);
    else delivery.moveTo(head, store);
  }

  /** Time passes without a connection: as long as there is no cursor, nobody can say what happened in it. */
  #missTime(): void {
    if (this.#context.delivery.cursor === null) this.#isLate = true;
  }

  async #open(signal: AbortSignal): Promise<{ end: SourceEnd | FrameEnd; lived: number }> {
    const { clock } = this.#context;
    this.#gaps.restart();
    let liveSince: number | null = null;
    const onLive = () => {
      if (liveSince !== null) return;
      liveSince = clock.now();
      this.#everLive = true;
      this.#context.onState("live", 0, null);
    };
    const end = await readSource<FrameEnd>(
      this.#context,
      this.#context.delivery.cursor,
      {
        onFrame: async (frame) => {
          try {
            return await this.#frame(frame, onLive);
          } catch (fault) {
            this.#context.onError(fault);
            return undefined;
          }
        },
        onRetry: (milliseconds) => {
          this.#retryMs = milliseconds;
        },
      },
      signal,
    );
    return { end, lived: liveSince === null ? 0 : clock.now() - liveSince };
  }

  async #frame(frame: SseFrame, onLive: () => void): Promise<FrameEnd | undefined> {
    const { delivery, store, audience } = this.#context;
    const control = readControlFrame(frame);
    if (control !== null) return this.#control(control, frame, onLive);
    const event: unknown = JSON.parse(frame.data);
    onLive();
    this.#polls = false;
    if (!isEnvelope(event)) throw new Error(`a frame without an envelope: ${frame.event}`);
    await delivery.event(event, frame.ownId || null, store, audience);
    return undefined;
  }

  async #control(control: ControlFrame, frame: SseFrame, onLive: () => void): Promise<FrameEnd | undefined> {
    const { delivery, store, audience } = this.#context;
    switch (control.kind) {
      case "opened":
        await this.#begin(control.head);
        break;
      case "resumed":
        // Nothing follows: whatever lies up to the head is not for us.
        if (control.missed === 0) delivery.moveTo(control.head, store);
        break;
      case "reset":
        await delivery.reset(control.notice, control.head, store, audience);
        break;
      case "heartbeat":
        return this.#heartbeat(control.head, frame.ownId) ? { kind: "gap" } : undefined;
      case "evicted":
      case "lagged":
      case "closing":
        return control;
      default:
        return undefined;
    }
    this.#polls = this.#context.mode === "polling";
    onLive();
    return undefined;
  }

  /** Whether a heartbeat shows that we were left out. */
  #heartbeat(head: string, id: string | null): boolean {
    const { delivery, store } = this.#context;
    // An id of its own, other than the head, is how far this stream has come: past what was filtered out.
    if (id !== null && id !== "" && id !== head) delivery.moveTo(id, store);
    return this.#gaps.beat(head, delivery.cursor, (passed) => delivery.hasPassed(passed));
  }
}
