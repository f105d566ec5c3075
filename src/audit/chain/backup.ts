import {
  type DumpedValue,
  insertRows,
  makeTables,
  plain,
  recordSteps,
  stepsOf,
  unknownSteps,
} from "../../shared/object-dump.ts";
import { hasSchema } from "../../shared/object-schema.ts";
import { ok, type Result, refuse } from "../../shared/results.ts";
import { CHAIN_SCHEMA } from "./schema.ts";

/** Rows of one page. Entries are small: their details have a fixed form. */
const PAGE_ROWS = 1_000;
/** Heads that may be signed while a chain is copied, at one an hour. */
const LATE_HEADS = 100;
/** Under this a chain that is being filled remembers the schema of its copy. */
const STEPS = "restored_steps";

/**
 * Tables with their keys, in the order in which they are copied: the long ones page by page. With the last entries come,
 * of the same instant, where the chain stands, its counts and its last heads; who people are comes after that, so that
 * nobody an entry names is missing.
 */
const PAGED = [
  { name: "heads", key: "number" },
  { name: "entries", key: "seq" },
  { name: "people", key: "pseudonym" },
] as const;
const WITH_LAST_ENTRIES = ["chain", "counts", "purges"] as const;
const COPIED: readonly string[] = [...PAGED.map(({ name }) => name), ...WITH_LAST_ENTRIES];

export interface ChainPosition {
  table: string;
  after: string | number;
}

/** Rows of one table of a chain. */
export interface ChainRows {
  table: string;
  columns: string[];
  rows: DumpedValue[][];
  steps: string[];
}

export interface ChainPage {
  pages: ChainRows[];
  next: ChainPosition | null;
}

/** A page of a copy of a chain; empty when it was never used. */
export function copyChain(sql: SqlStorage, from: ChainPosition | null): ChainPage {
  if (!hasSchema(sql)) return { pages: [], next: null };
  const at = from === null ? 0 : PAGED.findIndex(({ name }) => name === from.table);
  const table = PAGED[at];
  if (table === undefined) return { pages: [], next: null };
  const isFirst = from === null || from.after === "";
  const page = rowsOf(
    sql,
    table.name,
    `${isFirst ? "" : `WHERE ${table.key} > ?`} ORDER BY ${table.key} LIMIT ${PAGE_ROWS}`,
    isFirst ? [] : [from.after],
  );
  const last = page.rows.at(-1)?.[page.columns.indexOf(table.key)];
  if (page.rows.length === PAGE_ROWS && last != null) {
    return { pages: [page], next: { table: table.name, after: last } };
  }
  const pages =
    table.name === "entries"
      ? [
          page,
          ...WITH_LAST_ENTRIES.map((name) => rowsOf(sql, name)),
          rowsOf(sql, "heads", `ORDER BY number DESC LIMIT ${LATE_HEADS}`),
        ]
      : [page];
  const following = PAGED[at + 1];
  return { pages, next: following === undefined ? null : { table: following.name, after: "" } };
}

function rowsOf(sql: SqlStorage, table: string, rest = "", values: readonly SqlStorageValue[] = []): ChainRows {
  const cursor = sql.exec(`SELECT * FROM ${table} ${rest}`, ...values);
  return {
    table,
    columns: cursor.columnNames,
    rows: [...cursor.raw()].map((row) => row.map(plain)),
    steps: stepsOf(sql),
  };
}

/**
 * Takes a page of a copy into an empty chain. Until {@link openChain} the chain counts as never used. A page may be given
 * twice.
 */
export function restoreChainPage(storage: DurableObjectStorage, page: ChainRows): Result<{ rows: number }> {
  const { sql } = storage;
  if (hasSchema(sql)) return refuse("restore_target_not_empty", { detail: "The audit chain is in use." });
  if (!COPIED.includes(page.table))
    return refuse("backup_schema_mismatch", { detail: `A chain has no ${page.table}.` });
  const unknown = unknownSteps(CHAIN_SCHEMA, page.steps);
  if (unknown !== null) return unknown;
  return storage.transactionSync(() => {
    const isNew = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'entries'").toArray().length === 0;
    if (isNew) {
      makeTables(sql, CHAIN_SCHEMA, page.steps);
      storage.kv.put(STEPS, page.steps);
    }
    insertRows(sql, page.table, page);
    return ok({ rows: page.rows.length });
  });
}

/**
 * The last step of a restore: the chain must be whole up to where it says it stands. Heads are offered to the bucket again,
 * and every entry to the search database.
 */
export function openChain(storage: DurableObjectStorage): Result<{ opened: boolean }> {
  const { sql } = storage;
  const steps = storage.kv.get<string[]>(STEPS);
  if (hasSchema(sql) || steps === undefined) return ok({ opened: false });
  return storage.transactionSync(() => {
    const [held] = sql
      .exec<{ entries: number; wanted: number; ends: number }>(
        `SELECT (SELECT count(*) FROM entries) AS entries, seq - base_seq AS wanted,
           seq = base_seq OR EXISTS (SELECT 1 FROM entries AS e WHERE e.seq = chain.seq AND e.hash = chain.hash) AS ends
         FROM chain`,
      )
      .toArray();
    if (held === undefined || held.entries !== held.wanted || held.ends !== 1) {
      return refuse("restore_differs", { detail: "The audit chain is not whole." });
    }
    sql.exec("UPDATE heads SET stored_at = NULL");
    sql.exec("UPDATE chain SET projected_seq = base_seq, projected_base = base_seq, projection_error = NULL");
    recordSteps(sql, steps);
    return ok({ opened: true });
  });
}
