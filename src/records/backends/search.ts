import { z } from "@hono/zod-openapi";
import { type ByteBatch, cutByBytes, cutText, oneBatch, setParameter } from "../../platform/database/batches.ts";
import { indexTerms, matchExpression, ownerTerm } from "../../platform/words.ts";
import type {
  BackendHealth,
  Fence,
  RecordQuery,
  RecordType,
  StorageBackend,
  StoredRecord,
  WriteReport,
} from "../types.ts";
import { batchBehind, D1Backend, deleteStatement, selectRows, upsertStatements } from "./d1.ts";
import { newestOf } from "./newest.ts";
import { type Matches, type RelationalRow, readRow } from "./relational.ts";

/** Characters of a record's searchable text that are indexed; later ones are not found. */
const INDEXED_CHARACTERS = 200_000;

/** Bytes of a record's words, which are one value of a statement; further words are not found. */
const INDEXED_BYTES = 1_500_000;

const bodySchema = z.record(z.string(), z.unknown());

/**
 * Records in D1 with an index of their words, which also finds Chinese, Japanese and Korean. A row and its words are
 * written in one transaction, so the index is never behind. The index can be made again: exports of D1 refuse a
 * database with such tables, so they are dropped before and made again after ({@link clearIndex}, {@link indexPage}).
 * Rows written by the plain D1 backend are found once they have been indexed in this way.
 */
export class SearchBackend implements StorageBackend {
  readonly name = "search";
  readonly can = {
    relational: true,
    lists: true,
    text: true,
    expires: false,
    atomic: true,
    fences: true,
    consistent: true,
  };
  readonly #db: D1Database;
  readonly #rows: D1Backend;

  constructor(db: D1Database) {
    this.#db = db;
    this.#rows = new D1Backend(db);
  }

