import { DUE_TIMES_TABLE } from "../platform/cell/alarm-scheduler.ts";
import type { ExportedTable } from "../platform/cell/export-rows.ts";
import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { ARCHIVE_TABLE } from "./archive-mark.ts";
import { LOG_TABLES, TOPIC_COLUMN } from "./log-tables.ts";
import { KEY_BODIES } from "./publish-keys.ts";
import { TASKS_TABLE } from "./task-table.ts";

/** The jobs that a user's channel does later. */
export const CHANNEL_DUE_NAMES = ["archive", "trim", "tasks", "content", "streams"] as const;
export type ChannelDueName = (typeof CHANNEL_DUE_NAMES)[number];

/** The channel object's own SQLite schema; see {@link SchemaStep} for how it grows. */
export const CHANNEL_SCHEMA: readonly SchemaStep[] = [
  {
    id: "001_channel",
    sql: `
      ${LOG_TABLES}
      CREATE TABLE keys (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE used_tokens (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE preferences (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
      ${ARCHIVE_TABLE}
      ${TASKS_TABLE}
      CREATE TABLE content (
        course TEXT PRIMARY KEY,
        course_version INTEGER NOT NULL,
        items TEXT NOT NULL,
        due_at INTEGER NOT NULL
      ) WITHOUT ROWID;
      ${DUE_TIMES_TABLE}
    `,
  },
  KEY_BODIES,
  TOPIC_COLUMN,
  {
    // The enrollments that may keep events back while nobody listens, see gathering.ts.
    id: "004_sources",
    sql: "CREATE TABLE sources (enrollment TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;",
  },
];

/** The data of a channel that are exported to its user. */
export const EXPORTED_OF_CHANNEL: readonly ExportedTable[] = [
  { kind: "preferences", query: "SELECT body FROM preferences" },
  { kind: "event", query: "SELECT * FROM log ORDER BY seq" },
  { kind: "task_progress", query: "SELECT * FROM ticks ORDER BY subject" },
];
