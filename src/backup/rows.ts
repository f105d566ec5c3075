import { cutByBytes, cutJsonByBytes, setParameter, utf8Bytes } from "../platform/database/batches.ts";
import { pause } from "./pause.ts";
import type { BackedUpTable } from "./tables.ts";

type SqlValue = string | number | null;
export interface Statement {
  sql: string;
  values: readonly SqlValue[];
}

/** The place of the tables: D1, or the scratch store of a verification. */
export interface Tables {
  /** Runs statements in one transaction. @returns the rows of each. */
  batch(statements: readonly Statement[]): Promise<Record<string, unknown>[][]>;
}

export interface Column {
  name: string;
  type: "INTEGER" | "REAL" | "TEXT";
  /** Place in the primary key, from 1; 0 for what is not in it. */
  key: number;
}

/** A position in a table: the key of a row. Whole numbers are text, because a number of JavaScript has only 53 bits. */
export type Position = readonly string[];

/** D1 as {@link Tables}. */
export function d1Tables(db: D1Database): Tables {
  return {
    async batch(statements) {
      const results = await db.batch<Record<string, unknown>>(
        statements.map(({ sql, values }) => db.prepare(sql).bind(...values)),
      );
      return results.map(({ results: rows }) => rows);
    },
  };
}

/** Columns of these tables, in their order; one round trip. @throws for a type that backups do not know. */
export async function columnsOf(tables: Tables, names: readonly string[]): Promise<Map<string, Column[]>> {
  const found = await tables.batch(names.map((name) => ({ sql: `PRAGMA table_info("${name}")`, values: [] })));
  return new Map(
    names.map((name, index) => [
      name,
      (found[index] ?? []).map((row) => {
        const type = String(row.type);
        if (type !== "INTEGER" && type !== "REAL" && type !== "TEXT")
          throw new Error(`${name} has a column of ${type}`);
        return { name: String(row.name), type, key: Number(row.pk) };
      }),
    ]),
  );
}

/** The rows of a table to read. */
export interface Range {
  after: Position | null;
  from?: Position;
  through?: Position | null;
  /** Only those of these rows for which this is true. */
  only?: { sql: string; values: readonly string[] };
}

export interface TablePage {
  /** One JSON array for each row, in the order of the columns; whole numbers are written in full, however large. */
  lines: string[];
  last: Position | null;
  /** Whether there may be rows after these. */
  more: boolean;
}

/** Bytes of rows read at once where rows may be large; one row may have more. */
const READ_BYTES = 4_000_000;

/** How to read a table: at most `page` rows by one statement, and if `isSized`, at most so many bytes. */
export interface ReadTable {
  name: string;
  page: number;
  isSized?: boolean;
}

/**
 * Rows of a table by primary key. If rows may be large, their sizes are read first, because a page by number could be
 * too large for the memory.
 * @param range after `after`, else from `from` on, else from the start; up to and including `through`, else to the end.
 * @throws when a value has another type than its column: it could not be restored as it was.
 */
export async function readRows(
  tables: Tables,
  table: ReadTable,
  columns: readonly Column[],
  range: Range,
): Promise<TablePage> {
  let through = range.through ?? null;
  let isCut = false;
  if (table.isSized === true) {
    const [sizes = []] = await tables.batch([pageStatement(table, columns, range, "sizes")]);
    // Checked here too: a key of another type would be outside the page that is read next.
    for (const row of sizes) requirePlain(table, row);
    let room = READ_BYTES;
    const end = sizes.findIndex(({ bytes }, index) => {
      room -= Number(bytes);
      return room < 0 && index > 0;
    });
    isCut = end > 0;
    const last = sizes[isCut ? end - 1 : sizes.length - 1];
    if (last === undefined) return { lines: [], last: null, more: false };
    through = positionIn(columns, last);
  }
  const [rows = []] = await tables.batch([pageStatement(table, columns, { ...range, through }, "rows")]);
  const lines = rows.map((row) => {
    requirePlain(table, row);
    return lineOf(columns, row);
  });
  const last = rows.at(-1);
  return {
    lines,
    // If a row was removed meanwhile, the page still continues after its place.
    last: isCut ? through : last === undefined ? null : positionIn(columns, last),
    more: isCut || lines.length === table.page,
  };
}

