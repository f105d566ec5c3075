import { z } from "@hono/zod-openapi";
import type { FieldValue, RecordQuery, RecordType, StoredRecord } from "../types.ts";

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

/** A row of the type's table as a record. @throws ZodError when the table is not what the code takes it for. */
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

/** What differs between the SQL of one database and another. */
export interface Dialect {
  /** Placeholder of the n-th parameter, from 1. */
  parameter(n: number): string;
  /** Whether a column is one of a list that is one parameter, the n-th. */
  inList(column: string, n: number): string;
  /** The value of that parameter. */
  list(value: readonly FieldValue[]): unknown;
}

/**
 * The SELECT of a query. Names in it come from the code (see QueryBuilder), values are parameters. Pages continue after
 * a pair of sort value and id, in the sort's direction, so that a walk returns every row that was there throughout
 * exactly once, whatever is written or removed meanwhile. Sort fields are never null.
 */
export function selectFor(type: RecordType, query: RecordQuery, dialect: Dialect): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const parameter = (value: unknown) => {
    values.push(value);
    return dialect.parameter(values.length);
  };
  const conditions = query.where.map(({ field, is, value }) => {
    if (is === "in") {
      values.push(dialect.list(Array.isArray(value) ? value : []));
      return dialect.inList(field, values.length);
    }
    if (value === null) return is === "=" ? `${field} IS NULL` : `${field} IS NOT NULL`;
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
  const order = field === "id" ? `id ${direction}` : `${field} ${direction}, id ${direction}`;
  return { sql: `SELECT * FROM ${type.table} ${where} ORDER BY ${order} LIMIT ${parameter(query.limit)}`, values };
}

/** Groups rows so that the JSON of each group stays below a size; a larger row stands alone. */
export function chunksOf<T extends { body: string }>(rows: readonly T[], characters: number): T[][] {
  const chunks: T[][] = [];
  let room = 0;
  for (const row of rows) {
    const size = JSON.stringify(row).length;
    const last = chunks.at(-1);
    if (last === undefined || size > room) {
      chunks.push([row]);
      room = characters - size;
    } else {
      last.push(row);
      room -= size;
    }
  }
  return chunks;
}
