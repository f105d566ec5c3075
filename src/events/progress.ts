import type { NewEvent } from "./types.ts";

/** Progress events of one task are stored and sent at most this often. */
export const TICK_INTERVAL_MS = 1_000;
/** Tasks in memory at a time. Beyond that the memory starts again, which only costs an additional progress event. */
const MAX_TASKS = 1_000;

/**
 * Keeps only the latest progress event of each task and second. A waiting event is only in memory, at most for a
 * second: the answer to its publisher says so (`coalesced`), and the next one or the end of the task replaces it.
 */
export class ProgressThrottle {
  readonly #sentAt = new Map<string, number>();
  readonly #waiting = new Map<string, NewEvent>();

  /** Takes a progress event. @returns true when it is to be stored now; false when it waits. */
  offer(task: string, tick: NewEvent, now: number): boolean {
    const last = this.#sentAt.get(task) ?? 0;
    if (now - last >= TICK_INTERVAL_MS) {
      if (this.#sentAt.size >= MAX_TASKS && this.#waiting.size === 0) this.#sentAt.clear();
      this.#sentAt.set(task, now);
      this.#waiting.delete(task);
      return true;
    }
    this.#waiting.set(task, tick);
    return false;
  }

  /** The waiting event of a task, removed: it is sent before the end of the task. */
  take(task: string): NewEvent | null {
    const waiting = this.#waiting.get(task) ?? null;
    this.#waiting.delete(task);
    return waiting;
  }

  /** The events whose second is over, removed. */
  ripe(now: number): NewEvent[] {
    const ripe: NewEvent[] = [];
    for (const [task, tick] of this.#waiting) {
      if (now - (this.#sentAt.get(task) ?? 0) < TICK_INTERVAL_MS) continue;
      this.#waiting.delete(task);
      this.#sentAt.set(task, now);
      ripe.push(tick);
    }
    return ripe;
  }

  /** When {@link ripe} has the next one, or null: then none waits. */
  nextRipe(): number | null {
    let next: number | null = null;
    for (const task of this.#waiting.keys()) {
      const at = (this.#sentAt.get(task) ?? 0) + TICK_INTERVAL_MS;
      if (next === null || at < next) next = at;
    }
    return next;
  }

  /** The task is over. */
  end(task: string): void {
    this.#sentAt.delete(task);
    this.#waiting.delete(task);
  }
}
