/** How old the answer to a read in the background may be, in seconds. */
const BACKGROUND_STALENESS_SECONDS = 15;

const BACKGROUND_MS = BACKGROUND_STALENESS_SECONDS * 1_000;

/** Knows when this client last wrote, so that none of its reads gets an answer from before one of its writes. */
export class WritesWatch {
  #running = 0;
  #endedAt = Number.NEGATIVE_INFINITY;

  begin(): void {
    this.#running += 1;
  }

  /**
   * A write has ended, with or without success, because it may have had its effect in both cases. @param now epoch ms.
   */
  end(now: number): void {
    this.#running -= 1;
    this.#endedAt = Math.max(this.#endedAt, now);
  }

  /**
   * The age that a read may allow: an answer of that age is neither from before the shown data, nor from before the
   * last write of this client. Undefined if only an exact answer is right.
   * @param shownAt when the shown data was loaded, epoch ms.
   */
  staleness(shownAt: number, now: number): number | undefined {
    const since = now - Math.max(shownAt, this.#endedAt);
    return this.#running === 0 && since > BACKGROUND_MS ? BACKGROUND_STALENESS_SECONDS : undefined;
  }
}
