import { oneBatch, setParameter } from "../platform/database/batches.ts";
import { sha256Hex } from "../platform/hash.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Manifest } from "./format.ts";
import type { Tables } from "./rows.ts";
import { BACKED_UP } from "./tables.ts";

/**
 * Everything that migrations made, without the tables of the platform and those that a search index makes for itself.
 */
const MADE_BY_MIGRATIONS = `
  SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_cf%' ESCAPE '\\'
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'd1_migrations'
    AND tbl_name NOT IN (SELECT v.name || s.column1 FROM sqlite_master AS v,
      (VALUES ('_data'), ('_idx'), ('_content'), ('_docsize'), ('_config')) AS s WHERE v.sql LIKE 'CREATE VIRTUAL%')
  ORDER BY name`;

/** Which migrations a database has, and the SHA-256 of the schema they have made. */
export async function schemaOf(tables: Tables): Promise<Manifest["schema"]> {
  const [migrations = [], made = []] = await tables.batch([
    { sql: "SELECT name FROM d1_migrations ORDER BY id", values: [] },
    { sql: MADE_BY_MIGRATIONS, values: [] },
  ]);
  // Comments and line breaks are no part of a schema.
  const text = made.map(({ name, sql }) => `${name}\n${String(sql).replace(/--.*$/gm, "").replace(/\s+/g, " ")}`);
  return {
    migrations: migrations.map(({ name }) => String(name)),
    sha256: await sha256Hex(text.join("\n")),
  };
}

/** Statements that make the tables of a backup in an empty store, as the database has them. */
export async function tablesAsMade(tables: Tables): Promise<string[]> {
  const names = BACKED_UP.map(({ name }) => name);
  const [made = []] = await tables.batch([
    {
      sql: `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('table', 'index')
        AND tbl_name IN (SELECT value FROM ${setParameter(1)}) ORDER BY type = 'index'`,
      values: [oneBatch(names).json],
    },
  ]);
  return made.map(({ sql }) => String(sql));
}

/**
 * Whether a backup fits a database: the same migrations with the same result, or an older state of them (newer columns
 * get their default). A backup of a newer schema is refused, and so is one of a schema that was changed by hand.
 */
export function checkSchema(backup: Manifest["schema"], target: Manifest["schema"]): Result<null> {
  const unknown = backup.migrations.filter((name, index) => target.migrations[index] !== name);
  if (unknown.length > 0) {
    return refuse("backup_schema_mismatch", { detail: `The target does not have ${unknown.join(", ")}.` });
  }
  if (backup.migrations.length === target.migrations.length && backup.sha256 !== target.sha256) {
    return refuse("backup_schema_mismatch", { detail: "The same migrations have made another schema." });
  }
  return ok(null);
}
