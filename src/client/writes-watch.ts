/** What a read in the background asks for: its answer may be so many seconds old. */
const BACKGROUND_STALENESS_SECONDS = 15;

const BACKGROUND_MS = BACKGROUND_STALENESS_SECONDS * 1_000;

/** Knows when this client last wrote, so that no read of its own is answered from before a write of its own. */
export class WritesWatch {
  #running = 0;
  #endedAt = Number.NEGATIVE_INFINITY;

  begin(): void {
    this.#running += 1;
  }

  /** A write has ended, well or not: it may have been done anyway. @param now epoch ms. */
  end(now: number): void {
    this.#running -= 1;
    this.#endedAt = Math.max(this.#endedAt, now);
  }

  /**
   * The staleness that a read may ask for: an answer of that age is neither from before what is shown already, nor from
   * before the last write of this client. Undefined where only an exact answer will do.
   * @param shownAt when what is shown was loaded, epoch ms.
   */
  staleness(shownAt: number, now: number): number | undefined {
    const since = now - Math.max(shownAt, this.#endedAt);
    return this.#running === 0 && since > BACKGROUND_MS ? BACKGROUND_STALENESS_SECONDS : undefined;
  }
}
