import { z } from "@hono/zod-openapi";
import { oneBatch } from "../../platform/database/batches.ts";
import {
  COMMON_FIELDS,
  type FieldType,
  type FieldValue,
  fieldTypeOf,
  type RecordQuery,
  type RecordType,
  type StoredRecord,
} from "../types.ts";

/** A row of a record table, as a driver returns it. */
export type RelationalRow = Record<string, unknown>;

const scalar = z.union([z.string(), z.number(), z.null()]);
const rowSchema = z.looseObject({
  id: z.string(),
  owner: z.string(),
  version: z.coerce.number(),
  created_at: z.coerce.number(),
  updated_at: z.coerce.number(),
  expires_at: z.coerce.number().nullable(),
  body: z.string(),
});

/** A row of the type's table as a record. @throws ZodError when the table differs from what the code expects. */
export function readRow(type: RecordType, row: RelationalRow): StoredRecord {
  const { id, owner, version, created_at, updated_at, expires_at, body } = rowSchema.parse(row);
  const fields = Object.fromEntries(
    Object.entries(type.fields).map(([name, form]): [string, FieldValue] => {
      const value = scalar.parse(row[name] ?? null);
      return [name, value !== null && form !== "text" ? Number(value) : value];
    }),
  );
  return { id, owner, version, created_at, updated_at, expires_at, fields, body };
}

/** The differences between the SQL of the databases. */
export interface Dialect {
  /** Placeholder of the n-th parameter, from 1. */
  parameter(n: number): string;
  /** A SELECT of these columns of the rows in a JSON array that is the n-th parameter; a WHERE may follow. */
  rows(columns: readonly Column[], n: number): string;
  /** Whether a column is one of a JSON array that is the n-th parameter. */
  inList(column: Column, n: number): string;
  /** Bytes of a text. */
  bytesOf(column: string): string;
}

export interface Column {
  name: string;
  type: FieldType;
}

/**
 * Rows in which the words were found: a subquery with the columns `found_id`, `found_version` and `found_rank`, the
 * best lowest.
 */
export interface Matches {
  sql: string;
  values: readonly FieldValue[];
}

/** Columns of a type's table. */
export function columnsOf(type: RecordType): Column[] {
  const columns = Object.entries({ ...COMMON_FIELDS, body: "text" as const, ...type.fields });
  return columns.map(([name, form]) => ({ name, type: form }));
}

/** The records of a call as the JSON array that {@link upsertFor} takes. */
export function rowOf({ fields, ...record }: StoredRecord): Omit<StoredRecord, "fields"> {
  return { ...record, ...fields };
}

/**
 * One statement for any number of records, which are its one parameter: for each id the highest version stays, and so
 * does the time of first storage.
 * @param guard SQL condition; rows for which it is not true are left out.
 */
export function upsertFor(type: RecordType, dialect: Dialect, guard = "true"): string {
  const columns = columnsOf(type);
  const replaced = columns.filter(({ name }) => name !== "id" && name !== "created_at");
  return `INSERT INTO ${type.table} (${columns.map(({ name }) => name).join(", ")}) ${dialect.rows(columns, 1)} WHERE ${guard}
    ON CONFLICT (id) DO UPDATE SET ${replaced.map(({ name }) => `${name} = excluded.${name}`).join(", ")}
    WHERE excluded.version > ${type.table}.version`;
}

/** The rows of a list of ids, which is the one parameter; to follow SELECT * or DELETE. */
export function fromIds(type: RecordType, dialect: Dialect): string {
  return `FROM ${type.table} WHERE ${dialect.inList({ name: "id", type: "text" }, 1)}`;
}

/**
 * The SELECT of a query. Names in it come from the code (see QueryBuilder), values are parameters. Pages continue after
 * a pair of sort value and id, in the direction of the sort. So a walk returns every row that was there all the time
 * exactly once, whatever is written or removed meanwhile. Sort fields are never null.
 */
export function selectFor(
  type: RecordType,
  query: RecordQuery,
  dialect: Dialect,
  matches: Matches | null = null,
): { sql: string; values: FieldValue[] } {
  const values: FieldValue[] = [...(matches?.values ?? [])];
  const parameter = (value: FieldValue) => {
    values.push(value);
    return dialect.parameter(values.length);
  };
  const conditions = query.where.map(({ field, is, value }) => {
    if (is === "in") {
      values.push(oneBatch([value].flat()).json);
      return dialect.inList({ name: field, type: fieldTypeOf(type, field) ?? "text" }, values.length);
    }
    if (value === null) return is === "=" ? `${field} IS NULL` : `${field} IS NOT NULL`;
    if (typeof value === "object") throw new RangeError(`"${is}" takes one value`);
    return `${field} ${is} ${parameter(value)}`;
  });
  const { field, descending } = query.sort;
  const direction = descending ? "DESC" : "ASC";
  if (query.after !== null) {
    const before = descending ? "<" : ">";
    const { value, id } = query.after;
    conditions.push(
      field === "id"
        ? `id ${before} ${parameter(id)}`
        : `(${field}, id) ${before} (${parameter(value)}, ${parameter(id)})`,
    );
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const sorted = field === "id" ? `id ${direction}` : `${field} ${direction}, id ${direction}`;
  const order = query.ranked ? "found_rank, id" : sorted;
  // A row that is newer than its indexed words is not a match: the words may not be in it any more.
  const found = matches === null ? "" : `JOIN (${matches.sql}) ON found_id = id AND found_version = version`;
  const rank = query.ranked ? ", found_rank" : "";
  const rows = `SELECT ${type.table}.*${rank} FROM ${type.table} ${found} ${where} ORDER BY ${order} LIMIT ${parameter(query.limit)}`;
  if (query.bytes === null) return { sql: rows, values };
  const size = dialect.bytesOf("body");
  const sum = `sum(${size}) OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)`;
  const sql = `SELECT * FROM (SELECT found.*, ${sum} - ${size} AS bytes_before FROM (${rows}) AS found) AS measured
    WHERE bytes_before <= ${parameter(query.bytes)} ORDER BY ${order}`;
  return { sql, values };
}
