import { DAY_MS } from "../platform/instants.ts";
import type { Held, OutboxRow } from "./outbox-row.ts";

/**
 * The limits of kept events for a learner who does not listen, rows and characters: they are written with each commit.
 * More are sent.
 */
const MAX_UNSENT = 60;
const MAX_UNSENT_LENGTH = 8_000;
/** Events that may wait until somebody listens. Others change who may listen to what, or concern many. */
const PATIENT_KINDS = ["fact", "event", "submission"];

/**
 * Outbox rows that D1 has, but whose live events the learner's channel does not have: nobody listens, and the channel
 * takes them when somebody does. They are in the enrollment's row, so keeping them needs no extra write. A row that is
 * removed here is removed in storage with the next commit. If it is sent again before that, its key identifies it.
 */
export class Unsent {
  readonly #sql: SqlStorage;
  #rows: Held[] | null = null;
  #isNew = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The memory is wrong. */
  forget(): void {
    this.#rows = null;
    this.#isNew = false;
  }

  /** Whether the enrollment's row has other content. */
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

  /** D1 has these; events older than the history of live events are not kept any more. */
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
      // SAFETY: only `stored` above writes this.
      this.#rows = row?.unsent == null ? [] : (JSON.parse(row.unsent) as Held[]);
    }
    return this.#rows;
  }
}
