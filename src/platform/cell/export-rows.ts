import { utf8Bytes } from "../database/batches.ts";

/** Rows that one call returns: far below the 32 MiB that one answer of an object may have. */
const PAGE_ROWS = 500;
/** Bytes of rows in one such answer; a single row may be larger. */
const PAGE_BYTES = 2_000_000;

/** A part of an object's database that is exported: a name for its rows, and a query that orders them. */
export interface ExportedTable {
  kind: string;
  query: string;
  values?: readonly SqlStorageValue[];
}

/** The place where the next page starts. */
export interface ExportPosition {
  table: number;
  offset: number;
}

export interface ExportPage {
  rows: { kind: string; row: Record<string, string | number | null> }[];
  next: ExportPosition | null;
}

/**
 * A page of an object's rows, table after table, each with its `kind`. A row that is added during an export may be in
 * it twice. No row from before its start is left out, because these tables only grow.
 */
export function exportRows(sql: SqlStorage, tables: readonly ExportedTable[], from: ExportPosition | null): ExportPage {
  const rows: ExportPage["rows"] = [];
  let room = PAGE_BYTES;
  let { table, offset } = from ?? { table: 0, offset: 0 };
  for (; table < tables.length; table += 1, offset = 0) {
    const { kind, query, values = [] } = tables[table] ?? { kind: "", query: "SELECT 1 WHERE 0" };
    for (const row of sql.exec(`${query} LIMIT ? OFFSET ?`, ...values, PAGE_ROWS + 1, offset)) {
      if (rows.length === PAGE_ROWS || room <= 0) return { rows, next: { table, offset } };
      const readable = plain(row);
      rows.push({ kind, row: readable });
      room -= utf8Bytes(JSON.stringify(readable));
      offset += 1;
    }
  }
  return { rows, next: null };
}

function plain(row: Record<string, SqlStorageValue>): Record<string, string | number | null> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof ArrayBuffer ? null : value]),
  );
}
