import {
  type DumpedValue,
  insertRows,
  makeTables,
  plain,
  recordSteps,
  stepsOf,
  takeRows,
  unknownSteps,
} from "../../platform/cell/object-rows.ts";
import { hasSchema } from "../../platform/cell/object-schema.ts";
import { setStatement } from "../../platform/database/set-statement.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { JOURNAL_SCHEMA } from "./schema.ts";
import type { JournalStore } from "./store.ts";

/** Rows and bytes of one page. */
const PAGE_ROWS = 1_000;
const PAGE_BYTES = 1_000_000;

/**
 * Tables with their keys, in the order in which they are copied. A journal may have more than one answer can carry, so
 * it is copied page by page while it still accepts records. Known records come before waiting ones, and both before the
 * tables of D1: a record that moves on meanwhile is found in its new place, never nowhere. `progress` is counted again.
 */
const COPIED: readonly { name: string; key: string }[] = [
  { name: "known", key: "id" },
  { name: "pending", key: "seq" },
  { name: "answers", key: "key" },
  { name: "announcements", key: "id" },
  { name: "purges", key: "session" },
  { name: "counters", key: "one" },
  { name: "due_times", key: "name" },
  { name: "sqlite_sequence", key: "name" },
];
/** Sessions that were deleted when everything else was copied: a restore removes what was copied of them. */
const TOMBSTONES = "tombstones";

export interface JournalPosition {
  table: string;
  after: string | number;
}

/** Rows of one table of a journal. */
export interface JournalRows {
  table: string;
  columns: string[];
  rows: DumpedValue[][];
  steps: string[];
}

export interface JournalPage {
  page: JournalRows | null;
  next: JournalPosition | null;
}

/** Deleted sessions of the backup that are not deleted here. */
const ALIVE = setStatement(
  (set) => `SELECT value ->> '$[0]' AS id, value ->> '$[1]' AS deleted_at FROM ${set} AS gone
    WHERE NOT EXISTS (SELECT 1 FROM known WHERE id = value ->> '$[0]' AND deleted_at IS NOT NULL)`,
);

/** A page of a journal's rows; null when it was never used. */
export function copyPage(sql: SqlStorage, from: JournalPosition | null): JournalPage {
  if (!hasSchema(sql)) return { page: null, next: null };
  const at = from === null ? 0 : COPIED.findIndex(({ name }) => name === from.table);
  const table = COPIED[at];
  if (table === undefined) return { page: null, next: null };
  const where = from === null || from.after === "" ? "" : `WHERE ${table.key} > ?`;
  const cursor = sql.exec(
    `SELECT * FROM ${table.name} ${where} ORDER BY ${table.key} LIMIT ${PAGE_ROWS}`,
    ...(where === "" ? [] : [from?.after ?? ""]),
  );
  const { rows, isCut } = takeRows(cursor, PAGE_BYTES);
  const columns = cursor.columnNames;
  const last = rows.at(-1)?.[columns.indexOf(table.key)];
  const following = COPIED[at + 1];
  const next =
    (isCut || rows.length === PAGE_ROWS) && last != null
      ? { table: table.name, after: last }
      : following === undefined
        ? null
        : { table: following.name, after: "" };
  return { page: { table: table.name, columns, rows, steps: stepsOf(sql) }, next };
}

/** A page of the sessions that are deleted now. */
export function copyTombstones(sql: SqlStorage, after: string): JournalPage {
  if (!hasSchema(sql)) return { page: null, next: null };
  const cursor = sql.exec(
    `SELECT id, deleted_at FROM known WHERE id > ? AND deleted_at IS NOT NULL ORDER BY id LIMIT ${PAGE_ROWS}`,
    after,
  );
  const { rows, isCut } = takeRows(cursor, PAGE_BYTES);
  const last = rows.at(-1)?.[0];
  const next = (isCut || rows.length === PAGE_ROWS) && last != null ? { table: TOMBSTONES, after: last } : null;
  return { page: { table: TOMBSTONES, columns: cursor.columnNames, rows, steps: stepsOf(sql) }, next };
}

/**
 * Writes a page of a backup into an empty journal and compares it. Until {@link openJournal} the journal counts as
 * never used: it is not flushed, swept or woken. The same page may come twice.
 */
export function restorePage(storage: DurableObjectStorage, page: JournalRows): Result<{ rows: number }> {
  const { sql } = storage;
  if (hasSchema(sql)) return refuse("restore_target_not_empty", { detail: "A journal is in use." });
  const unknown = unknownSteps(JOURNAL_SCHEMA, page.steps);
  if (unknown !== null) return unknown;
  return storage.transactionSync(() => {
    if (!hasTables(sql)) makeTables(sql, JOURNAL_SCHEMA, page.steps);
    insertRows(sql, page.table, page);
    if (!holds(sql, page)) throw new Error("what was stored differs from the backup");
    return ok({ rows: page.rows.length });
  });
}

/**
 * The last step of a restore: removes sessions that were deleted during the backup, counts again, opens the journal.
 */
export function openJournal(
  storage: DurableObjectStorage,
  store: JournalStore,
  steps: readonly string[],
  tombstones: readonly DumpedValue[][],
): Result<{ opened: boolean }> {
  const { sql } = storage;
  // It was opened before, or nothing was brought.
  if (hasSchema(sql) || !hasTables(sql)) return ok({ opened: false });
  storage.transactionSync(() => {
    bury(sql, store, tombstones);
    sql.exec("DELETE FROM progress");
    sql.exec(`INSERT INTO progress (session, status, tasks)
      SELECT session, status, count(*) FROM known WHERE kind = 'task' AND deleted_at IS NULL GROUP BY session, status`);
    sql.exec(`UPDATE counters SET held_rows = (SELECT count(*) FROM pending),
      held_characters = (SELECT coalesce(sum(length(record)), 0) FROM pending)`);
    recordSteps(sql, steps);
  });
  return ok({ opened: true });
}

/**
 * Removes sessions that were deleted during the backup, before {@link openJournal}: for more of them than fit in one
 * call. A repeat does no harm.
 */
export function buryDeleted(
  storage: DurableObjectStorage,
  store: JournalStore,
  tombstones: readonly DumpedValue[][],
): Result<null> {
  const { sql } = storage;
  if (!hasSchema(sql) && hasTables(sql)) storage.transactionSync(() => bury(sql, store, tombstones));
  return ok(null);
}

function bury(sql: SqlStorage, store: JournalStore, tombstones: readonly DumpedValue[][]): void {
  const alive = ALIVE.exec<{ id: string; deleted_at: number }>(sql, tombstones);
  for (const { id, deleted_at } of alive) store.remove(id, deleted_at);
}

function hasTables(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'known'").toArray().length > 0;
}

/** Whether the table has exactly these rows. */
function holds(sql: SqlStorage, { table, columns, rows }: JournalRows): boolean {
  const key = COPIED.find(({ name }) => name === table)?.key;
  if (key === undefined) return false;
  const at = columns.indexOf(key);
  const names = columns.map((column) => `"${column}"`).join(", ");
  const held = new Map<DumpedValue, string>();
  const find = setStatement((set) => `SELECT ${names} FROM ${table} WHERE ${key} IN (SELECT value FROM ${set})`);
  const found = find.exec<Record<string, SqlStorageValue>>(
    sql,
    rows.map((row) => row[at]),
  );
  for (const named of found) {
    const row = columns.map((column) => plain(named[column] ?? null));
    held.set(row[at] ?? null, JSON.stringify(row));
  }
  return rows.every((row) => held.get(row[at] ?? null) === JSON.stringify(row));
}
