import { createDurable } from "itty-durable";

/** A learner counts as present for this long after the last sign of life. */
const PRESENT_FOR_MS = 60_000;
/** Learners remembered per course; beyond it the longest silent ones are forgotten first. */
const MAX_PRESENT = 20_000;

/**
 * Who is in a course right now. Small and disposable: it lives in memory only, needs no alarm and no storage, and its
 * loss costs one minute of a number on a page. The one object built with itty-durable, because exactly these limits are
 * what that library fits; nothing else rests on it (docs/design/decisions.md). Reached only through adapter.ts.
 */
export class CoursePresence extends createDurable({ autoReturn: false, autoPersist: false }) {
  readonly #seenAt = new Map<string, number>();

  /** Notes a sign of life. @returns learners present. */
  join(user: string): { present: number } {
    this.#seenAt.delete(user);
    this.#seenAt.set(user, Date.now());
    return this.count();
  }

  /** @returns learners present. */
  count(): { present: number } {
    const since = Date.now() - PRESENT_FOR_MS;
    // Insertion order is order of last sign of life: the silent ones stand first.
    for (const [user, seenAt] of this.#seenAt) {
      if (seenAt >= since && this.#seenAt.size <= MAX_PRESENT) break;
      this.#seenAt.delete(user);
    }
    return { present: this.#seenAt.size };
  }
}
