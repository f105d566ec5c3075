import {
  type Comparison,
  type FieldValue,
  fieldOf,
  type RecordType,
  type StoredRecord,
} from "../../../src/records/types.ts";

/** A record type with a field of each kind, for suites that every backend passes. */
export const SAMPLE: RecordType = {
  name: "suite.sample",
  table: "suite_samples",
  fields: { status: "text", amount: "integer", score: "real", note: "text" },
  nullable: ["note"],
  searchable: ["title", "text"],
};

/** Its table in SQLite. */
export const SAMPLE_TABLE = `CREATE TABLE suite_samples (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, expires_at INTEGER, status TEXT NOT NULL, amount INTEGER NOT NULL, score REAL NOT NULL,
  note TEXT, body TEXT NOT NULL) STRICT, WITHOUT ROWID`;

/** A record with plausible values where none are given. */
export function sample(id: string, given: Partial<StoredRecord> = {}): StoredRecord {
  return {
    id,
    owner: "ada",
    version: 1,
    created_at: 1_000,
    updated_at: 2_000,
    expires_at: null,
    body: JSON.stringify({ title: id }),
    ...given,
    fields: { status: "pending", amount: 1, score: 0.5, note: null, ...given.fields },
  };
}

let names = 0;

/** An id or owner that no other test uses. */
export function fresh(prefix: string): string {
  names += 1;
  return `${prefix}-${names}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Whether a comparison holds, as the interface defines it: never for null, unless null is asked for. */
export function holds(
  record: StoredRecord,
  field: string,
  is: Comparison,
  value: FieldValue | readonly FieldValue[],
): boolean {
  const actual = fieldOf(record, field);
  if (value === null) return (actual === null) === (is === "=");
  if (actual === null) return false;
  if (typeof value === "object") return value.includes(actual);
  const order = compare(actual, value);
  const outcomes: Record<Exclude<Comparison, "in">, boolean> = {
    "=": order === 0,
    "!=": order !== 0,
    "<": order < 0,
    "<=": order <= 0,
    ">": order > 0,
    ">=": order >= 0,
  };
  return is !== "in" && outcomes[is];
}

/** Numbers by size, texts by their bytes in UTF-8. */
export function compare(a: FieldValue, b: FieldValue): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [new TextEncoder().encode(String(a)), new TextEncoder().encode(String(b))];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
}