  async write(type: RecordType, records: readonly StoredRecord[], fence?: Fence): Promise<WriteReport> {
    if (records.length === 0) return { written: 0, ignored: 0 };
    const newest = newestOf(records);
    const rows = upsertStatements(this.#db, type, newest, fence);
    const results = await batchBehind(this.#db, [...rows, ...this.#indexing(type, newest)], fence);
    const written = results.slice(0, rows.length).reduce((sum, { meta }) => sum + (meta.changes ?? 0), 0);
    return { written, ignored: records.length - written };
  }

  read(type: RecordType, ids: readonly string[]): Promise<StoredRecord[]> {
    return this.#rows.read(type, ids);
  }

  async query(type: RecordType, query: RecordQuery): Promise<StoredRecord[]> {
    if (query.text === null) return this.#rows.query(type, query);
    if (type.searchable.length === 0) throw new RangeError(`${type.name} has no text to search`);
    const owner = query.where.find(({ field, is }) => field === "owner" && is === "=")?.value;
    const expression = matchExpression(query.text, typeof owner === "string" ? owner : null);
    return expression === null ? [] : selectRows(this.#db, type, query, matchesOf(type, expression));
  }

  async delete(type: RecordType, ids: readonly string[]): Promise<number> {
    const { map, words } = tablesOf(type);
    const list = oneBatch(ids).json;
    const known = `WHERE id IN (SELECT value FROM ${setParameter()})`;
    const index = [
      this.#db.prepare(`DELETE FROM ${words} WHERE rowid IN (SELECT docid FROM ${map} ${known})`).bind(list),
      this.#db.prepare(`DELETE FROM ${map} ${known}`).bind(list),
    ];
    const statements = type.searchable.length === 0 ? [] : index;
    const results = await this.#db.batch([...statements, deleteStatement(this.#db, type, ids)]);
    return results.at(-1)?.meta.changes ?? 0;
  }

  raiseFence(name: string): Promise<number> {
    return this.#rows.raiseFence(name);
  }

  health(): Promise<BackendHealth> {
    return this.#rows.health();
  }

  /** Empties the index of a type; its records are found again when their pages are indexed. */
  async clearIndex(type: RecordType): Promise<void> {
    const { map, words } = tablesOf(type);
    await this.#db.batch([
      this.#db.prepare(`INSERT INTO ${words} (${words}) VALUES ('delete-all')`),
      this.#db.prepare(`DELETE FROM ${map}`),
    ]);
  }

  /**
   * Indexes those of the next rows whose words are missing or of another version. A repeat, also during writes, does no
   * harm.
   * @param after - Id of the last row of the page before; empty for the first page.
   * @returns that of this page, and how many were indexed; null when no rows are left.
   */
  async indexPage(type: RecordType, after: string, limit: number): Promise<{ last: string; indexed: number } | null> {
    const { map } = tablesOf(type);
    const { results } = await this.#db
      .prepare(
        `SELECT rows.*, known.version IS rows.version AS is_known FROM ${type.table} AS rows
         LEFT JOIN ${map} AS known ON known.id = rows.id WHERE rows.id > ? ORDER BY rows.id LIMIT ?`,
      )
      .bind(after, limit)
      .all<RelationalRow>();
    const last = results.at(-1);
    if (last === undefined) return null;
    const unknown = results.filter(({ is_known }) => is_known !== 1).map((row) => readRow(type, row));
    if (unknown.length > 0) await this.#db.batch(this.#indexing(type, unknown));
    return { last: readRow(type, last).id, indexed: unknown.length };
  }

  /**
   * The statements that index those of these records that are stored in exactly this version, and not indexed in it.
   */
  #indexing(type: RecordType, records: readonly StoredRecord[]): D1PreparedStatement[] {
    if (type.searchable.length === 0) return [];
    const { map, words } = tablesOf(type);
    const entries = records.map((record) => ({
      id: record.id,
      version: record.version,
      body: withinBytes(`${ownerTerm(record.owner)} ${indexTerms(searchableText(type, record))}`),
    }));
    const stored = `${setParameter()} AS entry JOIN ${type.table} AS stored
      ON stored.id = entry.value ->> 'id' AND stored.version = entry.value ->> 'version'`;
    const versions = cutByBytes(entries.map(({ id, version }) => ({ id, version })));
    const statements = (sql: string, batches: readonly ByteBatch<object>[]) =>
      batches.map(({ json }) => this.#db.prepare(sql).bind(json));
    return [
      ...statements(
        `INSERT INTO ${map} (id, version) SELECT stored.id, -1 FROM ${stored} WHERE true ON CONFLICT (id) DO NOTHING`,
        versions,
      ),
      ...statements(
        `INSERT OR REPLACE INTO ${words} (rowid, words) SELECT known.docid, entry.value ->> 'body' FROM ${stored}
         JOIN ${map} AS known ON known.id = stored.id WHERE known.version <> stored.version`,
        cutByBytes(entries),
      ),
      ...statements(
        `UPDATE ${map} SET version = stored.version FROM ${stored}
         WHERE ${map}.id = stored.id AND ${map}.version <> stored.version`,
        versions,
      ),
    ];
  }
}

/**
 * SQL that makes the index of a type: the record and the version of each document, and the words. No text is stored
 * twice. The tokenizer splits at spaces only, because the terms have been made already.
 */
export function searchSchema(type: RecordType): string[] {
  const { map, words } = tablesOf(type);
  return [
    `CREATE TABLE ${map} (docid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL) STRICT`,
    `CREATE VIRTUAL TABLE ${words} USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii')`,
  ];
}

function tablesOf(type: RecordType): { map: string; words: string } {
  return { map: `${type.table}_search`, words: `${type.table}_words` };
}

function matchesOf(type: RecordType, expression: string): Matches {
  const { map, words } = tablesOf(type);
  const sql = `SELECT known.id AS found_id, known.version AS found_version, ${words}.rank AS found_rank
    FROM ${words} JOIN ${map} AS known ON known.docid = ${words}.rowid WHERE ${words} MATCH ?`;
  return { sql, values: [expression] };
}

/** The texts by which a record can be found: those of its searchable fields. A body that is no object has none. */
function searchableText(type: RecordType, { body }: StoredRecord): string {
  const parsed = bodySchema.safeParse(jsonOf(body));
  if (!parsed.success) return "";
  const texts = type.searchable.map((name) => parsed.data[name]).filter((text) => typeof text === "string");
  return texts.join("\n").slice(0, INDEXED_CHARACTERS);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // stored as it is, without words
  }
}

/** As many of these words as fit. */
function withinBytes(words: string): string {
  const [first = "", ...more] = cutText(words, INDEXED_BYTES);
  return more.length === 0 ? first : first.slice(0, first.lastIndexOf(" "));
}
