/** The time over which tries are counted, milliseconds. */
export const WINDOW_MS = 60_000;
/**
 * Tries in this time from a network from which the user has signed in before. Other people's tries do not count here.
 */
export const KNOWN_TRIES = 10;
/** Tries in this time from any other network. */
export const STRANGER_TRIES = 5;
/** Tries in this time from all other networks together; above it, each of them gets one try, with a delay. */
export const ALL_STRANGERS = 30;
/** The delay, milliseconds. */
export const LATE_MS = 2_000;
/** Unknown networks that are counted. If there are more, each try is delayed: the line before hashing limits them. */
const MAX_NETWORKS = 5_000;

/** The decision about one try. */
export type Admission = { admitted: true; late_ms: number } | { admitted: false; retry_after: number };

/**
 * Tries to sign in to one account, by network. The account is never locked: a user has an allowance in each network
 * from which they signed in before, and strangers cannot use it up. Even in a flood of guesses, the first try of each
 * network in a minute is allowed, with a short delay. All of this is in memory only: an object that forgets it loses a
 * minute.
 */
export class Attempts {
  #endsAt = 0;
  #known = new Map<string, number>();
  #strange = new Map<string, number>();
  #strangers = 0;

  /** Counts one try, and decides about it. */
  admit(network: string, isKnown: boolean, now: number): Admission {
    if (now >= this.#endsAt) {
      this.#endsAt = now + WINDOW_MS;
      this.#known = new Map();
      this.#strange = new Map();
      this.#strangers = 0;
    }
    const counts = isKnown ? this.#known : this.#strange;
    const taken = counts.get(network) ?? 0;
    const isFlood = !isKnown && this.#strangers >= ALL_STRANGERS;
    const allowed = isKnown ? KNOWN_TRIES : isFlood ? 1 : STRANGER_TRIES;
    if (taken >= allowed) return { admitted: false, retry_after: Math.ceil((this.#endsAt - now) / 1_000) };
    if (counts.has(network) || counts.size < MAX_NETWORKS) counts.set(network, taken + 1);
    if (!isKnown) this.#strangers += 1;
    return { admitted: true, late_ms: isFlood ? LATE_MS : 0 };
  }
}
