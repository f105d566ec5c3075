import type { HeldScore } from "../mirror/index.ts";

type HeldRow = Record<string, SqlStorageValue> & { item: string; fact: string; held_at: number; actor: string };

/** The limit of scores held for one learner, because all of them go into one value of D1. */
export const MAX_HELD = 1_000;

/**
 * Scores that wait for their release: one per item, the last that was sent. Only staff read them, and nothing depends
 * on them.
 */
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
  // SAFETY: only `put` writes this, from a fact.
  return { item, fact: JSON.parse(fact) as HeldScore["fact"], held_at, actor };
}
