import { createDurable } from "itty-durable";

/** A learner counts as present for this long after the last sign of activity. */
const PRESENT_FOR_MS = 60_000;
/**
 * At most this many learners are remembered per course; beyond that, the ones inactive for longest are removed first.
 */
const MAX_PRESENT = 20_000;

/**
 * The learners who are in a course right now. Small and disposable: it is only in memory and needs no alarm and no
 * storage. Losing it costs one minute of a number on a page. It is the one object built with itty-durable, because the
 * library is made for exactly these limits. Nothing else depends on it (docs/design/decisions.md). Only adapter.ts
 * calls it.
 */
export class CoursePresence extends createDurable({ autoReturn: false, autoPersist: false }) {
  readonly #seenAt = new Map<string, number>();

  /** Notes activity of a learner. @returns learners present. */
  join(user: string): { present: number } {
    this.#seenAt.delete(user);
    this.#seenAt.set(user, Date.now());
    return this.count();
  }

  /** @returns learners present. */
  count(): { present: number } {
    const since = Date.now() - PRESENT_FOR_MS;
    // The insertion order is the order of the last activity: inactive learners come first.
    for (const [user, seenAt] of this.#seenAt) {
      if (seenAt >= since && this.#seenAt.size <= MAX_PRESENT) break;
      this.#seenAt.delete(user);
    }
    return { present: this.#seenAt.size };
  }
}
