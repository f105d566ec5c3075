/**
 * Finds missing events while the stream is open. Heartbeats carry the newest id; a client that is behind it on two
 * beats in a row has missed something. One beat is not enough, because an event may be on its way.
 */
export class GapWatch {
  #behind: string | null = null;
  /**
   * The newest id at the last reconnect. If the cursor still differs afterwards, the events between were filtered out.
   */
  #answered: string | null = null;

  /** Takes a heartbeat. True if the stream must be opened again. */
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

  /** A new connection: beats of the old one do not count any more. */
  restart(): void {
    this.#behind = null;
  }
}
