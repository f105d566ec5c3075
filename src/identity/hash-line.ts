import { ok, type Result, refuse } from "../platform/results.ts";

/** How often a waiting request checks whether it is its turn, milliseconds. */
const LOOK_MS = 10;
/** A request that has not checked or hashed for so long is gone: its client has left. */
const GONE_MS = 3_000;
/** Requests that may wait in an isolate: of strangers, and of users who signed in from this network before. */
const MAX_STRANGERS = 16;
const MAX_KNOWN = 32;

const FULL = refuse("unavailable", { detail: "Too many people are signing in right now.", retry_after: 3 });

interface Place {
  isKnown: boolean;
  seenAt: number;
}

/**
 * The line before the hashing of passwords: one at a time in an isolate, because hashing holds the thread, and
 * everything else in the isolate waits. Users who signed in from the same network before come first. The line is memory
 * that requests read; none waits for a promise of another request, because it would wait for ever if that one is cut
 * off.
 */
export class HashLine {
  #places: Place[] = [];
  #holder: Place | null = null;

  /** How many wait. */
  get length(): number {
    return this.#places.length;
  }

  /**
   * Waits for a turn.
   * @returns the turn; or `unavailable` when the line is full.
   */
  async enter(isKnown: boolean): Promise<Result<Turn>> {
    this.#forgetGone();
    const alike = this.#places.filter((place) => place.isKnown === isKnown).length;
    if (alike >= (isKnown ? MAX_KNOWN : MAX_STRANGERS)) return FULL;
    const place: Place = { isKnown, seenAt: Date.now() };
    this.#places.push(place);
    while (!this.#isNext(place)) {
      await pause(LOOK_MS);
      place.seenAt = Date.now();
      this.#forgetGone();
      // It was taken for gone because the thread was busy for long: it is added again.
      if (!this.#places.includes(place)) this.#places.push(place);
    }
    this.#places = this.#places.filter((other) => other !== place);
    this.#holder = place;
    return ok({
      goOn: async (milliseconds) => {
        await pause(milliseconds);
        place.seenAt = Date.now();
      },
      end: () => {
        if (this.#holder === place) this.#holder = null;
      },
    });
  }

  #isNext(place: Place): boolean {
    if (this.#holder !== null) return false;
    const first = this.#places.find(({ isKnown }) => isKnown) ?? this.#places[0];
    return first === place;
  }

  #forgetGone(): void {
    const oldest = Date.now() - GONE_MS;
    this.#places = this.#places.filter(({ seenAt }) => seenAt >= oldest);
    if (this.#holder !== null && this.#holder.seenAt < oldest) this.#holder = null;
  }
}

/** One request's turn. */
export interface Turn {
  /** Lets everything else in the isolate run for so many milliseconds. */
  goOn(milliseconds: number): Promise<void>;
  /** Gives the turn to the next. Must be called. */
  end(): void;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
