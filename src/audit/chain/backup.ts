import {
  type DumpedValue,
  insertRows,
  makeTables,
  recordSteps,
  stepsOf,
  takeRows,
  unknownSteps,
} from "../../platform/cell/object-rows.ts";
import { hasSchema } from "../../platform/cell/object-schema.ts";
import { setStatement } from "../../platform/database/set-statement.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { pseudonymsIn } from "../people.ts";
import { CHAIN_SCHEMA } from "./schema.ts";

/** Rows and bytes of one page. Entries are small: their details have a fixed form. */
const PAGE_ROWS = 1_000;
const PAGE_BYTES = 2_000_000;
/** Heads that may be signed while a chain is copied, at one an hour. */
const LATE_HEADS = 100;
/** The key under which a chain that is being filled keeps the schema of its copy. */
const STEPS = "restored_steps";

/**
 * The tables with their keys, in the order in which they are copied: the long ones page by page. The last entries bring
 * the place of the chain, its counts and its last heads, all of the same instant. The table of people comes after that,
 * so that it has everybody whom an entry names.
 */
const PAGED = [
  { name: "heads", key: "number" },
  { name: "entries", key: "seq" },
  { name: "people", key: "pseudonym" },
  { name: "forgotten", key: "subject" },
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

/**
 * A page of a copy of a chain; empty if the chain was never used.
 * @param since null: everything. Else the entries after this one, each page with the people whom it names.
 */
export function copyChain(sql: SqlStorage, given: ChainPosition | null, since: number | null = null): ChainPage {
  if (!hasSchema(sql)) return { pages: [], next: null };
  // For a part of the entries, the copy begins as if the page before had ended there.
  const from = given?.table === "entries" && given.after === "" && since !== null ? { ...given, after: since } : given;
  const at = from === null ? 0 : PAGED.findIndex(({ name }) => name === from.table);
  const table = PAGED[at];
  if (table === undefined) return { pages: [], next: null };
  if (since !== null && table.name === "people") return { pages: [], next: { table: "forgotten", after: "" } };
  const isFirst = from === null || from.after === "";
  const page = rowsOf(
    sql,
    table.name,
    `${isFirst ? "" : `WHERE ${table.key} > ?`} ORDER BY ${table.key} LIMIT ${PAGE_ROWS}`,
    isFirst ? [] : [from.after],
  );
  const last = page.rows.at(-1)?.[page.columns.indexOf(table.key)];
  const named = since !== null && table.name === "entries" ? [peopleNamed(sql, page)] : [];
  if ((page.isCut || page.rows.length === PAGE_ROWS) && last != null) {
    return { pages: [...named, withoutCut(page)], next: { table: table.name, after: last } };
  }
  const pages =
    table.name === "entries"
      ? [
          ...named,
          withoutCut(page),
          ...WITH_LAST_ENTRIES.map((name) => withoutCut(rowsOf(sql, name))),
          withoutCut(rowsOf(sql, "heads", `ORDER BY number DESC LIMIT ${LATE_HEADS}`)),
        ]
      : [withoutCut(page)];
  const following = PAGED[at + 1];
  return { pages, next: following === undefined ? null : { table: following.name, after: "" } };
}

const PEOPLE = setStatement((set) => `SELECT * FROM people WHERE pseudonym IN (SELECT value FROM ${set})`);

/** Who the pseudonyms in a page of entries are. */
function peopleNamed(sql: SqlStorage, { rows, steps }: ChainRows): ChainRows {
  const columns = ["pseudonym", "user_id"];
  const named = [...new Set(pseudonymsIn(JSON.stringify(rows)))];
  const people = PEOPLE.exec<{ pseudonym: string; user_id: string }>(sql, named);
  return { table: "people", columns, rows: people.map(({ pseudonym, user_id }) => [pseudonym, user_id]), steps };
}

/** Rows up to the size of a page. */
function rowsOf(
  sql: SqlStorage,
  table: string,
  rest = "",
  values: readonly SqlStorageValue[] = [],
): ChainRows & { isCut: boolean } {
  const cursor = sql.exec(`SELECT * FROM ${table} ${rest}`, ...values);
  const { rows, isCut } = takeRows(cursor, PAGE_BYTES);
  return { table, columns: cursor.columnNames, rows, steps: stepsOf(sql), isCut };
}

function withoutCut({ isCut: _isCut, ...page }: ChainRows & { isCut: boolean }): ChainRows {
  return page;
}

/**
 * Writes a page of a copy into an empty chain. Until {@link openChain} the chain counts as never used. The same page
 * may come twice.
 */
export function restoreChainPage(storage: DurableObjectStorage, page: ChainRows): Result<{ rows: number }> {
  const { sql } = storage;
  if (hasSchema(sql)) return refuse("restore_target_not_empty", { detail: "The audit chain is in use." });
  if (!COPIED.includes(page.table))
    return refuse("backup_schema_mismatch", { detail: `An audit chain has no table ${page.table}.` });
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
 * The last step of a restore: the chain must be complete up to its own place. Its heads are sent to the bucket again,
 * and every entry to the search database.
 */
export function openChain(storage: DurableObjectStorage): Result<{ opened: boolean }> {
  const { sql } = storage;
  const steps = storage.kv.get<string[]>(STEPS);
  if (hasSchema(sql) || steps === undefined) return ok({ opened: false });
  return storage.transactionSync(() => {
    // In a backup of several links, an older link has entries that were purged before the last link.
    sql.exec("DELETE FROM entries WHERE seq <= (SELECT base_seq FROM chain)");
    const [held] = sql
      .exec<{ entries: number; wanted: number; ends: number }>(
        `SELECT (SELECT count(*) FROM entries) AS entries, seq - base_seq AS wanted,
           seq = base_seq OR EXISTS (SELECT 1 FROM entries AS e WHERE e.seq = chain.seq AND e.hash = chain.hash) AS ends
         FROM chain`,
      )
      .toArray();
    if (held === undefined || held.entries !== held.wanted || held.ends !== 1) {
      return refuse("restore_differs", { detail: "The audit chain is not complete." });
    }
    sql.exec("UPDATE heads SET stored_at = NULL");
    sql.exec("UPDATE chain SET projected_seq = base_seq, projected_base = base_seq, projection_error = NULL");
    recordSteps(sql, steps);
    return ok({ opened: true });
  });
}
