/**
 * Finds a hole while the stream is open: heartbeats carry the newest id there is, and whoever is behind it on two beats
 * in a row has been left out. One beat is not enough, because an event may be on its way.
 */
export class GapWatch {
  #behind: string | null = null;
  /** The head that was reconnected for: if the cursor still differs afterwards, what lies between was filtered out. */
  #answered: string | null = null;

  /** Takes a heartbeat; true when the stream must be opened again. */
  beat(head: string, cursor: string | null, hasPassed: (id: string) => boolean): boolean {
    if (head === cursor || head === this.#answered) {
      this.#behind = null;
      return false;
    }
    const isSecond = this.#behind !== null && !hasPassed(this.#behind);
    this.#behind = head;
    if (!isSecond) return false;
    this.#behind = null;
    this.#answered = head;
    return true;
  }

  /** A new connection: beats of the old one count no more. */
  restart(): void {
    this.#behind = null;
  }
}
