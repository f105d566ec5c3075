import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { ROLES } from "../platform/roles.ts";
import { EVENT_TYPES, LEVELS, PRIORITIES } from "./types.ts";

/** Tables of a log, for the first schema step of a class. */
export const LOG_TABLES = `
  CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    priority TEXT NOT NULL,
    roles TEXT,
    data TEXT NOT NULL,
    subject TEXT
  );
  CREATE TABLE ticks (
    subject TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE epochs (epoch TEXT PRIMARY KEY, first_seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE log_state (one INTEGER PRIMARY KEY CHECK (one = 1), floor INTEGER NOT NULL, head INTEGER NOT NULL);
`;

/** The schema step by which logs of an earlier release get topics. */
export const TOPIC_COLUMN: SchemaStep = { id: "003_topics", sql: "ALTER TABLE log ADD COLUMN topic TEXT;" };
/** Only for logs that have such events: an index needs a page of its own, and every user has a channel. */
export const TOPIC_INDEX: SchemaStep = {
  id: "004_by_topic",
  sql: "CREATE INDEX log_by_topic ON log (topic, seq) WHERE topic IS NOT NULL;",
};

/** A row of the log, or a progress event in the form of one. */
export interface Row extends Record<string, SqlStorageValue> {
  seq: number;
  at: number;
  type: string;
  level: string;
  priority: string;
  roles: string | null;
  data: string;
  subject: string | null;
  topic: string | null;
}

interface Epoch {
  epoch: string;
  first: number;
}

/** The values about its tables that a log keeps in memory. */
export interface Loaded {
  /** Events at or below it are gone. */
  floor: number;
  head: number;
  lastAt: number;
  epochs: Epoch[];
  /** Rows held, and the bytes of their data. */
  rows: number;
  bytes: number;
}

/** Reads what a log holds. */
export function loadLog(sql: SqlStorage): Loaded {
  const state = sql.exec<{ floor: number; head: number }>("SELECT floor, head FROM log_state").one();
  const newest = sql
    .exec<{ seq: number | null; at: number | null; rows: number; bytes: number | null }>(
      `SELECT max(seq) AS seq, max(at) AS at, sum(n) AS rows, sum(size) AS bytes FROM (
           SELECT max(seq) AS seq, max(at) AS at, count(*) AS n, sum(octet_length(data)) AS size FROM log
           UNION ALL SELECT max(seq), max(at), count(*), sum(octet_length(data)) FROM ticks)`,
    )
    .one();
  const epochs = sql
    .exec<{ epoch: string; first_seq: number }>("SELECT epoch, first_seq FROM epochs ORDER BY first_seq")
    .toArray()
    .map(({ epoch, first_seq }) => ({ epoch, first: first_seq }));
  return {
    floor: state.floor,
    head: Math.max(state.head, newest.seq ?? 0),
    lastAt: newest.at ?? 0,
    epochs,
    rows: newest.rows,
    bytes: newest.bytes ?? 0,
  };
}

/** The kind of an event, from its row; null for a value of newer code, stored before a rollback. */
export function kindOf(row: Pick<Row, "type" | "level" | "priority" | "roles" | "topic">) {
  const type = EVENT_TYPES.find((known) => known === row.type);
  const level = LEVELS.find((known) => known === row.level);
  const priority = PRIORITIES.find((known) => known === row.priority);
  if (type === undefined || level === undefined || priority === undefined) return null;
  const named = row.roles?.split(",");
  const roles = named === undefined ? null : ROLES.filter((role) => named.includes(role));
  return { type, level, priority, roles, topic: row.topic };
}
