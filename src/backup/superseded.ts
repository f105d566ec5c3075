import { cutByBytes, setParameter } from "../platform/database/batches.ts";
import type { Tables } from "./rows.ts";

// During the restore of a chain: the keys for which a newer link has newer data, or has that there are none.

/** The table for it in a store that has no migrations. */
export const SUPERSEDED_TABLE =
  "CREATE TABLE restore_superseded (kind TEXT NOT NULL, key TEXT NOT NULL, link INTEGER NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID";

/** Notes that a link has data of these keys. A repeat does no harm. */
export async function markSuperseded(
  tables: Tables,
  kind: string,
  link: number,
  keys: readonly string[],
): Promise<void> {
  const sql = `INSERT INTO restore_superseded (kind, key, link)
    SELECT ?2, value, ?3 FROM ${setParameter(1)} WHERE true
    ON CONFLICT (kind, key) DO UPDATE SET link = max(link, excluded.link)`;
  for (const { json } of cutByBytes(keys)) await tables.batch([{ sql, values: [json, kind, link] }]);
}

/** Those of these keys for which a link after this one has newer data. */
export async function supersededAmong(
  tables: Tables,
  kind: string,
  link: number,
  keys: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>();
  const sql = `SELECT key FROM restore_superseded
    WHERE kind = ?2 AND link > ?3 AND key IN (SELECT value FROM ${setParameter(1)})`;
  for (const { json } of cutByBytes([...new Set(keys)])) {
    const [rows = []] = await tables.batch([{ sql, values: [json, kind, link] }]);
    for (const { key } of rows) found.add(String(key));
  }
  return found;
}

/** The chain is restored. */
export async function forgetSuperseded(tables: Tables): Promise<void> {
  await tables.batch([{ sql: "DELETE FROM restore_superseded", values: [] }]);
}
