import { utf8Bytes } from "../database/batches.ts";
import { setStatement } from "../database/set-statement.ts";
import { type Result, refuse } from "../results.ts";
import type { SchemaStep } from "./object-schema.ts";

/** A value of an object's SQLite; objects here hold no bytes. */
export type DumpedValue = string | number | null;

export interface TableDump {
  columns: string[];
  rows: DumpedValue[][];
}

/** Bytes of one piece of a dump; a row that is larger stands alone. */
export const PIECE_BYTES = 500_000;
/** Tables that come last, in one piece: by them the whole is known, and numbers that were given out. */
export const LAST_TABLES: readonly string[] = ["enrollment", "sqlite_sequence"];
/** Tables that hold a dump in pieces; they are in no dump themselves, see pieces.ts. */
export const PIECE_TABLES = { copy: "backup_copy", filling: "restore_copy" } as const;

/** The refusal of a dump that has steps this code does not know; null when it knows them all. */
export function unknownSteps(steps: readonly SchemaStep[], wanted: readonly string[]): Result<never> | null {
  const unknown = wanted.filter((id) => !steps.some((step) => step.id === id));
  if (unknown.length === 0) return null;
  const detail = `The objects were written by a newer release: ${unknown.join(", ")}.`;
  return refuse("backup_schema_mismatch", { detail });
}

/** Makes the tables of these steps without noting it: until {@link recordSteps} the object counts as never used. */
export function makeTables(sql: SqlStorage, steps: readonly SchemaStep[], wanted: readonly string[]): void {
  for (const step of steps) if (wanted.includes(step.id)) sql.exec(step.sql);
}

/** Notes the steps an object has; from here on it is one that is in use. */
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

/** Writes rows into a table, replacing those that have the same key. */
export function insertRows(sql: SqlStorage, table: string, { columns, rows }: TableDump): void {
  const names = columns.map((column) => `"${column}"`).join(", ");
  const values = columns.map((_, index) => `value ->> '$[${index}]'`).join(", ");
  // Rows of other tables have brought numbers of their own before.
  if (table === "sqlite_sequence") sql.exec("DELETE FROM sqlite_sequence");
  const insert = setStatement((set) => `INSERT OR REPLACE INTO "${table}" (${names}) SELECT ${values} FROM ${set}`);
  // In their order: a table without a key of its own has the order in which it was filled.
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

/** A row that could be too large as JSON, or has a character at which SQLite's JSON ends a text, is bound value by value. */
function needsOwnStatement(row: readonly DumpedValue[]): boolean {
  const texts = row.filter((value) => typeof value === "string");
  return texts.some((text) => text.includes("\0")) || rowBytes(row) > PIECE_BYTES;
}

/** Rows of a cursor up to a number and a size; one at least. @returns whether there are more. */
export function takeRows(
  cursor: SqlStorageCursor<Record<string, SqlStorageValue>>,
  bytes: number,
): { rows: DumpedValue[][]; isCut: boolean } {
  const rows: DumpedValue[][] = [];
  let room = bytes;
  let isCut = false;
  for (const raw of cursor.raw()) {
    if (isCut) continue; // read to its end, as a cursor must be
    const row = raw.map(plain);
    room -= rowBytes(row);
    if (room < 0 && rows.length > 0) isCut = true;
    else rows.push(row);
  }
  return { rows, isCut };
}

/** A value of a row as a dump has it. @throws for bytes, which no object here keeps. */
export function plain(value: SqlStorageValue): DumpedValue {
  if (value instanceof ArrayBuffer) throw new Error("an object holds bytes, which backups do not know");
  return value;
}

/**
 * Tables of an object, sqlite_sequence (numbers given out) included; not what the platform keeps, nor the steps, nor pieces
 * of copies, nor those that are derived. In the order in which they are copied.
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

/** Local runtimes keep tables of their own in an object. Earlier backups hold copies of those. */
export function isOurs(name: string): boolean {
  return !name.startsWith("__");
}

/** About how many bytes a row takes. */
export function rowBytes(values: readonly DumpedValue[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === "string" ? utf8Bytes(value) + 4 : 12), 2);
}
