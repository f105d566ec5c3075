/**
 * One step of a Durable Object's own SQLite schema. Each class has an append-only list of steps. A released step is
 * never edited; a new one is added at the end. An object that did not run during a release gets the missing steps when
 * it next wakes.
 *
 * A step that is newer than this code is left alone. After a rollback, older code runs on newer data, so steps only
 * ever add (expand and contract).
 */
export interface SchemaStep {
  id: string;
  sql: string;
}

/** Whether the object has a schema. An object without one was never used and costs no storage. */
export function hasSchema(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_steps'").toArray().length > 0;
}

/**
 * Applies the missing steps, each with its record in one transaction.
 * @param upTo last step to apply. Tests stop there, insert old rows, and continue.
 */
export function migrate(storage: DurableObjectStorage, steps: readonly SchemaStep[], upTo?: string): void {
  storage.transactionSync(() => {
    storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS schema_steps (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) WITHOUT ROWID",
    );
    const applied = new Set(
      storage.sql
        .exec<{ id: string }>("SELECT id FROM schema_steps")
        .toArray()
        .map((row) => row.id),
    );
    for (const step of steps) {
      if (!applied.has(step.id)) {
        storage.sql.exec(step.sql);
        storage.sql.exec("INSERT INTO schema_steps (id, applied_at) VALUES (?, ?)", step.id, Date.now());
      }
      if (step.id === upTo) break;
    }
  });
}
