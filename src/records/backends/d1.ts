import { cutByBytes, oneBatch, setParameter } from "../../platform/database/batches.ts";
import { alive } from "../../platform/statements.ts";
import { fenceOf, raiseFence } from "../statements.ts";
import {
  type BackendHealth,
  type Fence,
  FenceRaisedError,
  type RecordQuery,
  type RecordType,
  type StorageBackend,
  type StoredRecord,
  type WriteReport,
} from "../types.ts";
import { newestOf } from "./newest.ts";
import { probe } from "./probe.ts";
import {
  type Dialect,
  fromIds,
  type Matches,
  type RelationalRow,
  readRow,
  rowOf,
  selectFor,
  upsertFor,
} from "./relational.ts";

/** True while the barrier named by the two parameters is not higher than the second one. */
const NOT_LATE = "NOT EXISTS (SELECT 1 FROM record_fences WHERE name = ? AND epoch > ?)";

const SQLITE: Dialect = {
  parameter: () => "?",
  rows: (columns) => `SELECT ${columns.map(({ name }) => `value ->> '${name}'`).join(", ")} FROM ${setParameter()}`,
  inList: ({ name }) => `${name} IN (SELECT value FROM ${setParameter()})`,
  bytesOf: (column) => `length(CAST(${column} AS BLOB))`,
};

/** Records in D1: one table per type, its fields as columns, everything else in `body`. */
export class D1Backend implements StorageBackend {
  readonly name = "d1";
  readonly can = {
    relational: true,
    lists: true,
    text: false,
    expires: false,
    atomic: true,
    fences: true,
    consistent: true,
  };
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async write(type: RecordType, records: readonly StoredRecord[], fence?: Fence): Promise<WriteReport> {
    if (records.length === 0) return { written: 0, ignored: 0 };
    const results = await batchBehind(this.#db, upsertStatements(this.#db, type, newestOf(records), fence), fence);
    const written = results.reduce((sum, { meta }) => sum + (meta.changes ?? 0), 0);
    return { written, ignored: records.length - written };
  }

  async read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]> {
    const { results } = await this.#db
      .prepare(`SELECT * ${fromIds(type, SQLITE)}`)
      .bind(oneBatch(ids).json)
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

  async raiseFence(name: string): Promise<number> {
    const raised = await raiseFence(this.#db, name).first<number>("epoch");
    if (raised === null) throw new Error("the barrier was not raised");
    return raised;
  }

  health(): Promise<BackendHealth> {
    return probe(() => alive(this.#db).first());
  }
}

const upserts = new Map<string, string>();

/** The statements that write records, for one batch; the number of their changes is that of new or newer records. */
export function upsertStatements(
  db: D1Database,
  type: RecordType,
  records: readonly StoredRecord[],
  fence?: Fence,
): D1PreparedStatement[] {
  const sql = upserts.get(type.name) ?? upsertFor(type, SQLITE, NOT_LATE);
  upserts.set(type.name, sql);
  const behind = [fence?.name ?? null, fence?.epoch ?? 0];
  return cutByBytes(records.map(rowOf)).map(({ json }) => db.prepare(sql).bind(json, ...behind));
}

/** Runs statements as one transaction. @throws FenceRaisedError when they came too late to do anything. */
export async function batchBehind(
  db: D1Database,
  statements: readonly D1PreparedStatement[],
  fence?: Fence,
): Promise<D1Result[]> {
  if (fence === undefined) return db.batch([...statements]);
  const standing = fenceOf(db, fence.name);
  const results = await db.batch<{ epoch: number }>([...statements, standing]);
  const epoch = results.pop()?.results[0]?.epoch ?? 0;
  if (epoch > fence.epoch)
    throw new FenceRaisedError(`the barrier stands at ${epoch}, the write was of ${fence.epoch}`);
  return results;
}

export function deleteStatement(db: D1Database, type: RecordType, ids: readonly string[]): D1PreparedStatement {
  return db.prepare(`DELETE ${fromIds(type, SQLITE)}`).bind(oneBatch(ids).json);
}

/** Records of a query; with matches, only those in which the words were found. */
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
