import { ok, type Result, refuse } from "../results.ts";
import {
  type DumpedValue,
  LAST_TABLES,
  PIECE_BYTES,
  PIECE_TABLES,
  plain,
  rowBytes,
  stepsOf,
  type TableDump,
  tableNames,
} from "./object-rows.ts";
import { hasSchema } from "./object-schema.ts";
import { makePieceTable, readPiece, savePiece } from "./pieces.ts";

/** Everything in a Durable Object, as of one instant; or, with `part`, a piece of it. */
export interface ObjectDump {
  /** The schema steps that it had. */
  steps: string[];
  tables: Record<string, TableDump>;
  part?: DumpPart | undefined;
}

/** The number of this piece of a copy, from 0. All pieces of one copy are of one instant. */
export interface DumpPart {
  /** Name of the copy: the backup that it was made for. */
  copy: string;
  number: number;
  of: number;
}

/** What a caller asks for: everything if the object is small, else this piece of the copy for this backup. */
export interface DumpRequest {
  backup: string;
  part: number;
}

/** The table in which an object keeps a copy of itself, and the key that says which copy it is. */
const COPY = PIECE_TABLES.copy;
/** A dump of at most this many bytes is returned as a whole. */
const WHOLE_BYTES = 1_000_000;

interface Copy {
  backup: string;
  parts: number;
}

/**
 * Reads everything in an object in one turn, so that nothing can change in between. An object that is too large for one
 * answer first copies itself, as of that instant. It then returns the copy piece by piece while it continues to work.
 * {@link forgetCopy} removes the copy.
 *
 * @param derived tables that can be made again from others or from elsewhere.
 * @param asked absent: everything, or nothing. A piece may be asked for any number of times.
 * @returns null for an object that was never used; `unavailable` if it is larger than one answer and no piece was asked
 * for, or if the copy is gone.
 */
export function dumpObject(
  storage: DurableObjectStorage,
  derived: readonly string[],
  asked?: DumpRequest,
): Result<ObjectDump | null> {
  if (!hasSchema(storage.sql)) return ok(null);
  const copy = storage.kv.get<Copy>(COPY);
  if (asked !== undefined && copy?.backup === asked.backup) return pieceOf(storage, copy, asked.part);
  if (asked !== undefined && asked.part > 0)
    return refuse("unavailable", { detail: "The copy of the object is gone." });
  const whole = wholeDump(storage.sql, derived, WHOLE_BYTES);
  if (whole !== null) return ok(whole);
  if (asked === undefined) return refuse("unavailable", { detail: "The object is too large for one piece." });
  return pieceOf(storage, copyAside(storage, derived, asked.backup), asked.part);
}

/** Removes the copy that was made for this backup; the copy of another backup stays. */
export function forgetCopy(storage: DurableObjectStorage, backup: string): void {
  if (storage.kv.get<Copy>(COPY)?.backup !== backup) return;
  storage.transactionSync(() => {
    storage.sql.exec(`DROP TABLE IF EXISTS ${COPY}`);
    storage.kv.delete(COPY);
  });
}

/** Everything at once; null if it has more bytes. */
export function wholeDump(sql: SqlStorage, derived: readonly string[], most: number): ObjectDump | null {
  const tables: ObjectDump["tables"] = {};
  let room = most;
  for (const name of tableNames(sql, derived)) {
    const cursor = sql.exec(`SELECT * FROM "${name}"`);
    const rows: DumpedValue[][] = [];
    // A cursor must be read to its end. Rows beyond the limit are not kept.
    for (const row of cursor.raw()) {
      if (room < 0) continue;
      const values = row.map(plain);
      room -= rowBytes(values);
      rows.push(values);
    }
    if (room < 0) return null;
    tables[name] = { columns: cursor.columnNames, rows };
  }
  return { steps: stepsOf(sql), tables };
}

/** Copies everything into a table of pieces, in one transaction, without ever having more than one piece in memory. */
function copyAside(storage: DurableObjectStorage, derived: readonly string[], backup: string): Copy {
  const { sql } = storage;
  return storage.transactionSync(() => {
    makePieceTable(sql, COPY);
    const steps = stepsOf(sql);
    let parts = 0;
    let tables: ObjectDump["tables"] = {};
    let room = PIECE_BYTES;
    const close = () => {
      savePiece(sql, COPY, parts, JSON.stringify({ steps, tables }));
      parts += 1;
      tables = {};
      room = PIECE_BYTES;
    };
    for (const name of tableNames(sql, derived)) {
      const cursor = sql.exec(`SELECT * FROM "${name}"`);
      const columns = cursor.columnNames;
      tables[name] = { columns, rows: [] };
      for (const row of cursor.raw()) {
        const values = row.map(plain);
        const size = rowBytes(values);
        // The last tables stay in one piece.
        if (size > room && room < PIECE_BYTES && !LAST_TABLES.includes(name)) close();
        tables[name] ??= { columns, rows: [] };
        tables[name].rows.push(values);
        room -= size;
      }
    }
    close();
    const made: Copy = { backup, parts };
    storage.kv.put(COPY, made);
    return made;
  });
}

function pieceOf({ sql }: DurableObjectStorage, { backup, parts }: Copy, number: number): Result<ObjectDump> {
  const body = readPiece(sql, COPY, number);
  if (body === "") return refuse("unavailable", { detail: "The copy of the object has no such piece." });
  // SAFETY: copyAside() above wrote this.
  const dump = JSON.parse(body) as ObjectDump;
  return ok({ ...dump, part: { copy: backup, number, of: parts } });
}