export function requirePlain(table: ReadTable, row: Record<string, unknown>): void {
  if (row.is_plain !== 1) throw new Error(`${table.name} has a value of another type than its column`);
}

function positionIn(columns: readonly Column[], row: Record<string, unknown>): Position {
  return keyOf(columns).map(({ at }) => String(row[`c${at}`]));
}

/** The statement of {@link readRows}, for the rows or for their keys and sizes. */
function pageStatement(
  table: ReadTable,
  columns: readonly Column[],
  { after, from, through = null, only }: Range,
  what: "rows" | "sizes",
): Statement {
  const key = keyOf(columns);
  const list = key.map(({ name }) => `"${name}"`).join(", ");
  const bound = key.map(({ type }) => (type === "INTEGER" ? "CAST(? AS INTEGER)" : "?")).join(", ");
  // "From the start" means from the smallest possible value, so that the plan is the same.
  const start = after ?? from ?? key.map(({ type }) => (type === "INTEGER" ? "-9223372036854775808" : ""));
  const pick = ({ name, type }: Column, at: number) =>
    type === "INTEGER" ? `CAST("${name}" AS TEXT) AS c${at}` : `"${name}" AS c${at}`;
  const isPlain = columns.map(({ name, type }) => `typeof("${name}") IN ('null', '${type.toLowerCase()}')`);
  const texts = columns.filter(({ type }) => type === "TEXT");
  const ofKey = only === undefined ? "" : `AND ${only.sql}`;
  const picked =
    what === "rows"
      ? columns.map(pick)
      : [
          ...key.map((column) => pick(column, column.at)),
          `${["0", ...texts.map(({ name }) => `coalesce(octet_length("${name}"), 0)`)].join(" + ")} AS bytes`,
        ];
  const upTo = through === null ? "" : `AND (${list}) <= (${bound})`;
  return {
    sql: `SELECT ${picked.join(", ")}, ${isPlain.join(" AND ")} AS is_plain FROM "${table.name}"
      WHERE (${list}) ${after === null ? ">=" : ">"} (${bound}) ${upTo} ${ofKey} ORDER BY ${list} LIMIT ?`,
    values: [...start, ...(through ?? []), ...(only?.values ?? []), table.page],
  };
}

/** Writes rows into a table, except those that its fence leaves out; rows that exist already stay as they are. */
export async function writeRows(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  lines: readonly string[],
): Promise<void> {
  const names = columns.map(({ name }) => `"${name}"`).join(", ");
  const values = columns.map((_, at) => `value ->> '$[${at}]'`).join(", ");
  const where = table.fence?.((name) => fieldOf(columns, name)) ?? "true";
  const small = lines.filter((line) => !needsOwnStatement(line));
  const statements: Statement[] = cutJsonByBytes(small).map(({ json }) => ({
    sql: `INSERT INTO "${table.name}" (${names}) SELECT ${values} FROM ${setParameter(1)} WHERE ${where} ON CONFLICT DO NOTHING`,
    values: [json],
  }));
  for (const line of lines.filter(needsOwnStatement)) statements.push(rowStatement(table, columns, line));
  for (const statement of statements) {
    await tables.batch([statement]);
    await pause();
  }
}

