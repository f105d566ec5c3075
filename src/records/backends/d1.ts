import { describeFault } from "../../ops/logging.ts";
import type { BackendHealth, RecordQuery, RecordType, StorageBackend, StoredRecord, WriteReport } from "../types.ts";
import { chunksOf, type RelationalRow, readRow, selectFor } from "./relational.ts";

/** JSON characters of one statement's parameter; D1 takes 2 MB. */
const CHUNK_CHARACTERS = 900_000;
/** A health check that takes longer has failed, milliseconds. */
const HEALTH_TIMEOUT_MS = 1_000;

/** Records in D1: one table per type, its fields as columns, everything else in `body`. */
export class D1Backend implements StorageBackend {
  readonly name = "d1";
  readonly can = { relational: true, text: false, expires: false };
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async write(type: RecordType, records: readonly StoredRecord[]): Promise<WriteReport> {
    if (records.length === 0) return { written: 0, ignored: 0 };
    const statement = upsertFor(type);
    const rows = records.map(({ fields, ...record }) => ({ ...record, ...fields }));
    const statements = chunksOf(rows, CHUNK_CHARACTERS).map((chunk) =>
      this.#db.prepare(statement).bind(JSON.stringify(chunk)),
    );
    const results = await this.#db.batch(statements);
    const written = results.reduce((sum, { meta }) => sum + (meta.changes ?? 0), 0);
    return { written, ignored: records.length - written };
  }

  async read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]> {
    const { results } = await this.#db
      .prepare(`SELECT * FROM ${type.table} WHERE id IN (SELECT value FROM json_each(?))`)
      .bind(JSON.stringify(ids))
      .all<RelationalRow>();
    return results.map((row) => readRow(type, row));
  }

  async query(type: RecordType, query: RecordQuery): Promise<StoredRecord[]> {
    if (query.text !== null) throw new RangeError("D1 does not find words; ask the search backend");
    const { sql, values } = selectFor(type, query, {
      parameter: () => "?",
      inList: (column) => `${column} IN (SELECT value FROM json_each(?))`,
      list: (value) => JSON.stringify(value),
    });
    const { results } = await this.#db
      .prepare(sql)
      .bind(...values)
      .all<RelationalRow>();
    return results.map((row) => readRow(type, row));
  }

  async delete(type: RecordType, ids: readonly string[]): Promise<number> {
    const { meta } = await this.#db
      .prepare(`DELETE FROM ${type.table} WHERE id IN (SELECT value FROM json_each(?))`)
      .bind(JSON.stringify(ids))
      .run();
    return meta.changes ?? 0;
  }

  async health(): Promise<BackendHealth> {
    const started = performance.now();
    const timeout = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer within ${HEALTH_TIMEOUT_MS} ms`)), HEALTH_TIMEOUT_MS);
    });
    try {
      await Promise.race([this.#db.prepare("SELECT 1").first(), timeout]);
      return { status: "ok", latency_ms: performance.now() - started };
    } catch (fault) {
      return {
        status: "unavailable",
        latency_ms: performance.now() - started,
        detail: describeFault(fault).slice(0, 120),
      };
    }
  }
}

const upserts = new Map<string, string>();

/** One statement for any number of records: of each id the highest version stays, and the time of first storage. */
function upsertFor(type: RecordType): string {
  const known = upserts.get(type.name);
  if (known !== undefined) return known;
  const columns = [
    "id",
    "owner",
    "version",
    "created_at",
    "updated_at",
    "expires_at",
    "body",
    ...Object.keys(type.fields),
  ];
  const replaced = columns.filter((column) => column !== "id" && column !== "created_at");
  const sql = `
    INSERT INTO ${type.table} (${columns.join(", ")})
    SELECT ${columns.map((column) => `value ->> '${column}'`).join(", ")} FROM json_each(?) WHERE true
    ON CONFLICT (id) DO UPDATE SET ${replaced.map((column) => `${column} = excluded.${column}`).join(", ")}
    WHERE excluded.version > ${type.table}.version`;
  upserts.set(type.name, sql);
  return sql;
}
