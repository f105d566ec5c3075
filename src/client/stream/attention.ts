import type { Clock } from "../clock.ts";
import type { StatusReason } from "./status.ts";
import type { Surroundings } from "./surroundings.ts";

interface AttentionContext {
  surroundings: Surroundings;
  clock: Clock;
  /** After this many milliseconds hidden, a phone closes the stream; null: never. */
  pauseAfter: number | null;
  /** Whether another tab that uses our connection is visible. */
  isOtherVisible(): boolean;
  /** The obstacle came or went, or the network has changed. */
  onChange(): void;
  onVisibility(visible: boolean): void;
}

/** Observes whether a connection is possible (network) and wanted (a tab is visible). */
export class Attention {
  readonly #context: AttentionContext;
  readonly #unsubscribe: (() => void)[];
  #isPaused = false;
  #cancelPause: () => void = () => undefined;

  constructor(context: AttentionContext) {
    this.#context = context;
    const { surroundings } = context;
    this.#unsubscribe = [
      surroundings.onOnline(() => context.onChange()),
      surroundings.onNetwork(() => context.onChange()),
      surroundings.onVisibility(() => {
        context.onVisibility(surroundings.isVisible());
        this.review();
      }),
    ];
    this.review();
  }

  /** Why there should be no connection now. */
  get obstacle(): StatusReason | null {
    if (!this.#context.surroundings.isOnline()) return "no_network";
    return this.#isPaused ? "hidden" : null;
  }

  /** A tab became visible or hidden, here or elsewhere. */
  review(): void {
    const { surroundings, clock, pauseAfter } = this.#context;
    this.#cancelPause();
    const isWanted = surroundings.isVisible() || this.#context.isOtherVisible();
    if (isWanted && this.#isPaused) {
      this.#isPaused = false;
      this.#context.onChange();
    }
    if (isWanted || this.#isPaused || pauseAfter === null || !surroundings.isPhoneLike()) return;
    this.#cancelPause = clock.after(pauseAfter, () => {
      this.#isPaused = true;
      this.#context.onChange();
    });
  }

  close(): void {
    this.#cancelPause();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }
}
