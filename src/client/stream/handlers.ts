import type { EventType, LatchkeyEvent, ResetNotice } from "../event-types.ts";
import type { StreamStatus } from "./status.ts";

/** Takes an event. If it returns a promise, the cursor moves only after it settles. */
export type EventHandler<T extends EventType = EventType> = (event: LatchkeyEvent<T>) => unknown;

type Listener<A> = (argument: A) => unknown;

/** The handlers and their types of events. A handler that throws is reported; the others still get their events. */
export class Handlers {
  readonly #events = new Map<string, Set<Listener<LatchkeyEvent>>>();
  readonly #statuses = new Set<Listener<StreamStatus>>();
  readonly #resets = new Set<Listener<ResetNotice>>();
  readonly #onError: (fault: unknown) => void;

  constructor(onError: (fault: unknown) => void) {
    this.#onError = onError;
  }

  on<T extends EventType>(type: T | "*", handler: EventHandler<T>): () => void {
    const listeners = this.#events.get(type) ?? new Set();
    this.#events.set(type, listeners);
    // SAFETY: listeners of a type only get events of that type; those of "*" accept every type.
    return add(listeners, handler as Listener<LatchkeyEvent>);
  }

  onStatus(handler: Listener<StreamStatus>): () => void {
    return add(this.#statuses, handler);
  }

  onReset(handler: Listener<ResetNotice>): () => void {
    return add(this.#resets, handler);
  }

  /** Gives an event to its handlers and waits for them. */
  async event(event: LatchkeyEvent): Promise<void> {
    await this.#call([...(this.#events.get(event.type) ?? []), ...(this.#events.get("*") ?? [])], event);
  }

  async reset(notice: ResetNotice): Promise<void> {
    await this.#call([...this.#resets], notice);
  }

  status(status: StreamStatus): void {
    void this.#call([...this.#statuses], status);
  }

  error(fault: unknown): void {
    this.#onError(fault);
  }

  async #call<A>(listeners: Listener<A>[], argument: A): Promise<void> {
    // All are called before any is awaited: a slow one delays the cursor but not the other handlers.
    const calls = listeners.map(async (listener) => listener(argument));
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === "rejected") this.#onError(outcome.reason);
    }
  }
}

function add<A>(listeners: Set<Listener<A>>, handler: Listener<A>): () => void {
  // Wrapped, so that subscribing the same function twice gives two subscriptions.
  const own: Listener<A> = (argument) => handler(argument);
  listeners.add(own);
  return () => {
    listeners.delete(own);
  };
}
