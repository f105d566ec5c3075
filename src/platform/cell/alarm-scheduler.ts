/** A class that uses this scheduler has this table in its first schema step. */
export const DUE_TIMES_TABLE =
  "CREATE TABLE due_times (name TEXT PRIMARY KEY, at INTEGER NOT NULL, failures INTEGER NOT NULL) WITHOUT ROWID;";

/** First wait after a failed job; it doubles with each failure. */
export const RETRY_BASE_MS = 1_000;
/** Longest wait between two tries of a failing job: ten minutes, so that the work resumes soon after a long outage. */
const RETRY_MAX_MS = 600_000;

/**
 * The platform throws at an alarm after the year 2189. A course may name a later instant: then its alarm fires here
 * without effect and is set again.
 */
const LAST_ALARM = Date.UTC(2180, 0);

/**
 * The wait before the next try after `failures` failures in a row. It needs no jitter, because objects fail at
 * different times anyway.
 */
function retryDelay(failures: number): number {
  return Math.min(RETRY_BASE_MS * 2 ** Math.max(failures - 1, 0), RETRY_MAX_MS);
}

/** The part of a scheduler for callers that only ask for due-times. */
export interface Scheduling<DueName extends string> {
  schedule(name: DueName, at: number): void;
  reschedule(name: DueName, at: number | null): void;
}

interface Due {
  at: number;
  failures: number;
}

/** The table of due-times, if the class does not use the default one. */
export interface DueRows<DueName extends string> {
  table: string;
  /**
   * A name whose due-time follows from other rows of the object, so that no row is written for it. A row of its own,
   * such as after a failure, has priority.
   */
  implied: { name: DueName; at: () => number | null };
}

/**
 * A Durable Object has one alarm. This class shares it among several named due-times, which are stored in SQLite.
 * Due-times are written in the caller's transaction; {@link arm} must follow in the same turn, so that both are
 * committed together. Due-times are also kept in memory, so that asking for an existing due-time writes nothing. {@link
 * forget} drops this copy after a failed transaction.
 *
 * The alarm may fire before anything is due, and then does nothing. Moving the alarm costs a write, so it is only ever
 * moved forward: a burst of writes sets it once.
 */
export class AlarmScheduler<DueName extends string> {
  readonly #storage: DurableObjectStorage;
  readonly #names: readonly DueName[];
  readonly #table: string;
  readonly #implied: DueRows<DueName>["implied"] | null;
  #known: Map<DueName, Due> | null = null;
  /** The instant the alarm is known to be set to; null means unknown or not set. */
  #armedAt: number | null = null;

  /** @param names all due-times of this class of object. Rows with other names (from newer code) are left alone. */
  constructor(storage: DurableObjectStorage, names: readonly DueName[], rows: DueRows<DueName> | null = null) {
    this.#storage = storage;
    this.#names = names;
    this.#table = rows?.table ?? "due_times";
    this.#implied = rows?.implied ?? null;
  }

  /** Sets the due-time of `name` to `at` (epoch ms), unless it is due earlier already. */
  schedule(name: DueName, at: number): void {
    const due = this.#due().get(name);
    const wanted = Math.ceil(at);
    if (due === undefined || wanted < due.at) this.#set(name, { at: wanted, failures: due?.failures ?? 0 });
  }

  /** Replaces the due-time of `name`; null removes it. */
  reschedule(name: DueName, at: number | null): void {
    const due = this.#due().get(name);
    if (at !== null) {
      const wanted = Math.ceil(at);
      if (due === undefined || due.at !== wanted || due.failures > 0) this.#set(name, { at: wanted, failures: 0 });
    } else if (due !== undefined) {
      this.#due().delete(name);
      this.#storage.sql.exec(`DELETE FROM ${this.#table} WHERE name = ?`, name);
    }
  }

  /** Whether `name` has a row of its own. */
  has(name: DueName): boolean {
    return this.#due().has(name);
  }

  /** Names that are due, earliest first. */
  due(now: number): DueName[] {
    return this.#times()
      .filter(([, at]) => at <= now)
      .sort(([, a], [, b]) => a - b)
      .map(([name]) => name);
  }

  /**
   * A job failed, or is not confirmed yet: it stays due, and each wait is longer.
   * @param bounds least and most wait from `now`, milliseconds.
   */
  failed(name: DueName, now: number, { least = 0, most = RETRY_MAX_MS }: { least?: number; most?: number } = {}): void {
    const failures = (this.#due().get(name)?.failures ?? 0) + 1;
    this.#set(name, { at: now + Math.min(Math.max(retryDelay(failures), least), most), failures });
  }

  /** The alarm has fired: it is not set any more, and the due-times are read again. */
  fired(): void {
    this.forget();
  }

  /** A transaction was rolled back, so the copy in memory is wrong. */
  forget(): void {
    this.#known = null;
    this.#armedAt = null;
  }

  /** Makes sure that the alarm fires at the earliest due-time. Safe to call at any time; writes only if necessary. */
  async arm(): Promise<void> {
    const next = this.#unarmed();
    if (next === null) return;
    this.#armedAt = next;
    await this.#storage.setAlarm(Math.min(next, LAST_ALARM));
  }

  /**
   * The same in the background, such as after a commit. Most commits leave the alarm as it is, and then it costs
   * nothing.
   */
  armBeside(ctx: Pick<DurableObjectState, "waitUntil">): void {
    if (this.#unarmed() !== null) ctx.waitUntil(this.arm());
  }

  /** The earliest due-time, if the alarm would fire later. */
  #unarmed(): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const [, at] of this.#times()) next = Math.min(next, at);
    if (next === Number.POSITIVE_INFINITY || (this.#armedAt !== null && this.#armedAt <= next)) return null;
    return next;
  }

  /** All due-times by name. */
  #times(): [DueName, number][] {
    const times = [...this.#due()].map(([name, { at }]): [DueName, number] => [name, at]);
    const implied = this.#implied;
    if (implied === null || this.#due().has(implied.name)) return times;
    const at = implied.at();
    return at === null ? times : [...times, [implied.name, Math.ceil(at)]];
  }

  #set(name: DueName, due: Due): void {
    this.#due().set(name, due);
    this.#storage.sql.exec(
      `INSERT OR REPLACE INTO ${this.#table} (name, at, failures) VALUES (?, ?, ?)`,
      name,
      due.at,
      due.failures,
    );
  }

  #due(): Map<DueName, Due> {
    if (this.#known === null) {
      this.#known = new Map();
      if (this.#names.length === 0) return this.#known; // the class has no due-times, so it has no table for them
      const rows = this.#storage.sql.exec<{ name: string; at: number; failures: number }>(
        `SELECT * FROM ${this.#table}`,
      );
      for (const { name, at, failures } of rows) {
        const known = this.#names.find((candidate) => candidate === name);
        if (known !== undefined) this.#known.set(known, { at, failures });
      }
    }
    return this.#known;
  }
}
