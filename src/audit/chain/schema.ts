import { DUE_TIMES_TABLE } from "../../platform/cell/alarm-scheduler.ts";
import type { SchemaStep } from "../../platform/cell/object-schema.ts";

/** The jobs that a chain does later. */
export const CHAIN_DUE_NAMES = ["project", "head", "purge"] as const;
export type ChainDueName = (typeof CHAIN_DUE_NAMES)[number];

/** The chain object's own SQLite schema; see {@link SchemaStep} for how it grows. */
export const CHAIN_SCHEMA: readonly SchemaStep[] = [
  {
    id: "001_chain",
    sql: `
      CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        action TEXT NOT NULL,
        occurred_at INTEGER NOT NULL,
        received_at INTEGER NOT NULL,
        actor_id TEXT NOT NULL,
        actor_role TEXT NOT NULL,
        target_type TEXT NOT NULL,
        target_id TEXT NOT NULL,
        course TEXT,
        enrollment TEXT,
        request_id TEXT,
        outcome TEXT NOT NULL,
        details TEXT NOT NULL,
        reported_by TEXT,
        prev TEXT NOT NULL,
        hash TEXT NOT NULL
      );
      CREATE TABLE chain (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        base_seq INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        projected_seq INTEGER NOT NULL,
        projected_base INTEGER NOT NULL,
        projection_error TEXT,
        head_conflicts INTEGER NOT NULL
      );
      CREATE TABLE heads (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL, stored_at INTEGER);
      CREATE TABLE purges (number INTEGER PRIMARY KEY, to_seq INTEGER NOT NULL, body TEXT NOT NULL, done_at INTEGER);
      CREATE TABLE counts (
        action TEXT NOT NULL,
        outcome TEXT NOT NULL,
        entries INTEGER NOT NULL,
        PRIMARY KEY (action, outcome)
      ) WITHOUT ROWID;
      -- Who the pseudonyms in entries are. Not part of what is hashed: a row goes when its user is erased.
      CREATE TABLE people (pseudonym TEXT PRIMARY KEY, user_id TEXT NOT NULL UNIQUE) WITHOUT ROWID;
      ${DUE_TIMES_TABLE}
    `,
  },
  {
    id: "002_forgotten",
    sql: `
      -- SHA-256 of the ids of erased users: an act that comes late must not teach the chain again who a pseudonym was.
      CREATE TABLE forgotten (subject TEXT PRIMARY KEY) WITHOUT ROWID;
    `,
  },
];
