import type { NewEvent } from "./types.ts";

/** Ticks of one task are stored and sent at most this often. */
export const TICK_INTERVAL_MS = 1_000;
/** Tasks remembered at a time; beyond that the memory starts again, which costs a tick too many and nothing else. */
const MAX_TASKS = 1_000;

/**
 * Collapses ticks of progress to the latest per task and second. What waits is held in memory only, at most a second:
 * its publisher's answer says so (`coalesced`), and the next tick or the end of the task makes it superfluous.
 */
export class ProgressThrottle {
  readonly #sentAt = new Map<string, number>();
  readonly #waiting = new Map<string, NewEvent>();

  /** Offers a tick. @returns true when it is to be stored now; false when it waits. */
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

  /** The tick that waits for a task, removed: it is sent before whatever ends the task. */
  take(task: string): NewEvent | null {
    const waiting = this.#waiting.get(task) ?? null;
    this.#waiting.delete(task);
    return waiting;
  }

  /** The ticks whose second is over, removed. */
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

  /** When {@link ripe} has something next, or null: then nothing waits. */
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
