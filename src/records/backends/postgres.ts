import postgres from "postgres";
import { cutByBytes, oneBatch } from "../../platform/database/batches.ts";
import type {
  BackendHealth,
  FieldType,
  RecordQuery,
  RecordType,
  StorageBackend,
  StoredRecord,
  WriteReport,
} from "../types.ts";
import { newestOf } from "./newest.ts";
import { probe } from "./probe.ts";
import { columnsOf, type Dialect, fromIds, readRow, rowOf, selectFor, upsertFor } from "./relational.ts";

/** Bytes of JSON of one statement's parameter. */
const BATCH_BYTES = 8_000_000;
/** Connections of one backend; an invocation may have six of all kinds. */
const MAX_CONNECTIONS = 4;
/** A connection that is not made, or not used, for so many seconds is given up. */
const CONNECT_SECONDS = 5;
const IDLE_SECONDS = 10;

const TYPES: Readonly<Record<FieldType, string>> = { text: "text", integer: "bigint", real: "double precision" };

// The driver would encode a parameter of type json a second time; one of type text is passed on as it is.
const POSTGRES: Dialect = {
  parameter: (n) => `$${n}`,
  rows: (columns, n) => {
    const names = columns.map(({ name }) => name).join(", ");
    const typed = columns.map(({ name, type }) => `${name} ${TYPES[type]}`).join(", ");
    return `SELECT ${names} FROM json_to_recordset($${n}::text::json) AS incoming (${typed})`;
  },
  inList: ({ name, type }, n) =>
    `${name} IN (SELECT item::${TYPES[type]} FROM json_array_elements_text($${n}::text::json) AS list (item))`,
  bytesOf: (column) => `octet_length(${column})`,
};

/**
 * Records in PostgreSQL, through a Hyperdrive binding's connection string or any other. It connects with the first
 * query, and creates nothing: {@link postgresSchema} is for a migration. Sockets belong to the invocation that opened
 * them, so each has a backend of its own; Hyperdrive keeps the connections behind it. PostgreSQL has no NUL in texts: a
 * field with one is refused. (In JSON it is an escape, so a body may have one.)
 */
export class PostgresBackend implements StorageBackend {
  readonly name = "postgres";
  readonly can = {
    relational: true,
    lists: true,
    text: false,
    expires: false,
    atomic: true,
    fences: false,
    consistent: true,
  };
  readonly #sql: postgres.Sql;

  constructor(connectionString: string) {
    this.#sql = postgres(connectionString, {
      max: MAX_CONNECTIONS,
      connect_timeout: CONNECT_SECONDS,
      idle_timeout: IDLE_SECONDS,
      // Asking the server for its types costs a round trip for each connection, and only built-in ones are used.
      fetch_types: false,
      onnotice: () => {},
    });
  }

  async write(type: RecordType, records: readonly StoredRecord[]): Promise<WriteReport> {
    if (records.length === 0) return { written: 0, ignored: 0 };
    const statement = upsertFor(type, POSTGRES);
    // A statement of PostgreSQL must not change a row twice, so only the newest version is written.
    const batches = cutByBytes(newestOf(records).map(rowOf), BATCH_BYTES);
    const counts = await this.#sql.begin(async (sql) => {
      const done: number[] = [];
      for (const { json } of batches) done.push((await sql.unsafe(statement, [json])).count);
      return done;
    });
    const written = counts.reduce((sum, count) => sum + count, 0);
    return { written, ignored: records.length - written };
  }

  async read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]> {
    const rows = await this.#sql.unsafe(`SELECT * ${fromIds(type, POSTGRES)}`, [oneBatch(ids).json]);
    return rows.map((row) => readRow(type, row));
  }

  async query(type: RecordType, query: RecordQuery): Promise<StoredRecord[]> {
    if (query.text !== null) throw new RangeError("PostgreSQL does not find words here; ask the search backend");
    const { sql, values } = selectFor(type, query, POSTGRES);
    const rows = await this.#sql.unsafe(sql, values);
    return rows.map((row) => readRow(type, row));
  }

  async delete(type: RecordType, ids: readonly string[]): Promise<number> {
    return (await this.#sql.unsafe(`DELETE ${fromIds(type, POSTGRES)}`, [oneBatch(ids).json])).count;
  }

  health(): Promise<BackendHealth> {
    return probe(() => this.#sql`SELECT 1`);
  }

  /** Ends the connections; for processes that live on. */
  close(): Promise<void> {
    return this.#sql.end({ timeout: 1 });
  }
}

/**
 * SQL that makes the table of a type. Texts are compared by their bytes, as everywhere else, so that cursors mean the
 * same in every backend.
 */
export function postgresSchema(type: RecordType): string {
  const mayBeNull = new Set(["expires_at", ...(type.nullable ?? [])]);
  const columns = columnsOf(type).map(({ name, type: form }) => {
    const collation = form === "text" ? ' COLLATE "C"' : "";
    return `  ${name} ${TYPES[form]}${collation}${name === "id" ? " PRIMARY KEY" : mayBeNull.has(name) ? "" : " NOT NULL"}`;
  });
  return `CREATE TABLE ${type.table} (\n${columns.join(",\n")}\n);
CREATE INDEX ${type.table}_by_owner_updated ON ${type.table} (owner, updated_at, id);
CREATE INDEX ${type.table}_by_updated ON ${type.table} (updated_at, id);`;
}
