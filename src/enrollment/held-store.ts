import type { HeldScore } from "../mirror/index.ts";

type HeldRow = Record<string, SqlStorageValue> & { item: string; fact: string; held_at: number; actor: string };

/** Scores held for one learner: all of them go into one value of D1. */
export const MAX_HELD = 1_000;

/** Scores that wait for their release: one for each item, the last that was told. Nobody but staff reads them, and nothing rests on them. */
export class HeldStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  all(): HeldScore[] {
    return this.#sql.exec<HeldRow>("SELECT * FROM held ORDER BY item").toArray().map(heldOf);
  }

  of(item: string): HeldScore | null {
    const row = this.#sql.exec<HeldRow>("SELECT * FROM held WHERE item = ?", item).toArray()[0];
    return row === undefined ? null : heldOf(row);
  }

  /** Whether another one can be held. */
  hasRoom(): boolean {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM held").one().n < MAX_HELD;
  }

  put({ item, fact, held_at, actor }: HeldScore): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO held (item, fact, held_at, actor) VALUES (?, ?, ?, ?)",
      item,
      JSON.stringify(fact),
      held_at,
      actor,
    );
  }

  remove(item: string): void {
    this.#sql.exec("DELETE FROM held WHERE item = ?", item);
  }
}

function heldOf({ item, fact, held_at, actor }: HeldRow): HeldScore {
  // SAFETY: written by `put` alone, from a fact.
  return { item, fact: JSON.parse(fact) as HeldScore["fact"], held_at, actor };
}
