import type { NewFact } from "../mirror/index.ts";

type HeldRow = Record<string, SqlStorageValue> & { item: string; fact: string; held_at: number; actor: string };

/** A score that is not released. Nobody but staff reads it, and nothing rests on it. */
export interface Held {
  item: string;
  fact: NewFact;
  held_at: number;
  actor: string;
}

/** Scores that wait for their release: one for each item, the last that was told. */
export class HeldStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  all(): Held[] {
    return this.#sql.exec<HeldRow>("SELECT * FROM held ORDER BY item").toArray().map(heldOf);
  }

  of(item: string): Held | null {
    const row = this.#sql.exec<HeldRow>("SELECT * FROM held WHERE item = ?", item).toArray()[0];
    return row === undefined ? null : heldOf(row);
  }

  put({ item, fact, held_at, actor }: Held): void {
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

function heldOf({ item, fact, held_at, actor }: HeldRow): Held {
  // SAFETY: written by `put` alone, from a fact.
  return { item, fact: JSON.parse(fact) as NewFact, held_at, actor };
}
