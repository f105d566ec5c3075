import { setStatement } from "../platform/database/set-statement.ts";

const RELEASE = setStatement(
  (set) => `UPDATE opened SET closed_at = ?2 WHERE closed_at IS NULL AND item IN (SELECT value FROM ${set})`,
);
const KEEP = setStatement(
  (set) => `INSERT OR REPLACE INTO opened (item, opened_at, closed_at) SELECT value, ?2, NULL FROM ${set}`,
);

/** Items that are kept open, and since when. */
export class OpenedStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  kept(): Set<string> {
    return this.keptAt(null);
  }

  /** Items that are kept open now, or at an instant. */
  keptAt(at: number | null): Set<string> {
    const rows =
      at === null
        ? this.#sql.exec<{ item: string }>("SELECT item FROM opened WHERE closed_at IS NULL")
        : this.#sql.exec<{ item: string }>(
            "SELECT DISTINCT item FROM opened WHERE opened_at <= ? AND (closed_at IS NULL OR closed_at > ?)",
            at,
            at,
          );
    return new Set(rows.toArray().map((row) => row.item));
  }

  keep(items: readonly string[], now: number): void {
    KEEP.exec(this.#sql, items, now);
  }

  releaseAll(now: number): void {
    this.#sql.exec("UPDATE opened SET closed_at = ? WHERE closed_at IS NULL", now);
  }

  release(items: readonly string[], now: number): void {
    RELEASE.exec(this.#sql, items, now);
  }
}
