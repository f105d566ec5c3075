/** The things an enrollment object does later. */
export const DUE_NAMES = ["outbox", "boundary", "catch_up", "housekeeping"] as const;
export type DueName = (typeof DUE_NAMES)[number];

/** First wait after a failed job; doubles with each failure. */
export const RETRY_BASE_MS = 1_000;
/** Longest wait between two tries of a failing job: ten minutes, so that an outage of hours ends by itself. */
export const RETRY_MAX_MS = 600_000;

/** Wait before the next try after `failures` failures in a row, without jitter: each object has its own phase already. */
export function retryDelay(failures: number): number {
  return Math.min(RETRY_BASE_MS * 2 ** Math.max(failures - 1, 0), RETRY_MAX_MS);
}

/**
 * Multiplexes the one alarm an object has over named due-times kept in SQLite. Due-times are written in the caller's
 * transaction; {@link arm} must follow in the same turn, so that both are committed together.
 */
export class AlarmScheduler {
  readonly #storage: DurableObjectStorage;
  /** What the alarm is known to be set to; null means unknown after a wake. */
  #armedAt: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Asks for `name` at `at` (epoch ms), or earlier if it already stands earlier. */
  schedule(name: DueName, at: number): void {
    this.#storage.sql.exec(
      `INSERT INTO due_times (name, at, failures) VALUES (?, ?, 0)
       ON CONFLICT (name) DO UPDATE SET at = min(at, excluded.at)`,
      name,
      Math.ceil(at),
    );
  }

  /** Replaces the due-time of `name`; null removes it. */
  reschedule(name: DueName, at: number | null): void {
    this.#storage.sql.exec("DELETE FROM due_times WHERE name = ?", name);
    if (at !== null) this.schedule(name, at);
  }

  /** Names whose time has come, earliest first. */
  due(now: number): DueName[] {
    return this.#storage.sql
      .exec<{ name: string }>("SELECT name FROM due_times WHERE at <= ? ORDER BY at", now)
      .toArray()
      .flatMap((row) => DUE_NAMES.filter((name) => name === row.name));
  }

  /** A job failed, or is not confirmed yet: it stays due, at least `atLeast` ms from now and later each time. */
  failed(name: DueName, now: number, atLeast = 0): void {
    const row = this.#storage.sql
      .exec<{ failures: number }>("SELECT failures FROM due_times WHERE name = ?", name)
      .toArray()[0];
    const failures = (row?.failures ?? 0) + 1;
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO due_times (name, at, failures) VALUES (?, ?, ?)",
      name,
      now + Math.max(retryDelay(failures), atLeast),
      failures,
    );
  }

  /** The alarm has fired, so it stands no longer. */
  fired(): void {
    this.#armedAt = null;
  }

  /** Sets the alarm to the earliest due-time. Safe to call at any time; writes only when something changes. */
  async arm(): Promise<void> {
    const next = this.#storage.sql.exec<{ at: number | null }>("SELECT min(at) AS at FROM due_times").one().at;
    if (next === this.#armedAt) return;
    this.#armedAt = next;
    if (next === null) await this.#storage.deleteAlarm();
    else await this.#storage.setAlarm(next);
  }
}
