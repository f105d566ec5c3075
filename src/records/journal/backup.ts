import {
  type DumpedValue,
  hasTable,
  pageOf,
  recordSteps,
  restoreRows,
  type TableRows,
} from "../../shared/object-dump.ts";
import { hasSchema } from "../../shared/object-schema.ts";
import { ok, type Result, refuse } from "../../shared/results.ts";
import { JOURNAL_SCHEMA } from "./schema.ts";
import type { JournalStore } from "./store.ts";

/**
 * Tables with their keys, in the order in which they are copied. A journal may hold more than one answer can carry, so
 * it is copied page by page while it goes on taking records. What is known comes before what waits, and both before the
 * tables of D1: a record that moves on meanwhile is then found where it went, never nowhere. `progress` is counted anew.
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
/** Sessions deleted by the time everything else was copied: what of them was copied before is removed by a restore. */
export const TOMBSTONES = "tombstones";

export interface JournalPosition {
  table: string;
  after: string | number;
}

export interface JournalPage {
  page: TableRows | null;
  next: JournalPosition | null;
}

/** A page of a journal's rows; null when it was never used. */
export function copyPage(sql: SqlStorage, from: JournalPosition | null): JournalPage {
  if (!hasSchema(sql)) return { page: null, next: null };
  const at = from === null ? 0 : COPIED.findIndex(({ name }) => name === from.table);
  const table = COPIED[at];
  if (table === undefined) return { page: null, next: null };
  const isStart = from === null || from.after === "";
  const query = `SELECT * FROM ${table.name} ${isStart ? "" : `WHERE ${table.key} > ?`} ORDER BY ${table.key}`;
  const { page, isFull } = pageOf(sql, table.name, query, isStart ? [] : [from.after]);
  const last = page.rows.at(-1)?.[page.columns.indexOf(table.key)];
  const following = COPIED[at + 1];
  const next =
    isFull && last != null
      ? { table: table.name, after: last }
      : following === undefined
        ? null
        : { table: following.name, after: "" };
  return { page, next };
}

/** A page of the sessions that are deleted now. */
export function copyTombstones(sql: SqlStorage, after: string): JournalPage {
  if (!hasSchema(sql)) return { page: null, next: null };
  const query = "SELECT id, deleted_at FROM known WHERE id > ? AND deleted_at IS NOT NULL ORDER BY id";
  const { page, isFull } = pageOf(sql, TOMBSTONES, query, [after]);
  const last = page.rows.at(-1)?.[0];
  return { page, next: isFull && last != null ? { table: TOMBSTONES, after: last } : null };
}

/** Takes a page of a backup into an empty journal, see {@link restoreRows}; {@link openJournal} follows the last. */
export function restorePage(storage: DurableObjectStorage, page: TableRows): Result<{ rows: number }> {
  const key = COPIED.find(({ name }) => name === page.table)?.key;
  if (key === undefined) return refuse("backup_schema_mismatch", { detail: `A journal has no table ${page.table}.` });
  return restoreRows(storage, JOURNAL_SCHEMA, page, { first: "known", key: [key] });
}

/** The last step of a restore: removes what was deleted while the backup was taken, counts anew, opens the journal. */
export function openJournal(
  storage: DurableObjectStorage,
  store: JournalStore,
  steps: readonly string[],
  tombstones: readonly DumpedValue[][],
): Result<{ opened: boolean }> {
  const { sql } = storage;
  // Opened before, or nothing was brought.
  if (hasSchema(sql) || !hasTable(sql, "known")) return ok({ opened: false });
  storage.transactionSync(() => {
    const alive = sql.exec<{ id: string; deleted_at: number }>(
      `SELECT value ->> '$[0]' AS id, value ->> '$[1]' AS deleted_at FROM json_each(?) AS gone
       WHERE NOT EXISTS (SELECT 1 FROM known WHERE id = value ->> '$[0]' AND deleted_at IS NOT NULL)`,
      JSON.stringify(tombstones),
    );
    for (const { id, deleted_at } of alive.toArray()) store.remove(id, deleted_at);
    sql.exec("DELETE FROM progress");
    sql.exec(`INSERT INTO progress (session, status, tasks)
      SELECT session, status, count(*) FROM known WHERE kind = 'task' AND deleted_at IS NULL GROUP BY session, status`);
    sql.exec(`UPDATE counters SET held_rows = (SELECT count(*) FROM pending),
      held_characters = (SELECT coalesce(sum(length(record)), 0) FROM pending)`);
    recordSteps(sql, steps);
  });
  return ok({ opened: true });
}
