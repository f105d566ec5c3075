/** Over this time tries are counted, milliseconds. */
export const WINDOW_MS = 60_000;
/** Tries a window from a network the user signed in from before. Nobody else's tries count against them. */
export const KNOWN_TRIES = 10;
/** Tries a window from any other network. */
export const STRANGER_TRIES = 5;
/** Tries a window from all other networks together; beyond, each of them gets one, late. */
export const ALL_STRANGERS = 30;
/** How late, milliseconds. */
export const LATE_MS = 2_000;
/** Strange networks counted in one window; of more, each goes through late: the line before hashing bounds them. */
const MAX_NETWORKS = 5_000;

/** What becomes of one try. */
export type Admission = { admitted: true; late_ms: number } | { admitted: false; retry_after: number };

/**
 * Tries to sign in to one account, by the network they come from. The account never locks: who signed in from a network
 * before has an allowance there that strangers cannot use up, and even in a flood of guesses the first try of each
 * network in a minute goes through, a little late. Memory only: what it forgets with its object is a minute.
 */
export class Attempts {
  #endsAt = 0;
  #known = new Map<string, number>();
  #strange = new Map<string, number>();
  #strangers = 0;

  /** Counts one try, and says what becomes of it. */
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
