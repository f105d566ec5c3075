import { cutByBytes, setParameter } from "../platform/database/batches.ts";
import {
  type Column,
  keyOf,
  lineOf,
  type Position,
  positionOf,
  readRows,
  requirePlain,
  type Statement,
  type Tables,
  valuesOf,
} from "./rows.ts";
import type { BackedUpTable } from "./tables.ts";

// Rows by the keys to which they belong. A backup of changes reads them, and its restore compares them.

/** Keys read at once, and bytes and rows of theirs read at once; one key may have more, page by page. */
const KEYS = 200;
const READ_BYTES = 2_000_000;
const READ_ROWS = 5_000;

export interface KeyedPage {
  lines: string[];
  /** The number of keys that are done. */
  done: number;
  /** Rows of the next key up to this one are done too; null: none of them. */
  after: Position | null;
}

/**
 * Rows of a table that belong to the first of these keys, in their order.
 * @param after from the page before.
 * @throws when a value has another type than its column: it could not be restored as it was.
 */
export async function readKeyed(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  keys: readonly string[],
  after: Position | null,
): Promise<KeyedPage> {
  const [first] = keys;
  if (first === undefined) return { lines: [], done: 0, after: null };
  const fit = after === null ? await fitting(tables, table, columns, keys.slice(0, KEYS)) : 0;
  if (fit === 0) {
    // A key with more rows than are read at once.
    const range = { after, only: onlyOf(table, columns, first) };
    const { lines, last, more } = await readRows(tables, table, columns, range);
    return more && last !== null ? { lines, done: 0, after: last } : { lines, done: 1, after: null };
  }
  const wanted = keys.slice(0, fit);
  const lines: string[] = [];
  for (const { json } of cutByBytes(wanted)) {
    const [rows = []] = await tables.batch([selectStatement(table, columns, matchOf(table, columns), json)]);
    for (const row of rows) {
      requirePlain(table, row);
      lines.push(lineOf(columns, row));
    }
  }
  return { lines, done: fit, after: null };
}

/** How many of the first keys have few enough rows to be read at once. */
async function fitting(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  keys: readonly string[],
): Promise<number> {
  const sizes = columns
    .filter(({ type }) => type === "TEXT")
    .map(({ name }) => `coalesce(octet_length(t."${name}"), 0)`);
  const bytes = `(SELECT count(*) || ' ' || coalesce(sum(${["0", ...sizes].join(" + ")}), 0)
    FROM "${table.name}" AS t WHERE ${matchOf(table, columns)})`;
  let [rowsLeft, bytesLeft, fit] = [READ_ROWS, READ_BYTES, 0];
  for (const { json } of cutByBytes(keys)) {
    const sql = `SELECT ${bytes} AS size FROM ${setParameter(1)} AS wanted`;
    const [found = []] = await tables.batch([{ sql, values: [json] }]);
    for (const { size } of found) {
      const [rows = 0, held = 0] = String(size).split(" ").map(Number);
      rowsLeft -= rows;
      bytesLeft -= held;
      if (rowsLeft < 0 || bytesLeft < 0) return fit;
      fit += 1;
    }
  }
  return fit;
}

/** SQL that is true of the rows of the key that a set has as `wanted.value`. */
function matchOf(table: BackedUpTable, columns: readonly Column[]): string {
  const [one, other] = keyColumns(table, columns);
  const key = "wanted.value";
  if (other === undefined) return `t."${one.name}" = ${key}`;
  return `t."${one.name}" = substr(${key}, 1, instr(${key}, '@') - 1)
    AND t."${other.name}" = CAST(substr(${key}, instr(${key}, '@') + 1) AS INTEGER)`;
}

/** The rows of one key, as a condition with its values. */
function onlyOf(table: BackedUpTable, columns: readonly Column[], key: string): { sql: string; values: string[] } {
  const [one, other] = keyColumns(table, columns);
  if (other === undefined) return { sql: `"${one.name}" = ?`, values: [key] };
  const at = key.indexOf("@");
  const sql = `"${one.name}" = ? AND "${other.name}" = CAST(? AS INTEGER)`;
  return { sql, values: [key.slice(0, at), key.slice(at + 1)] };
}

function keyColumns(table: BackedUpTable, columns: readonly Column[]): [Column, Column | undefined] {
  const named = (table.by?.columns ?? []).map((name) => columns.find((column) => column.name === name));
  const [one, other] = named;
  if (one === undefined) throw new Error(`${table.name} is in every backup whole`);
  return [one, other];
}

function selectStatement(table: BackedUpTable, columns: readonly Column[], match: string, json: string): Statement {
  const picked = columns.map(({ name, type }, at) =>
    type === "INTEGER" ? `CAST(t."${name}" AS TEXT) AS c${at}` : `t."${name}" AS c${at}`,
  );
  const isPlain = columns.map(({ name, type }) => `typeof(t."${name}") IN ('null', '${type.toLowerCase()}')`);
  return {
    sql: `SELECT ${picked.join(", ")}, ${isPlain.join(" AND ")} AS is_plain
      FROM ${setParameter(1)} AS wanted CROSS JOIN "${table.name}" AS t ON ${match}`,
    values: [json],
  };
}

/** The key of a row in its table's kind of changes. */
export function changeKeyOf(table: BackedUpTable, columns: readonly Column[], line: string): string {
  const values = valuesOf(columns, line);
  return (table.by?.columns ?? [])
    .map((name) => values[columns.findIndex((column) => column.name === name)] ?? "")
    .join("@");
}

/** The lines of the rows that have the primary keys of these lines. */
export async function linesLike(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  lines: readonly string[],
): Promise<Set<string>> {
  const match = keyOf(columns).map(({ name, type }, at) => {
    const value = `wanted.value ->> '$[${at}]'`;
    return `t."${name}" = ${type === "INTEGER" ? `CAST(${value} AS INTEGER)` : value}`;
  });
  const held = new Set<string>();
  for (const batch of linesByBytes(lines)) {
    for (const { json } of cutByBytes(batch.map((line) => positionOf(columns, line)))) {
      const [rows = []] = await tables.batch([selectStatement(table, columns, match.join(" AND "), json)]);
      for (const row of rows) held.add(lineOf(columns, row));
    }
  }
  return held;
}

/** Lines in groups of so many bytes: as many rows come back. */
function linesByBytes(lines: readonly string[]): string[][] {
  const groups: string[][] = [];
  let room = 0;
  for (const line of lines) {
    const last = groups.at(-1);
    if (last === undefined || room < line.length) {
      groups.push([line]);
      room = READ_BYTES - line.length;
    } else {
      last.push(line);
      room -= line.length;
    }
  }
  return groups;
}
