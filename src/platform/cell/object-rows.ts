import { utf8Bytes } from "../database/batches.ts";
import { setStatement } from "../database/set-statement.ts";
import { type Result, refuse } from "../results.ts";
import type { SchemaStep } from "./object-schema.ts";

/** A value in an object's SQLite; objects here store no bytes. */
export type DumpedValue = string | number | null;

export interface TableDump {
  columns: string[];
  rows: DumpedValue[][];
}

/** Bytes of one piece of a dump. A row that is larger is a piece of its own. */
export const PIECE_BYTES = 500_000;
/** Tables that come last, in one piece: they identify the whole copy, and hold the numbers that were assigned. */
export const LAST_TABLES: readonly string[] = ["enrollment", "sqlite_sequence"];
/** Tables that hold a dump in pieces. They are not in a dump themselves, see pieces.ts. */
export const PIECE_TABLES = { copy: "backup_copy", filling: "restore_copy" } as const;

/** The refusal of a dump with steps that this code does not know; null if it knows all of them. */
export function unknownSteps(steps: readonly SchemaStep[], wanted: readonly string[]): Result<never> | null {
  const unknown = wanted.filter((id) => !steps.some((step) => step.id === id));
  if (unknown.length === 0) return null;
  const detail = `The objects were written by a newer release: ${unknown.join(", ")}.`;
  return refuse("backup_schema_mismatch", { detail });
}

/**
 * Makes the tables of these steps without noting the steps: until {@link recordSteps} the object counts as never used.
 */
export function makeTables(sql: SqlStorage, steps: readonly SchemaStep[], wanted: readonly string[]): void {
  for (const step of steps) if (wanted.includes(step.id)) sql.exec(step.sql);
}

/** Notes the steps of an object; from now on it is in use. */
export function recordSteps(sql: SqlStorage, ids: readonly string[]): void {
  sql.exec("CREATE TABLE schema_steps (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) WITHOUT ROWID");
  for (const id of ids) sql.exec("INSERT INTO schema_steps (id, applied_at) VALUES (?, ?)", id, Date.now());
}

/** Ids of the schema steps an object has. */
export function stepsOf(sql: SqlStorage): string[] {
  return sql
    .exec<{ id: string }>("SELECT id FROM schema_steps ORDER BY id")
    .toArray()
    .map(({ id }) => id);
}

/** Writes rows into a table, replacing rows with the same key. */
export function insertRows(sql: SqlStorage, table: string, { columns, rows }: TableDump): void {
  const names = columns.map((column) => `"${column}"`).join(", ");
  const values = columns.map((_, index) => `value ->> '$[${index}]'`).join(", ");
  // Rows of other tables may have assigned numbers before.
  if (table === "sqlite_sequence") sql.exec("DELETE FROM sqlite_sequence");
  const insert = setStatement((set) => `INSERT OR REPLACE INTO "${table}" (${names}) SELECT ${values} FROM ${set}`);
  // In their order: a table without a key has the order in which it was filled.
  let small: DumpedValue[][] = [];
  for (const row of rows) {
    if (!needsOwnStatement(row)) {
      small.push(row);
      continue;
    }
    insert.exec(sql, small);
    small = [];
    sql.exec(`INSERT OR REPLACE INTO "${table}" (${names}) VALUES (${columns.map(() => "?").join(", ")})`, ...row);
  }
  insert.exec(sql, small);
}

/**
 * A row is bound value by value if its JSON could be too large, or if it has a character at which SQLite ends a JSON
 * text.
 */
function needsOwnStatement(row: readonly DumpedValue[]): boolean {
  const texts = row.filter((value) => typeof value === "string");
  return texts.some((text) => text.includes("\0")) || rowBytes(row) > PIECE_BYTES;
}

/** Rows of a cursor up to a number and a size; at least one. @returns whether there are more. */
export function takeRows(
  cursor: SqlStorageCursor<Record<string, SqlStorageValue>>,
  bytes: number,
): { rows: DumpedValue[][]; isCut: boolean } {
  const rows: DumpedValue[][] = [];
  let room = bytes;
  let isCut = false;
  for (const raw of cursor.raw()) {
    if (isCut) continue; // a cursor must be read to its end
    const row = raw.map(plain);
    room -= rowBytes(row);
    if (room < 0 && rows.length > 0) isCut = true;
    else rows.push(row);
  }
  return { rows, isCut };
}

/** A value of a row in the form of dumps. @throws for bytes, which no object here stores. */
export function plain(value: SqlStorageValue): DumpedValue {
  if (value instanceof ArrayBuffer) throw new Error("an object holds bytes, which backups do not know");
  return value;
}

/**
 * Tables of an object, with sqlite_sequence (the assigned numbers), in the order in which they are copied. Left out are
 * the platform's own tables, the schema steps, pieces of copies, and derived tables.
 */
export function tableNames(sql: SqlStorage, derived: readonly string[]): string[] {
  const apart = [...derived, "schema_steps", PIECE_TABLES.copy, PIECE_TABLES.filling];
  const names = sql
    .exec<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name`,
    )
    .toArray()
    .map(({ name }) => name)
    .filter((name) => isOurs(name) && !apart.includes(name));
  return [
    ...names.filter((name) => !LAST_TABLES.includes(name)),
    ...LAST_TABLES.filter((name) => names.includes(name)),
  ];
}

/** Local runtimes have tables of their own in an object. Earlier backups contain copies of them. */
export function isOurs(name: string): boolean {
  return !name.startsWith("__");
}

/** The approximate number of bytes of a row. */
export function rowBytes(values: readonly DumpedValue[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? utf8Bytes(value) + 4 : 12), 2);
}
