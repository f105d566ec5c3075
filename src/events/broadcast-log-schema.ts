import { DUE_TIMES_TABLE } from "../platform/cell/alarm-scheduler.ts";
import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { ARCHIVE_TABLE } from "./archive-mark.ts";
import { LOG_TABLES, TOPIC_COLUMN, TOPIC_INDEX } from "./log-tables.ts";
import { KEY_BODIES } from "./publish-keys.ts";
import { TASKS_TABLE } from "./task-table.ts";

/** The log object's own SQLite schema; see {@link SchemaStep} for how it grows. */
export const BROADCAST_LOG_SCHEMA: readonly SchemaStep[] = [
  {
    id: "001_broadcast_log",
    sql: `
      ${LOG_TABLES}
      CREATE TABLE keys (key TEXT PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
      ${ARCHIVE_TABLE}
      ${DUE_TIMES_TABLE}
    `,
  },
  KEY_BODIES,
  TOPIC_COLUMN,
  TOPIC_INDEX,
  {
    id: "005_topic_tasks",
    sql: `
      ${TASKS_TABLE}
      CREATE TABLE topic_tasks (
        task TEXT PRIMARY KEY,
        publisher TEXT NOT NULL,
        readers TEXT NOT NULL,
        at INTEGER NOT NULL
      ) WITHOUT ROWID;
    `,
  },
];
