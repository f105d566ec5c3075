import { DUE_TIMES_TABLE } from "../../platform/cell/alarm-scheduler.ts";
import type { SchemaStep } from "../../platform/cell/object-schema.ts";

/** The jobs that a journal does later. */
export const JOURNAL_DUE_NAMES = ["flush", "purge", "announce", "housekeeping"] as const;
export type JournalDueName = (typeof JOURNAL_DUE_NAMES)[number];

/** The journal object's own SQLite schema; see {@link SchemaStep} for how it grows. */
export const JOURNAL_SCHEMA: readonly SchemaStep[] = [
  {
    id: "001_journal",
    sql: `
      CREATE TABLE known (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        session TEXT NOT NULL,
        version INTEGER NOT NULL,
        hash TEXT NOT NULL,
        status TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        deleted_at INTEGER
      ) WITHOUT ROWID;
      CREATE INDEX known_by_session ON known (session);
      CREATE TABLE pending (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        record TEXT NOT NULL,
        since INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        error TEXT,
        parked_at INTEGER
      );
      CREATE INDEX pending_waiting ON pending (since) WHERE parked_at IS NULL;
      CREATE INDEX pending_parked ON pending (parked_at, id) WHERE parked_at IS NOT NULL;
      CREATE TABLE progress (
        session TEXT NOT NULL,
        status TEXT NOT NULL,
        tasks INTEGER NOT NULL,
        PRIMARY KEY (session, status)
      ) WITHOUT ROWID;
      CREATE TABLE answers (
        key TEXT PRIMARY KEY,
        body_hash TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE purges (session TEXT PRIMARY KEY, requested_at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE announcements (id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, event TEXT NOT NULL);
      CREATE TABLE counters (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        acknowledged INTEGER NOT NULL,
        duplicates INTEGER NOT NULL,
        persisted INTEGER NOT NULL,
        held_rows INTEGER NOT NULL,
        held_characters INTEGER NOT NULL,
        flushed_at INTEGER NOT NULL,
        error TEXT
      );
      ${DUE_TIMES_TABLE}
    `,
  },
  {
    id: "002_answers_by_owner",
    // Older answers are removed: a repeat then gets "duplicate" instead of "created".
    sql: `
      DROP TABLE answers;
      CREATE TABLE answers (
        key TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        body_hash TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX answers_by_owner ON answers (owner);
      CREATE INDEX answers_by_age ON answers (created_at);
    `,
  },
];
