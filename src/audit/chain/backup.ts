import { hasTable, pageOf, recordSteps, restoreRows, type TableRows } from "../../shared/object-dump.ts";
import { hasSchema } from "../../shared/object-schema.ts";
import { ok, type Result, refuse } from "../../shared/results.ts";
import { CHAIN_SCHEMA } from "./schema.ts";

/** Tables with their keys; entries come first and are never changed. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  entries: ["seq"],
  chain: ["one"],
  heads: ["number"],
  purges: ["number"],
  counts: ["action", "outcome"],
  people: ["pseudonym"],
  due_times: ["name"],
};

export interface ChainPage {
  pages: TableRows[];
  /** The last entry of this page; null when the whole chain has been handed over. */
  next: number | null;
}

/**
 * A page of a copy of a chain. With its last entries comes everything else, in the same turn: where the chain stands, its
 * heads, who the pseudonyms are. So the copy ends where its own head says.
 */
export function copyChain(sql: SqlStorage, after: number): ChainPage {
  if (!hasSchema(sql)) return { pages: [], next: null };
  const { page, isFull } = pageOf(sql, "entries", "SELECT * FROM entries WHERE seq > ? ORDER BY seq", [after]);
  const last = page.rows.at(-1)?.[0];
  if (isFull && typeof last === "number") return { pages: [page], next: last };
  const pages = [page];
  for (const table of Object.keys(KEYS).slice(1)) {
    for (let offset = 0, isMore = true; isMore; ) {
      const query = `SELECT * FROM (SELECT * FROM ${table} LIMIT -1 OFFSET ?)`;
      const part = pageOf(sql, table, query, [offset]);
      pages.push(part.page);
      offset += part.page.rows.length;
      isMore = part.isFull;
    }
  }
  return { pages, next: null };
}

/** Takes rows of a copy into an empty chain; {@link openChain} follows the last. */
export function restoreChain(storage: DurableObjectStorage, page: TableRows): Result<{ rows: number }> {
  const key = KEYS[page.table];
  if (key === undefined) return refuse("backup_schema_mismatch", { detail: `A chain has no table ${page.table}.` });
  return restoreRows(storage, CHAIN_SCHEMA, page, { first: "entries", key });
}

/**
 * The last step of a restore. Entries that a purge removed while the copy was taken go; the database for searching is
 * projected anew, and every head is stored again, which changes nothing where it is.
 *
 * @returns `restore_differs` when the entries do not reach to where the chain says it stands.
 */
export function openChain(storage: DurableObjectStorage, steps: readonly string[]): Result<{ opened: boolean }> {
  const { sql } = storage;
  if (hasSchema(sql) || !hasTable(sql, "entries")) return ok({ opened: false });
  return storage.transactionSync(() => {
    sql.exec("DELETE FROM entries WHERE seq <= (SELECT base_seq FROM chain)");
    const { held, stated } = sql
      .exec<{ held: number; stated: number }>(
        `SELECT (SELECT count(*) FROM entries) AS held, coalesce((SELECT seq - base_seq FROM chain), -1) AS stated`,
      )
      .one();
    if (held !== stated) {
      return refuse("restore_differs", { detail: `The audit chain has ${held} of ${stated} entries.` });
    }
    sql.exec("UPDATE chain SET projected_seq = base_seq, projected_base = base_seq, projection_error = NULL");
    sql.exec("UPDATE heads SET stored_at = NULL");
    recordSteps(sql, steps);
    return ok({ opened: true });
  });
}
