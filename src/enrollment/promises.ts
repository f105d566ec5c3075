/** What other objects have promised, as the enrollment's row holds it. Instants in epoch ms. */
interface Stored {
  /** Until then the learner's revocations tell of every change in how these tokens stand. */
  lease_until: number;
  tokens: string[];
  /** Until then nobody is taken to listen to the learner's events: the channel takes what is kept before anybody does. */
  nobody_until: number;
}
const NONE: Stored = { lease_until: 0, tokens: [], nobody_until: 0 };

/**
 * What the enrollment need not ask because it would be told. It is written with the row of the enrollment, which a commit
 * writes anyway, so it holds across a sleep. What is taken back is written at once: whoever takes it back waits for that.
 */
export class Promised {
  readonly #sql: SqlStorage;
  #known: Stored | null = null;
  #isNew = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** What memory says is not so. */
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
      // SAFETY: written from `stored` above.
      this.#known = row?.promises == null ? NONE : (JSON.parse(row.promises) as Stored);
    }
    return this.#known;
  }

  /** Something was promised; it is written with the next commit. */
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
