import { DAY_MS } from "../platform/instants.ts";
import type { Held, OutboxRow } from "./outbox-row.ts";

/** What is kept for who does not listen, rows and characters: it is written with each commit. Beyond that it is sent. */
const MAX_UNSENT = 60;
const MAX_UNSENT_LENGTH = 8_000;
/** What may wait until somebody listens. Other news change who may listen to what, or concern many. */
const PATIENT_KINDS = ["fact", "event", "submission"];

/**
 * Rows of the outbox that D1 has, whose live events the learner's channel has not: nobody listens, and the channel takes
 * them when somebody does. They stand in the enrollment's row, so keeping them costs no write of its own; what is dropped
 * here is dropped in storage with the next commit, and is known by its key should it be sent again before.
 */
export class Unsent {
  readonly #sql: SqlStorage;
  #rows: Held[] | null = null;
  #isNew = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** What memory says is not so. */
  forget(): void {
    this.#rows = null;
    this.#isNew = false;
  }

  /** Whether the enrollment's row says something else. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** For the enrollment's row, which is about to be written. */
  stored(): string | null {
    const rows = this.#known();
    this.#isNew = false;
    return rows.length === 0 ? null : JSON.stringify(rows);
  }

  rows(): OutboxRow[] {
    return this.#known().map(([id, kind, ref, payload]) => ({ id, kind, ref, payload }));
  }

  /** Whether these may wait too. */
  hasRoomFor(rows: readonly OutboxRow[]): boolean {
    const noted = rows.filter(({ payload }) => payload !== null);
    if (noted.some(({ kind }) => !PATIENT_KINDS.includes(kind))) return false;
    const all = [...this.rows(), ...noted];
    const length = all.reduce((sum, { ref, payload }) => sum + ref.length + (payload?.length ?? 0), 0);
    return all.length <= MAX_UNSENT && length <= MAX_UNSENT_LENGTH;
  }

  /** D1 has these; what is older than the history of live events is kept no longer. */
  keep(rows: readonly Held[], now: number): void {
    const noted = rows.filter(([, kind, , payload]) => payload !== null && PATIENT_KINDS.includes(kind));
    if (noted.length === 0) return;
    this.#rows = [...this.#known().filter(([, , , , at]) => now - at <= DAY_MS), ...noted];
    this.#isNew = true;
  }

  /** The channel has everything up to this row. */
  drop(upTo: number): void {
    const left = this.#known().filter(([id]) => id > upTo);
    if (left.length === this.#known().length) return;
    this.#rows = left;
    this.#isNew = true;
  }

  #known(): Held[] {
    if (this.#rows === null) {
      const [row] = this.#sql.exec<{ unsent: string | null }>("SELECT unsent FROM enrollment").toArray();
      // SAFETY: written from `stored` above.
      this.#rows = row?.unsent == null ? [] : (JSON.parse(row.unsent) as Held[]);
    }
    return this.#rows;
  }
}
