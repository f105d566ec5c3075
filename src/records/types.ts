// What records are, whatever stores them.

export type FieldType = "text" | "integer" | "real";
export type FieldValue = string | number | null;

/** One kind of record: what of it can be filtered and sorted by. Everything else is in the body. */
export interface RecordType {
  /** e.g. `translation.task`; the name by which the registry routes. */
  name: string;
  /** Table of relational backends. Letters and underscores: it becomes part of SQL. */
  table: string;
  /** Fields kept beside the body, by name. Letters and underscores, as above. */
  fields: Readonly<Record<string, FieldType>>;
  /** Those of the fields that may be null; they can be filtered by, not sorted by. */
  nullable?: readonly string[];
  /** Properties of the body whose text full-text search finds. */
  searchable: readonly string[];
}

/** A record at one version. A higher version replaces a lower one, whatever order they come in. */
export interface StoredRecord {
  id: string;
  /** User it belongs to. */
  owner: string;
  version: number;
  /** Epoch ms of first storage and of this version. */
  created_at: number;
  updated_at: number;
  /** Epoch ms after which it may be forgotten; null: never. */
  expires_at: number | null;
  fields: Readonly<Record<string, FieldValue>>;
  /** Everything, as JSON. */
  body: string;
}

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=" | "in";

/** A comparison with a value never holds for null; null itself is asked for with `=` and `!=`. */
export interface Condition {
  /** A field of the type, or `id`, `owner`, `version`, `created_at`, `updated_at`, `expires_at`. */
  field: string;
  is: Comparison;
  /** A list for `in`, a single value for the rest. */
  value: FieldValue | readonly FieldValue[];
}

/** A query; built by {@link query}. */
export interface RecordQuery {
  where: readonly Condition[];
  sort: { field: string; descending: boolean };
  limit: number;
  /** Bodies of so many bytes and the record that passes them are enough, UTF-8; null for as many as there are. */
  bytes: number | null;
  /** Sort value and id of the last record of the page before; null: the first page. */
  after: { value: FieldValue; id: string } | null;
  /** Words to find in the searchable fields; only for backends that can. */
  text: string | null;
  /** The best matches of the text first, in place of the sort; such a list has one page. */
  ranked: boolean;
}

/** What one write did. */
export interface WriteReport {
  /** Records that are new or newer than what was stored. */
  written: number;
  /** Records of a version that was known already, or older. */
  ignored: number;
}

/**
 * A barrier against writes that are late. One that was given up may still be under way and land at any time; raising the
 * barrier takes its effect away.
 */
export interface Fence {
  name: string;
  /** A write does nothing once its barrier stands higher than this. */
  epoch: number;
}

/** The write came too late: its barrier has been raised since. Nothing of it was stored. */
export class FenceRaisedError extends Error {
  override readonly name = "FenceRaisedError";
}

export interface BackendHealth {
  status: "ok" | "unavailable";
  latency_ms: number;
  /** What it said, without secrets; only when it is not ok. */
  detail?: string;
}

/** What a backend can do beyond writing, reading and deleting by id. What it cannot do it refuses with a RangeError. */
interface Capabilities {
  /** Filters and sorts by every field. */
  relational: boolean;
  /** Lists the records of one owner in the order of their ids. Whoever is relational can. */
  lists: boolean;
  /** Finds words. */
  text: boolean;
  /** Forgets by itself what has expired. */
  expires: boolean;
  /** Of one write all is stored or nothing; otherwise a write that failed may have stored some, and is sent again. */
  atomic: boolean;
  /** Its writes heed barriers. Elsewhere a write that was given up may land after a deletion, and stays until the next. */
  fences: boolean;
  /** Whoever reads sees the last write, wherever it was made; otherwise an older state may be seen for a while. */
  consistent: boolean;
}

/**
 * A place where records are kept. Every method is harmless to repeat. A fault of the place is thrown; that something is
 * not there, or known already, is an answer.
 */
export interface StorageBackend {
  readonly name: string;
  readonly can: Capabilities;
  /**
   * Stores records; of each id the highest version stays, whatever order writes come in.
   * @throws FenceRaisedError when it is behind its barrier; only where `can.fences`, the barrier is ignored elsewhere.
   */
  write(type: RecordType, records: readonly StoredRecord[], fence?: Fence): Promise<WriteReport>;
  /** The records of these ids that are there, in no order. */
  read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]>;
  /** A page in the order asked for; ties by id. */
  query(type: RecordType, query: RecordQuery): Promise<StoredRecord[]>;
  /** Removes these ids. @returns how many were there. */
  delete(type: RecordType, ids: readonly string[]): Promise<number>;
  /** Raises the barrier of this name above all that was written behind it. @returns its epoch. Only where `can.fences`. */
  raiseFence?(name: string): Promise<number>;
  health(): Promise<BackendHealth>;
}

/** Fields every record has besides those of its type. */
export const COMMON_FIELDS: Readonly<Record<string, FieldType>> = {
  id: "text",
  owner: "text",
  version: "integer",
  created_at: "integer",
  updated_at: "integer",
  expires_at: "integer",
};

/** Type of a field, common or of the record type; undefined when there is no such field. */
export function fieldTypeOf(type: RecordType, field: string): FieldType | undefined {
  if (Object.hasOwn(COMMON_FIELDS, field)) return COMMON_FIELDS[field];
  return Object.hasOwn(type.fields, field) ? type.fields[field] : undefined;
}

/** The value of a field, common or of the type; null where there is none. */
export function fieldOf(record: StoredRecord, field: string): FieldValue {
  switch (field) {
    case "id":
      return record.id;
    case "owner":
      return record.owner;
    case "version":
      return record.version;
    case "created_at":
      return record.created_at;
    case "updated_at":
      return record.updated_at;
    case "expires_at":
      return record.expires_at;
    default:
      return record.fields[field] ?? null;
  }
}
