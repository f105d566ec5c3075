import { hasSchema, type SchemaStep } from "./object-schema.ts";
import { ok, type Result, refuse } from "./results.ts";

/** A value of an object's SQLite; objects here hold no bytes. */
export type DumpedValue = string | number | null;

export interface TableDump {
  columns: string[];
  rows: DumpedValue[][];
}

/** Everything a Durable Object holds, as of one instant. */
export interface ObjectDump {
  /** Steps of its schema that it had. */
  steps: string[];
  tables: Record<string, TableDump>;
}

/** Under this an object remembers which restore filled it, so that a step that is repeated does no harm. */
const RESTORED_BY = "restored_by";
/** Characters of one dump: an answer of an object may have 32 MiB, and a character up to three bytes. */
const MAX_DUMP_CHARACTERS = 8_000_000;
/** JSON characters one statement is given: far below the 2 MB a bound value may have. */
const MAX_STATEMENT_CHARACTERS = 600_000;

/**
 * Reads everything an object holds, in one turn, so that nothing can change in between.
 * @param derived tables that are made anew from the others or from elsewhere.
 * @returns null for an object that was never used; `unavailable` for one that is too large for one answer.
 */
export function dumpObject(storage: DurableObjectStorage, derived: readonly string[]): Result<ObjectDump | null> {
  if (!hasSchema(storage.sql)) return ok(null);
  const tables: ObjectDump["tables"] = {};
  let room = MAX_DUMP_CHARACTERS;
  for (const name of tableNames(storage.sql)) {
    if (derived.includes(name)) continue;
    const cursor = storage.sql.exec(`SELECT * FROM "${name}"`);
    const rows: DumpedValue[][] = [];
    for (const row of cursor.raw()) {
      const values = row.map(plain);
      for (const value of values) room -= typeof value === "string" ? value.length : 8;
      if (room < 0) return refuse("unavailable", { detail: "The object is too large to be copied in one piece." });
      rows.push(values);
    }
    tables[name] = { columns: cursor.columnNames, rows };
  }
  return ok({ steps: stepsOf(storage.sql), tables });
}

/**
 * Fills an empty object with what {@link dumpObject} read, and compares every row with what it was given. All in one
 * transaction: the object has everything, or it is as empty as before. Asked again by the same job, nothing happens.
 *
 * @param job the restore this belongs to.
 * @param steps the schema as this code knows it; the object gets those the dump had. Newer ones are the caller's to apply.
 * @param derived as for the dump.
 */
export function loadObject(
  storage: DurableObjectStorage,
  steps: readonly SchemaStep[],
  derived: readonly string[],
  dump: ObjectDump,
  job: string,
): Result<{ rows: number }> {
  const rows = Object.values(dump.tables).reduce((sum, table) => sum + table.rows.length, 0);
  const isSame = () => {
    const held = dumpObject(storage, derived);
    return held.ok && held.value !== null && sameDump(held.value, dump);
  };
  if (hasSchema(storage.sql)) {
    return storage.kv.get(RESTORED_BY) === job ? ok({ rows }) : refuse("restore_target_not_empty");
  }
  const unknown = unknownSteps(steps, dump.steps);
  if (unknown !== null) return unknown;
  return storage.transactionSync(() => {
    makeTables(storage.sql, steps, dump.steps);
    for (const [name, table] of Object.entries(dump.tables)) insertRows(storage.sql, name, table);
    recordSteps(storage.sql, dump.steps);
    storage.kv.put(RESTORED_BY, job);
    // Thrown, not returned: what differs must not stay.
    if (!isSame()) throw new Error("what was stored differs from the backup");
    return ok({ rows });
  });
}

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
  for (const json of jsonChunks(rows.map((row) => JSON.stringify(row)))) {
    sql.exec(`INSERT OR REPLACE INTO "${table}" (${names}) SELECT ${values} FROM json_each(?)`, json);
  }
}

/** JSON texts as arrays of them, none longer than a statement may be given. */
export function* jsonChunks(texts: readonly string[]): Generator<string> {
  let group: string[] = [];
  let room = MAX_STATEMENT_CHARACTERS;
  for (const text of texts) {
    if (group.length > 0 && text.length > room) {
      yield `[${group.join(",")}]`;
      group = [];
      room = MAX_STATEMENT_CHARACTERS;
    }
    group.push(text);
    room -= text.length;
  }
  if (group.length > 0) yield `[${group.join(",")}]`;
}

/** A value of a row as a dump has it. @throws for bytes, which no object here keeps. */
export function plain(value: SqlStorageValue): DumpedValue {
  if (value instanceof ArrayBuffer) throw new Error("an object holds bytes, which backups do not know");
  return value;
}

/** Tables of an object, sqlite_sequence (numbers given out) included; not what the platform keeps, nor the steps. */
function tableNames(sql: SqlStorage): string[] {
  return sql
    .exec<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'
       AND name <> 'schema_steps' ORDER BY name = 'sqlite_sequence', name`,
    )
    .toArray()
    .map(({ name }) => name);
}

function sameDump(a: ObjectDump, b: ObjectDump): boolean {
  const texts = [a, b].map(({ tables }) =>
    JSON.stringify(Object.entries(tables).sort(([one], [other]) => (one < other ? -1 : 1))),
  );
  return texts[0] === texts[1];
}
