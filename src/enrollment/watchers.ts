import { courseDoneAt, scopeOf } from "../unlock/index.ts";
import type { Outbox } from "./outbox.ts";
import type { EnrollmentState } from "./state.ts";

// Rules may ask whether another course is completed. The asking enrollment is noted at the learner's enrollment in that
// course, which reports each change to it. Both go through the queue's consumer; no database knows of it.

/**
 * The notes are separate from the tables: the learner may not be enrolled yet, and a copy of the enrollment does not
 * need them.
 */
const PREFIX = "watch:";

/** Courses that ask whether this one is completed, and the last report to each. */
export class Watchers {
  readonly #storage: DurableObjectStorage;
  #known: Map<string, number | null> | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  all(): ReadonlyMap<string, number | null> {
    this.#known ??= new Map(
      [...this.#storage.kv.list<number | null>({ prefix: PREFIX })].map(([key, told]) => [
        key.slice(PREFIX.length),
        told,
      ]),
    );
    return this.#known;
  }

  note(course: string, told: number | null): void {
    this.all();
    this.#storage.kv.put(PREFIX + course, told);
    this.#known?.set(course, told);
  }

  forget(): void {
    this.#known = null;
  }
}

/** Since when this course is completed, epoch ms; null if it is not. */
export function completedAt(state: EnrollmentState | null, now: number): number | null {
  if (state === null || state.meta.status === "withdrawn") return null;
  const at = courseDoneAt(scopeOf(state.program, state.learner, now));
  return Number.isFinite(at) ? at : null;
}

/** Inside a transaction, after a change: notes the courses whose last report is not true any more. */
export function tellWatchers(watchers: Watchers, state: EnrollmentState | null, outbox: Outbox, now: number): void {
  const watching = watchers.all();
  if (watching.size === 0 || state === null || !outbox.hasNews) return;
  const at = completedAt(state, now);
  for (const [course, told] of [...watching]) {
    if (told === at) continue;
    watchers.note(course, at);
    outbox.add("tell", course, now, JSON.stringify(at));
  }
}
