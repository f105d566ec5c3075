import type { BackendHealth, RecordQuery, RecordType, StorageBackend, StoredRecord, WriteReport } from "../types.ts";
import { newestOf } from "./newest.ts";
import { probe } from "./probe.ts";
import {
  chunksOf,
  type Dialect,
  fromIds,
  type Matches,
  type RelationalRow,
  readRow,
  rowOf,
  selectFor,
  upsertFor,
} from "./relational.ts";

/** JSON characters of one statement's parameter. D1 takes 2 MB, and a character may have three bytes. */
export const CHUNK_CHARACTERS = 600_000;

const SQLITE: Dialect = {
  parameter: () => "?",
  rows: (columns) =>
    `SELECT ${columns.map(({ name }) => `value ->> '${name}'`).join(", ")} FROM json_each(?) WHERE true`,
  inList: ({ name }) => `${name} IN (SELECT value FROM json_each(?))`,
};

/** Records in D1: one table per type, its fields as columns, everything else in `body`. */
export class D1Backend implements StorageBackend {
  readonly name = "d1";
  readonly can = { relational: true, lists: true, text: false, expires: false, atomic: true, consistent: true };
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async write(type: RecordType, records: readonly StoredRecord[]): Promise<WriteReport> {
    if (records.length === 0) return { written: 0, ignored: 0 };
    const results = await this.#db.batch(upsertStatements(this.#db, type, newestOf(records)));
    const written = results.reduce((sum, { meta }) => sum + (meta.changes ?? 0), 0);
    return { written, ignored: records.length - written };
  }

  async read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]> {
    const { results } = await this.#db
      .prepare(`SELECT * ${fromIds(type, SQLITE)}`)
      .bind(JSON.stringify(ids))
      .all<RelationalRow>();
    return results.map((row) => readRow(type, row));
  }

  async query(type: RecordType, query: RecordQuery): Promise<StoredRecord[]> {
    if (query.text !== null) throw new RangeError("D1 does not find words; ask the search backend");
    return selectRows(this.#db, type, query);
  }

  async delete(type: RecordType, ids: readonly string[]): Promise<number> {
    const { meta } = await deleteStatement(this.#db, type, ids).run();
    return meta.changes ?? 0;
  }

  health(): Promise<BackendHealth> {
    return probe(() => this.#db.prepare("SELECT 1").first());
  }
}

const upserts = new Map<string, string>();

/** The statements that write records, for one batch; their changes are the records that were new or newer. */
export function upsertStatements(
  db: D1Database,
  type: RecordType,
  records: readonly StoredRecord[],
): D1PreparedStatement[] {
  const sql = upserts.get(type.name) ?? upsertFor(type, SQLITE);
  upserts.set(type.name, sql);
  return chunksOf(records.map(rowOf), CHUNK_CHARACTERS).map((chunk) => db.prepare(sql).bind(JSON.stringify(chunk)));
}

export function deleteStatement(db: D1Database, type: RecordType, ids: readonly string[]): D1PreparedStatement {
  return db.prepare(`DELETE ${fromIds(type, SQLITE)}`).bind(JSON.stringify(ids));
}

/** Records of a query, of those that words were found in when there are matches. */
export async function selectRows(
  db: D1Database,
  type: RecordType,
  query: RecordQuery,
  matches: Matches | null = null,
): Promise<StoredRecord[]> {
  const { sql, values } = selectFor(type, query, SQLITE, matches);
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all<RelationalRow>();
  return results.map((row) => readRow(type, row));
}
