/** The table of a `TaskWatch`, for a class's schema. */
export const TASKS_TABLE = `CREATE TABLE tasks (
        task TEXT PRIMARY KEY,
        started_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL,
        beat_at INTEGER NOT NULL,
        timeout_ms INTEGER NOT NULL,
        done REAL NOT NULL,
        total REAL,
        ended INTEGER NOT NULL
      ) WITHOUT ROWID;`;
