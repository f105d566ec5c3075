/** The promises of other objects, in the form of the enrollment's row. Instants in epoch ms. */
interface Stored {
  /** Until then the object of the learner's revocations reports every change in the validity of these tokens. */
  lease_until: number;
  tokens: string[];
  /**
   * Until then it is assumed that nobody listens to the learner's events: the channel takes the kept events before
   * anybody does.
   */
  nobody_until: number;
}
const NONE: Stored = { lease_until: 0, tokens: [], nobody_until: 0 };

/**
 * What the enrollment need not ask, because it would be notified. It is written with the row of the enrollment, which a
 * commit writes anyway, so it lasts across a sleep. A promise that is taken back is written at once, because the other
 * object waits for that.
 */
export class Promised {
  readonly #sql: SqlStorage;
  #known: Stored | null = null;
  #isNew = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The memory is wrong. */
  forget(): void {
    this.#known = null;
    this.#isNew = false;
  }

  get isNew(): boolean {
    return this.#isNew;
  }

  /** For the enrollment's row, which is about to be written. */
  stored(): string | null {
    const { lease_until, nobody_until } = this.now;
    this.#isNew = false;
    return lease_until === 0 && nobody_until === 0 ? null : JSON.stringify(this.now);
  }

  get now(): Stored {
    if (this.#known === null) {
      const [row] = this.#sql.exec<{ promises: string | null }>("SELECT promises FROM enrollment").toArray();
      // SAFETY: only `stored` above writes this.
      this.#known = row?.promises == null ? NONE : (JSON.parse(row.promises) as Stored);
    }
    return this.#known;
  }

  /** Adds a promise; it is written with the next commit. */
  add(promise: Partial<Stored>): void {
    this.#known = { ...this.now, ...promise };
    this.#isNew = true;
  }

  /** Inside a transaction: a promise ends. */
  end(promise: "lease" | "nobody"): void {
    this.add(promise === "lease" ? { lease_until: 0, tokens: [] } : { nobody_until: 0 });
    this.#sql.exec("UPDATE enrollment SET promises = ?", this.stored());
  }
}