/** How many of these lines the table's fence would accept. */
export async function countAdmitted(
  tables: Tables,
  table: BackedUpTable,
  columns: readonly Column[],
  lines: readonly string[],
): Promise<number> {
  let admitted = 0;
  const where = table.fence?.((name) => fieldOf(columns, name)) ?? "true";
  // Only the beginning of a long text is sent: a fence reads only keys.
  const keys = lines.map((line) => valuesOf(columns, line).map((value) => value?.slice(0, 200) ?? null));
  for (const { json } of cutByBytes(keys)) {
    const [rows = []] = await tables.batch([
      { sql: `SELECT count(*) AS n FROM ${setParameter(1)} WHERE ${where}`, values: [json] },
    ]);
    admitted += Number(rows[0]?.n ?? 0);
  }
  return admitted;
}

/** Key of the row in a line. */
export function positionOf(columns: readonly Column[], line: string): Position {
  const values = valuesOf(columns, line);
  return keyOf(columns).map(({ at }) => values[at] ?? "");
}

/** Largest whole number in a column of these lines; 0 when there is none. */
export function largest(columns: readonly Column[], name: string, lines: readonly string[]): number {
  const at = columns.findIndex((column) => column.name === name);
  if (at < 0) return 0;
  return lines.reduce((most, line) => Math.max(most, Number(valuesOf(columns, line)[at] ?? 0)), 0);
}

/** A line's values as text; whole numbers keep all their digits. */
export function valuesOf(columns: readonly Column[], line: string): (string | null)[] {
  // The reviver gets the source text of a number, so 64 bits are kept.
  const parsed: unknown = JSON.parse(line, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? (context?.source ?? String(value)) : value,
  );
  if (!Array.isArray(parsed) || parsed.length !== columns.length) throw new Error("a line does not match its table");
  return parsed.map((value: unknown) => (value === null ? null : String(value)));
}

/** A long row, and one with a character at which SQLite's JSON ends a text, is bound value by value. */
function needsOwnStatement(line: string): boolean {
  return utf8Bytes(line) > LONG_LINE || line.includes("\\u0000");
}

/** A longer line is bound value by value: as JSON it may be larger than its row. */
const LONG_LINE = 900_000;

function rowStatement(table: BackedUpTable, columns: readonly Column[], line: string): Statement {
  const names = columns.map(({ name }) => `"${name}"`).join(", ");
  const given = columns.map(({ name, type }) =>
    type === "TEXT" ? `? AS "${name}"` : `CAST(? AS ${type}) AS "${name}"`,
  );
  const where = table.fence?.((name) => `given."${name}"`) ?? "true";
  return {
    sql: `INSERT INTO "${table.name}" (${names}) SELECT * FROM (SELECT ${given.join(", ")}) AS given WHERE ${where}
      ON CONFLICT DO NOTHING`,
    values: valuesOf(columns, line),
  };
}

function fieldOf(columns: readonly Column[], name: string): string {
  return `json_each.value ->> '$[${columns.findIndex((column) => column.name === name)}]'`;
}

export function keyOf(columns: readonly Column[]): (Column & { at: number })[] {
  return columns
    .map((column, at) => ({ ...column, at }))
    .filter(({ key }) => key > 0)
    .sort((a, b) => a.key - b.key);
}

export function lineOf(columns: readonly Column[], row: Record<string, unknown>): string {
  const values = columns.map(({ type }, at) => {
    const value = row[`c${at}`];
    // Digits as text: as a number they would be rounded beyond 2^53.
    return type === "INTEGER" && typeof value === "string" ? value : JSON.stringify(value ?? null);
  });
  return `[${values.join(",")}]`;
}

/** Compares two keys of a table as the database orders them. */
export function comparePositions(columns: readonly Column[]): (a: Position, b: Position) => number {
  const types = keyOf(columns).map(({ type }) => type);
  return (a, b) => {
    for (const [at, type] of types.entries()) {
      const [left = "", right = ""] = [a[at], b[at]];
      if (left === right) continue;
      const isLess = type === "TEXT" ? left < right : Number(left) < Number(right);
      return isLess ? -1 : 1;
    }
    return 0;
  };
}
