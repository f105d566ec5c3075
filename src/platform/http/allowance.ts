/** The platform's rate limits count in minutes (see wrangler.toml). */
const WINDOW_MS = 60_000;
/**
 * At most this many keys are counted at a time. Beyond that, all counts start again, which only allows more. About 100
 * bytes each.
 */
const MAX_KEYS = 10_000;

/**
 * Counts calls per key in this isolate's memory, so that a caller with few calls does not cost a query of the
 * platform's rate limit. These calls are not counted there: the limit acts at most that many calls later for each
 * isolate and minute. It is a rate limit against abuse, not a quota.
 */
export class Allowance {
  readonly #taken = new Map<string, number>();
  #windowEnds = 0;

  /**
   * Takes one call of `key`.
   * @param free calls a minute and key that need no query.
   * @returns whether the call was free.
   */
  take(key: string, now: number, free: number): boolean {
    if (now >= this.#windowEnds || this.#taken.size >= MAX_KEYS) {
      this.#taken.clear();
      this.#windowEnds = now + WINDOW_MS;
    }
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= free) return false;
    this.#taken.set(key, taken + 1);
    return true;
  }
}
