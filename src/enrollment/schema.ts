import { DUE_TIMES_TABLE } from "../shared/alarm-scheduler.ts";
import type { SchemaStep } from "../shared/object-schema.ts";

/** The things an enrollment object does later. */
export const DUE_NAMES = ["outbox", "boundary", "catch_up", "housekeeping"] as const;
export type DueName = (typeof DUE_NAMES)[number];

/** The enrollment object's own SQLite schema; see {@link SchemaStep} for how it grows. */
export const SCHEMA_STEPS: readonly SchemaStep[] = [
  {
    id: "001_enrollment",
    sql: `
      CREATE TABLE enrollment (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id TEXT NOT NULL,
        course TEXT NOT NULL,
        user TEXT NOT NULL,
        status TEXT NOT NULL,
        enrolled_at INTEGER NOT NULL,
        progress_seq INTEGER NOT NULL,
        policy_seq INTEGER NOT NULL,
        version INTEGER NOT NULL,
        course_version INTEGER NOT NULL,
        activation INTEGER NOT NULL,
        engine INTEGER NOT NULL,
        valid_until INTEGER,
        computed_at INTEGER NOT NULL,
        states TEXT NOT NULL,
        cohorts TEXT NOT NULL,
        practice_mode INTEGER NOT NULL,
        last_active_at INTEGER NOT NULL,
        stale_since INTEGER,
        stale_reason TEXT
      );
      CREATE TABLE outline (part INTEGER PRIMARY KEY, body TEXT NOT NULL);
      CREATE TABLE facts (
        item TEXT PRIMARY KEY,
        attempted_at INTEGER,
        completed_at INTEGER,
        best_score REAL,
        revoked_at INTEGER,
        seq INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE fact_log (
        seq INTEGER PRIMARY KEY,
        item TEXT NOT NULL,
        kind TEXT NOT NULL,
        score REAL,
        at INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT
      );
      CREATE TABLE opened (
        item TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        closed_at INTEGER,
        PRIMARY KEY (item, opened_at)
      ) WITHOUT ROWID;
      CREATE TABLE overrides (
        id INTEGER PRIMARY KEY,
        item TEXT NOT NULL,
        kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        extend_to INTEGER,
        removed_at INTEGER,
        removed_by TEXT
      );
      CREATE TABLE policy_log (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        cohorts TEXT NOT NULL,
        practice_mode INTEGER NOT NULL
      );
      CREATE TABLE version_log (
        activation INTEGER PRIMARY KEY,
        course_version INTEGER NOT NULL,
        applied_at INTEGER NOT NULL
      );
      CREATE TABLE submissions (
        id TEXT PRIMARY KEY,
        item TEXT NOT NULL,
        answer TEXT NOT NULL,
        status TEXT NOT NULL,
        score REAL,
        feedback TEXT,
        submitted_at INTEGER NOT NULL,
        judged_at INTEGER,
        judged_by TEXT
      ) WITHOUT ROWID;
      CREATE TABLE idempotency (
        key TEXT PRIMARY KEY,
        body_hash TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        payload TEXT,
        created_at INTEGER NOT NULL
      );
      ${DUE_TIMES_TABLE}
    `,
  },
];
