import { setStatement } from "../platform/database/set-statement.ts";

/** The limit of noted items that the course does not have at the moment: more than four courses of the largest size. */
const MAX_ABSENT = 20_000;

const RETURNED = setStatement(
  (set) => `DELETE FROM away WHERE item IN (SELECT value FROM ${set}) RETURNING item, relock`,
);
const ADD_ABSENT = setStatement(
  (set) => `INSERT OR REPLACE INTO away (item, is_problem, left_at) SELECT value ->> 0, value ->> 1, ?2 FROM ${set}`,
);

/** Items that were in the course once and are not in it now. */
export class AbsentStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /**
   * Notes which items a new course version does not have, and forgets those that it has again.
   * @returns the items that are back and must lock what depends on them, see {@link relockOnReturn}.
   */
  note(gone: readonly { id: string; isProblem: boolean }[], there: readonly string[], now: number): string[] {
    const back = RETURNED.exec<{ item: string; relock: number }>(this.#sql, there);
    this.#add(gone, now);
    return back.filter(({ relock }) => relock === 1).map(({ item }) => item);
  }

  /** Notes for an item that this version does not have: items that depend on it lock when it returns. */
  relockOnReturn(item: string, isProblem: boolean, now: number): void {
    this.#sql.exec(
      `INSERT INTO away (item, is_problem, left_at, relock) VALUES (?, ?, ?, 1)
       ON CONFLICT (item) DO UPDATE SET relock = 1`,
      item,
      isProblem ? 1 : 0,
      now,
    );
  }

  #add(gone: readonly { id: string; isProblem: boolean }[], now: number): void {
    if (gone.length === 0) return;
    ADD_ABSENT.exec(
      this.#sql,
      gone.map(({ id, isProblem }) => [id, isProblem ? 1 : 0]),
      now,
    );
    this.#sql.exec(
      "DELETE FROM away WHERE item IN (SELECT item FROM away ORDER BY left_at DESC, item LIMIT -1 OFFSET ?)",
      MAX_ABSENT,
    );
  }

  /** The kind of an item that was in the course once and is not now; null if nothing is known of it. */
  kind(item: string): "chapter" | "problem" | null {
    const row = this.#sql.exec<{ is_problem: number }>("SELECT is_problem FROM away WHERE item = ?", item).toArray()[0];
    if (row !== undefined) return row.is_problem === 1 ? "problem" : "chapter";
    // An object that was rebuilt from D1 only knows what the learner did.
    const submitted = this.#sql.exec("SELECT 1 FROM submissions WHERE item = ? LIMIT 1", item).toArray();
    if (submitted.length > 0) return "problem";
    const fact = this.#sql
      .exec<{ best_score: number | null }>("SELECT best_score FROM facts WHERE item = ?", item)
      .toArray()[0];
    return fact === undefined ? null : fact.best_score === null ? "chapter" : "problem";
  }
}
