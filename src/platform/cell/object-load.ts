import { ok, type Result, refuse } from "../results.ts";
import { type DumpPart, type ObjectDump, wholeDump } from "./object-dump.ts";
import {
  insertRows,
  isOurs,
  makeTables,
  PIECE_TABLES,
  plain,
  recordSteps,
  tableNames,
  unknownSteps,
} from "./object-rows.ts";
import { hasSchema, type SchemaStep } from "./object-schema.ts";
import { makePieceTable, readPiece, savePiece } from "./pieces.ts";

/** The key under which an object remembers which restore filled it, so that repeating a step does no harm. */
const RESTORED_BY = "restored_by";
/** The table of the pieces of a restore, and the key that says which copy they are from. */
const FILLING = PIECE_TABLES.filling;

interface Filling {
  job: string;
  copy: string;
  /** The number of the next piece. */
  next: number;
}

/** The result of loading a dump or a piece of one. */
export interface Loaded {
  rows: number;
  /** Whether the object is filled: true only after its last piece. */
  is_complete: boolean;
}

/**
 * Fills an empty object with the result of {@link dumpObject}, and compares every row with the dump. All of this is one
 * transaction: the object has everything, or it is as empty as before. If the same job calls again, nothing happens.
 * Pieces must come in order. Until the last one was loaded and all were compared, the object counts as never used.
 *
 * @param job the restore that this belongs to.
 * @param steps the schema of this code. The object gets the steps that the dump had; the caller applies newer ones.
 * @param derived as for the dump.
 */
export function loadObject(
  storage: DurableObjectStorage,
  steps: readonly SchemaStep[],
  derived: readonly string[],
  given: ObjectDump,
  job: string,
): Result<Loaded> {
  const ours = Object.entries(given.tables).filter(([name]) => isOurs(name));
  const dump = { ...given, tables: Object.fromEntries(ours) };
  const rows = Object.values(dump.tables).reduce((sum, table) => sum + table.rows.length, 0);
  if (hasSchema(storage.sql)) {
    if (storage.kv.get(RESTORED_BY) !== job) return refuse("restore_target_not_empty");
    return ok({ rows, is_complete: dump.part === undefined || dump.part.number === dump.part.of - 1 });
  }
  const unknown = unknownSteps(steps, dump.steps);
  if (unknown !== null) return unknown;
  if (dump.part !== undefined) return loadPiece(storage, steps, derived, dump, dump.part, job, rows);
  return storage.transactionSync(() => {
    makeTables(storage.sql, steps, dump.steps);
    for (const [name, table] of Object.entries(dump.tables)) insertRows(storage.sql, name, table);
    recordSteps(storage.sql, dump.steps);
    storage.kv.put(RESTORED_BY, job);
    const held = wholeDump(storage.sql, derived, Number.POSITIVE_INFINITY);
    // Thrown, not returned: rows that differ must not stay.
    if (held === null || !sameDump(held, dump)) throw new Error("what was stored differs from the backup");
    return ok({ rows, is_complete: true });
  });
}

function loadPiece(
  storage: DurableObjectStorage,
  steps: readonly SchemaStep[],
  derived: readonly string[],
  dump: ObjectDump,
  { copy, number, of }: DumpPart,
  job: string,
  rows: number,
): Result<Loaded> {
  const { sql } = storage;
  const filling = storage.kv.get<Filling>(FILLING);
  const goesOn = filling?.job === job && filling.copy === copy;
  if (goesOn && number < filling.next) return ok({ rows, is_complete: false }); // loaded before
  if (number > (goesOn ? filling.next : 0)) {
    return refuse("restore_differs", { detail: `Piece ${number + 1} of ${of} came in the wrong order.` });
  }
  return storage.transactionSync(() => {
    if (number === 0) {
      // The rest of a restore that was stopped.
      for (const name of tableNames(sql, [])) if (name !== "sqlite_sequence") sql.exec(`DROP TABLE "${name}"`);
      makePieceTable(sql, FILLING);
      makeTables(sql, steps, dump.steps);
    }
    for (const [name, table] of Object.entries(dump.tables)) insertRows(sql, name, table);
    savePiece(sql, FILLING, number, JSON.stringify(dump.tables));
    storage.kv.put(FILLING, { job, copy, next: number + 1 } satisfies Filling);
    const isLast = number === of - 1;
    if (isLast) {
      if (!holdsPieces(sql, derived, of)) throw new Error("what was stored differs from the backup");
      sql.exec(`DROP TABLE ${FILLING}`);
      storage.kv.delete(FILLING);
      recordSteps(sql, dump.steps);
      storage.kv.put(RESTORED_BY, job);
    }
    return ok({ rows, is_complete: isLast });
  });
}

/** Whether the tables have exactly the rows of the pieces, in their order, and no others. */
function holdsPieces(sql: SqlStorage, derived: readonly string[], parts: number): boolean {
  const given = rowsOfPieces(sql, parts);
  for (const name of tableNames(sql, derived)) {
    for (const row of sql.exec(`SELECT * FROM "${name}"`).raw()) {
      if (given.next().value !== `${name} ${JSON.stringify(row.map(plain))}`) return false;
    }
  }
  return given.next().done === true;
}

function* rowsOfPieces(sql: SqlStorage, parts: number): Generator<string, undefined> {
  for (let part = 0; part < parts; part += 1) {
    // SAFETY: loadPiece() above wrote this.
    const tables = JSON.parse(readPiece(sql, FILLING, part)) as ObjectDump["tables"];
    for (const [name, { rows }] of Object.entries(tables))
      for (const row of rows) yield `${name} ${JSON.stringify(row)}`;
  }
}

function sameDump(a: ObjectDump, b: ObjectDump): boolean {
  const texts = [a, b].map(({ tables }) =>
    JSON.stringify(Object.entries(tables).sort(([one], [other]) => (one < other ? -1 : 1))),
  );
  return texts[0] === texts[1];
}
