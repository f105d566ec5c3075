/** The table a class that uses this scheduler puts into its first schema step. */
export const DUE_TIMES_TABLE =
  "CREATE TABLE due_times (name TEXT PRIMARY KEY, at INTEGER NOT NULL, failures INTEGER NOT NULL) WITHOUT ROWID;";

/** First wait after a failed job; doubles with each failure. */
export const RETRY_BASE_MS = 1_000;
/** Longest wait between two tries of a failing job: ten minutes, so that an outage of hours ends by itself. */
const RETRY_MAX_MS = 600_000;

/**
 * The platform throws at an alarm after 2189. A course may well name a later instant: its alarm fires here for nothing and
 * is set again.
 */
const LAST_ALARM = Date.UTC(2180, 0);

/** Wait before the next try after `failures` failures in a row, without jitter: each object has its own phase already. */
function retryDelay(failures: number): number {
  return Math.min(RETRY_BASE_MS * 2 ** Math.max(failures - 1, 0), RETRY_MAX_MS);
}

/** What of a scheduler somebody needs who asks for these things only. */
export interface Scheduling<DueName extends string> {
  schedule(name: DueName, at: number): void;
  reschedule(name: DueName, at: number | null): void;
}

interface Due {
  at: number;
  failures: number;
}

/** Where a class keeps its due-times, when it is not the table every other has. */
export interface DueRows<DueName extends string> {
  table: string;
  /**
   * A thing whose time follows from other rows of the object, so that none is written for it. A row of its own, as after a
   * failure, comes before that.
   */
  implied: { name: DueName; at: () => number | null };
}

/**
 * Multiplexes the one alarm a Durable Object has over named due-times kept in SQLite. Due-times are written in the caller's
 * transaction; {@link arm} must follow in the same turn, so that both are committed together. They are mirrored in
 * memory, so that asking for what is asked for already writes nothing; {@link forget} drops the mirror with a
 * transaction that failed.
 *
 * The alarm may fire earlier than anything is due and then does nothing. Moving it costs a write each time, so it is
 * only ever moved forward: a burst of writes sets it once.
 */
export class AlarmScheduler<DueName extends string> {
  readonly #storage: DurableObjectStorage;
  readonly #names: readonly DueName[];
  readonly #table: string;
  readonly #implied: DueRows<DueName>["implied"] | null;
  #known: Map<DueName, Due> | null = null;
  /** What the alarm is known to be set to; null means unknown or not set. */
  #armedAt: number | null = null;

  /** @param names everything this class of object does later; rows of other names (newer code's) are left alone. */
  constructor(storage: DurableObjectStorage, names: readonly DueName[], rows: DueRows<DueName> | null = null) {
    this.#storage = storage;
    this.#names = names;
    this.#table = rows?.table ?? "due_times";
    this.#implied = rows?.implied ?? null;
  }

  /** Asks for `name` at `at` (epoch ms), or earlier if it already stands earlier. */
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

  /** Whether `name` is asked for by a row of its own. */
  has(name: DueName): boolean {
    return this.#due().has(name);
  }

  /** Names whose time has come, earliest first. */
  due(now: number): DueName[] {
    return this.#times()
      .filter(([, at]) => at <= now)
      .sort(([, a], [, b]) => a - b)
      .map(([name]) => name);
  }

  /**
   * A job failed, or is not confirmed yet: it stays due, later each time.
   * @param bounds least and most wait from `now`, milliseconds.
   */
  failed(name: DueName, now: number, { least = 0, most = RETRY_MAX_MS }: { least?: number; most?: number } = {}): void {
    const failures = (this.#due().get(name)?.failures ?? 0) + 1;
    this.#set(name, { at: now + Math.min(Math.max(retryDelay(failures), least), most), failures });
  }

  /** The alarm has fired: it stands no longer, and what is due is read again. */
  fired(): void {
    this.forget();
  }

  /** A transaction was rolled back: what memory says of it is not so. */
  forget(): void {
    this.#known = null;
    this.#armedAt = null;
  }

  /** Makes sure that the alarm fires by the earliest due-time. Safe to call at any time; writes only when it must. */
  async arm(): Promise<void> {
    const next = this.#unarmed();
    if (next === null) return;
    this.#armedAt = next;
    await this.#storage.setAlarm(Math.min(next, LAST_ALARM));
  }

  /** The same beside what goes on, as after a commit; most commits leave the alarm as it is, and then it costs nothing. */
  armBeside(ctx: Pick<DurableObjectState, "waitUntil">): void {
    if (this.#unarmed() !== null) ctx.waitUntil(this.arm());
  }

  /** The earliest due-time, if the alarm does not fire by then. */
  #unarmed(): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const [, at] of this.#times()) next = Math.min(next, at);
    if (next === Number.POSITIVE_INFINITY || (this.#armedAt !== null && this.#armedAt <= next)) return null;
    return next;
  }

  /** Everything that is asked for, and when. */
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
      if (this.#names.length === 0) return this.#known; // nothing is done later, and there is no table for it
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
