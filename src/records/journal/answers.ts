/** The answers to batches with an Idempotency-Key. Methods that write are called inside the object's transaction. */
export class AnswerStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  find(key: string): { body_hash: string; answer: string } | null {
    return (
      this.#sql
        .exec<{ body_hash: string; answer: string }>("SELECT body_hash, answer FROM answers WHERE key = ?", key)
        .toArray()[0] ?? null
    );
  }

  /** @param owner the owner of the batch's items. */
  save(key: string, owner: string, bodyHash: string, answer: string, now: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO answers (key, owner, body_hash, answer, created_at) VALUES (?, ?, ?, ?, ?)",
      key,
      owner,
      bodyHash,
      answer,
      now,
    );
  }

  /** Removes answers older than `before`. Tombstones stay for ever. @returns whether answers are left. */
  prune(before: number): boolean {
    this.#sql.exec("DELETE FROM answers WHERE created_at < ?", before);
    return this.#sql.exec("SELECT 1 FROM answers LIMIT 1").toArray().length > 0;
  }
}
