/** The platform's rate limits count in minutes (see wrangler.toml). */
const WINDOW_MS = 60_000;
/** Keys counted at a time; beyond that everybody starts again, which only gives more away. About 100 bytes each. */
const MAX_KEYS = 10_000;

/**
 * Counts calls per key in this isolate's memory, so that whoever makes few is waved through without asking the
 * platform's rate limit. What is waved through is not counted there: the limit is felt at most that many calls later per
 * isolate and minute. It is a rate limit against abuse, not a quota.
 */
export class Allowance {
  readonly #taken = new Map<string, number>();
  #windowEnds = 0;

  /**
   * Takes one call of `key`.
   * @param free calls a minute and key that need not ask.
   * @returns whether it was free.
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
