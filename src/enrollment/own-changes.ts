import type { Cause } from "../mirror/index.ts";
import type { Meta } from "./meta.ts";
import { enrollmentNotice, judgedNotice, progressNotice } from "./notices.ts";
import type { Outbox } from "./outbox.ts";
import type { EnrollmentStore } from "./store.ts";

/** The limit of items of one commit that are named although no fact about them was reported. */
const MAX_DERIVED = 100;

/**
 * The changes of the learner's own state in one commit, seen as a whole. So a write need not handle the learner's other
 * devices, and cannot forget them. They are added to rows that the commit writes to the outbox anyway. Only a change of
 * the enrollment itself, which is rare, needs its own row.
 */
export class OwnChanges {
  readonly #store: EnrollmentStore;
  readonly #outbox: Outbox;
  readonly #causes = new Set<Cause>();
  /** Items that are complete by the commit, or not any more, although no fact about them was reported. */
  readonly #derived = new Set<string>();
  #before: Meta["status"] | null = null;

  constructor(store: EnrollmentStore, outbox: Outbox) {
    this.#store = store;
    this.#outbox = outbox;
  }

  begin(meta: Meta): void {
    this.#causes.clear();
    this.#derived.clear();
    this.#before = meta.status;
  }

  /** Something was evaluated for this reason, and not only to restore earlier data. */
  because(cause: Cause): void {
    this.#causes.add(cause);
  }

  /** An item has become complete by its requirement, or is not complete any more. */
  derived(item: string): void {
    this.#derived.add(item);
  }

  /** @param completed items that the commit completed. */
  end(meta: Meta, now: number, completed: ReadonlySet<string>): void {
    const change = this.#changeOf(meta);
    if (change !== null) {
      const notice = enrollmentNotice({ change, status: meta.status, at: now });
      this.#outbox.add("enrollment", String(meta.version), now, notice);
    }
    const isProgress = this.#causes.has("progress");
    if (isProgress) {
      const progress = {
        version: meta.version,
        at: now,
        ...(this.#derived.size === 0 ? {} : { derived: [...this.#derived].slice(0, MAX_DERIVED) }),
      };
      const notice = progressNotice(progress);
      // A commit may have a thousand facts: one of them lists everything that they completed.
      let first = completed.size === 0 ? notice : progressNotice({ ...progress, completed: [...completed] });
      this.#outbox.describe("fact", () => {
        const own = first;
        first = notice;
        return own;
      });
    }
    const isSent = isProgress && this.#outbox.newsOf("fact").length > 0;
    this.#outbox.describe("submission", (id) => {
      const submission = this.#store.submissions.find(id);
      if (submission === null || submission.judged_at === null || submission.status === "pending") return null;
      // The learner is notified of a held verdict at its release.
      if (submission.held) return null;
      // If a verdict came with the submission itself and opened something, it is part of that event.
      const isInstant = submission.judged_at === submission.submitted_at;
      const { item, status, score, judged_at, number } = submission;
      const later = number > 1 ? { number } : {};
      return isInstant && isSent ? null : judgedNotice({ item, status, score, at: judged_at, ...later });
    });
    this.#causes.clear();
  }

  #changeOf(meta: Meta) {
    if (this.#causes.has("enrollment")) return "enrolled";
    if (this.#before !== null && this.#before !== meta.status) {
      return meta.status === "withdrawn" ? "withdrawn" : "returned";
    }
    return this.#causes.has("policy") ? "policy" : null;
  }
}
