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

/** Why a stream is over, according to its own frames. */
export type FrameEnd =
  | { kind: "closing"; waitMs: number; isSomebodyElse?: true }
  | { kind: "evicted"; reason: "too_many_streams" | "session_ended" }
  | { kind: "lagged" }
  | { kind: "gap" };

/** Processes the frames of the stream and the history: events go to their handlers, and the cursor follows. */
export class Intake {
  readonly #context: IntakeContext;
  readonly #gaps = new GapWatch();
  #isLate = false;
  /** The user's role changed: reported when the stream continues with the new rights. */
  #isSomebodyElse = false;

  constructor(context: IntakeContext) {
    this.#context = context;
  }

  /** A new stream begins. */
  restart(): void {
    this.#gaps.restart();
  }

  /** Time without a connection. While there is no cursor, events in this time are unknown. */
  missTime(): void {
    if (this.#context.delivery.cursor === null) this.#isLate = true;
  }

  /** A first position. If it took more than one try, the events in between did not arrive. */
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
    // Moves past the events that were filtered out after the last one.
    delivery.moveTo(page.cursor, store);
  }

  /**
   * Processes one frame of the stream; returns why the stream is over, if it is. `onLive` is called at each sign that
   * it works.
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
    // The position of the stream, past the events that were filtered out. It may be behind the newest id: the events
    // between are on their way.
    const place = frame.ownId || null;
    switch (control.kind) {
      case "opened":
        await this.begin(place ?? control.head);
        break;
      case "reset":
        this.#isSomebodyElse = false; // everything is loaded again anyway
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
