import { isEnvelope, type ResetNotice } from "../event-types.ts";
import type { HistoryPage } from "../events-api.ts";
import { type ControlFrame, readControlFrame } from "./control-frames.ts";
import type { CursorStore } from "./cursor-store.ts";
import type { Audience, Delivery } from "./delivery.ts";
import { GapWatch } from "./gap-watch.ts";
import type { StreamFrame } from "./stream-frame.ts";

export interface IntakeContext {
  delivery: Delivery;
  store: CursorStore;
  audience: Audience;
}

/** Why a stream is over, as its own frames said. */
export type FrameEnd =
  | { kind: "closing"; waitMs: number; isSomebodyElse?: true }
  | { kind: "evicted"; reason: "too_many_streams" | "session_ended" }
  | { kind: "lagged" }
  | { kind: "gap" };

/** Takes in what the stream and the history bring: events to their handlers, and the cursor behind them. */
export class Intake {
  readonly #context: IntakeContext;
  readonly #gaps = new GapWatch();
  #isLate = false;
  /** The user's role changed: reported when the stream goes on as whoever the user is now. */
  #isSomebodyElse = false;

  constructor(context: IntakeContext) {
    this.#context = context;
  }

  /** A new stream begins. */
  restart(): void {
    this.#gaps.restart();
  }

  /** Time passes without a connection: as long as there is no cursor, nobody can say what happened in it. */
  missTime(): void {
    if (this.#context.delivery.cursor === null) this.#isLate = true;
  }

  /** A first position. If getting it took more than one try, what happened meanwhile did not arrive. */
  async begin(head: string): Promise<void> {
    const { delivery, store, audience } = this.#context;
    const isLate = delivery.cursor === null && this.#isLate;
    if (isLate) await delivery.reset({ reason: "late", scope: "both" }, head, store, audience);
    else delivery.moveTo(head, store);
  }

  /** One page of the history, until the signal is aborted. */
  async page(page: HistoryPage, notice: ResetNotice | null, signal: AbortSignal): Promise<void> {
    const { delivery, store, audience } = this.#context;
    if (notice !== null) await delivery.reset(notice, null, store, audience);
    for (const event of page.results) {
      if (signal.aborted) return;
      await delivery.event(event, event.id, store, audience);
    }
    // Past what was filtered out after the last event.
    delivery.moveTo(page.cursor, store);
  }

  /**
   * One frame of the stream; answers why the stream is over, if it is. `onLive` is called at each sign that it works.
   * @throws if the frame cannot be read.
   */
  async frame(frame: StreamFrame, onLive: () => void): Promise<FrameEnd | undefined> {
    const { delivery, store, audience } = this.#context;
    const control = readControlFrame(frame);
    if (control !== null) return await this.#control(control, frame, onLive);
    onLive();
    const event = frame.data;
    if (!isEnvelope(event)) throw new Error(`a frame that is not a valid event: ${frame.event}`);
    await delivery.event(event, frame.ownId || null, store, audience);
    return undefined;
  }

  async #control(control: ControlFrame, frame: StreamFrame, onLive: () => void): Promise<FrameEnd | undefined> {
    const { delivery, store, audience } = this.#context;
    // Where the stream is, past what was filtered out. It may be behind the head: what lies between is on its way.
    const place = frame.ownId || null;
    switch (control.kind) {
      case "opened":
        await this.begin(place ?? control.head);
        break;
      case "reset":
        this.#isSomebodyElse = false; // everything is loaded again as it is
        await delivery.reset(control.notice, place ?? control.head, store, audience);
        break;
      case "topic":
        if (control.state !== null) await delivery.event(control.state, null, store, audience);
        if (place !== null) delivery.moveTo(place, store);
        break;
      case "closing":
        this.#isSomebodyElse ||= control.isSomebodyElse === true;
        if (place !== null) delivery.moveTo(place, store);
        break;
      case "resumed":
        if (this.#isSomebodyElse) await delivery.reset({ reason: "role", scope: "both" }, place, store, audience);
        else if (place !== null) delivery.moveTo(place, store);
        this.#isSomebodyElse = false;
        break;
      default:
        if (place !== null) delivery.moveTo(place, store);
    }
    switch (control.kind) {
      case "heartbeat":
        return this.#gaps.beat(control.head, delivery.cursor, (id) => delivery.hasPassed(id))
          ? { kind: "gap" }
          : undefined;
      case "evicted":
      case "lagged":
      case "closing":
        return control;
      case "unknown":
        return undefined;
      default:
        onLive();
        return undefined;
    }
  }
}
