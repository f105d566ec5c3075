import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Cloudflare } from "./cloudflare.ts";

// D1 knows a migration by its name alone. So what was applied is checked twice: each file must still be what it was when
// it was applied (its SHA-256 is kept in the database), and the schema must be what the files make of an empty database.

/** Where the sums are kept. Made by the first release; no migration of ours, as D1's own `d1_migrations` is none. */
export const SUMS_TABLE = "d1_migrations_sha256";
/** Tables that are D1's, SQLite's or ours to keep book. */
const NOT_OURS = /^(sqlite_|_cf_|d1_migrations)/;

export interface Migration {
  name: string;
  sql: string;
  sha256: string;
}

const nameRow = z.object({ name: z.string() });
const sumRow = z.object({ name: z.string(), sha256: z.string() });
const masterRow = z.object({ name: z.string(), tbl_name: z.string(), sql: z.string().nullable() });

/** What a database says of itself. */
export interface Applied {
  names: readonly string[];
  sums: ReadonlyMap<string, string>;
  /** Definition by name of every table, index and trigger that is ours, without comments and layout. */
  schema: ReadonlyMap<string, string>;
}

/** Reads migrations, sums and schema of a database. */
export async function readApplied(cloudflare: Cloudflare, database: string): Promise<Applied> {
  const master = z
    .array(masterRow)
    .parse(await cloudflare.query(database, "SELECT name, tbl_name, sql FROM sqlite_master"));
  const has = (table: string) => master.some(({ name }) => name === table);
  const rows = async <T>(table: string, sql: string, row: z.ZodType<T>): Promise<T[]> =>
    has(table) ? z.array(row).parse(await cloudflare.query(database, sql)) : [];
  const names = await rows("d1_migrations", "SELECT name FROM d1_migrations ORDER BY id", nameRow);
  const sums = await rows(SUMS_TABLE, `SELECT name, sha256 FROM ${SUMS_TABLE}`, sumRow);
  return {
    names: names.map(({ name }) => name),
    sums: new Map(sums.map(({ name, sha256 }) => [name, sha256])),
    schema: definitions(master),
  };
}

/** The schema that migrations make of an empty database. */
export function schemaOf(migrations: readonly Migration[]): ReadonlyMap<string, string> {
  const database = new DatabaseSync(":memory:");
  try {
    for (const { sql } of migrations) database.exec(sql);
    return definitions(
      z.array(masterRow).parse(database.prepare("SELECT name, tbl_name, sql FROM sqlite_master").all()),
    );
  } finally {
    database.close();
  }
}

function definitions(master: readonly z.output<typeof masterRow>[]): ReadonlyMap<string, string> {
  return new Map(
    master.flatMap(({ name, tbl_name, sql }) =>
      sql === null || NOT_OURS.test(tbl_name) ? [] : [[name, normalized(sql)] as const],
    ),
  );
}

/** A definition without comments and layout. */
function normalized(sql: string): string {
  return sql
    .replace(/--[^\n]*/g, " ")
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/\s+/g, " ")
    .replace(/ ?([(),]) ?/g, "$1")
    .trim();
}

/** Every way in which a database is not what the migrations made it; empty when it is. */
export function drift(migrations: readonly Migration[], applied: Applied): string[] {
  const found: string[] = [];
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const name of applied.names) {
    if (!known.has(name))
      found.push(`${name} was applied, but this checkout does not have it: it is older than the database`);
  }
  const pending = migrations.filter(({ name }) => !applied.names.includes(name));
  const done = migrations.filter(({ name }) => applied.names.includes(name));
  for (const { name, sha256 } of done) {
    const sum = applied.sums.get(name);
    if (sum !== undefined && sum !== sha256) found.push(`${name} was edited after it had been applied`);
    if (pending.some((other) => other.name < name)) found.push(`${name} was applied before an earlier migration`);
  }
  if (found.length > 0) return found;
  const expected = schemaOf(done);
  for (const [name, sql] of expected) {
    const actual = applied.schema.get(name);
    if (actual === undefined) found.push(`${name} is missing in the database`);
    else if (actual !== sql) found.push(`${name} differs: the database has "${actual}", the migrations make "${sql}"`);
  }
  for (const name of applied.schema.keys()) {
    if (!expected.has(name)) found.push(`${name} is in the database, but no migration makes it`);
  }
  return found;
}

/** First line of a migration that takes something away, on purpose, after no running code needs it any more. */
const CONTRACT = /^-- contract: \S/;
/** What breaks code that was written before: the version before runs on after a migration, and again after a rollback. */
const TAKES_AWAY = [
  [/\bDROP\s+TABLE\b/i, "drops a table"],
  [/\bDROP\s+COLUMN\b/i, "drops a column"],
  [/\bRENAME\s+(TO|COLUMN)\b/i, "renames"],
  [
    /\bALTER\s+TABLE\s+\S+\s+ADD\s+(?:COLUMN\s+)?(?=[^,;]*\bNOT\s+NULL\b)(?![^,;]*\bDEFAULT\b)/i,
    "adds a column that old code cannot fill",
  ],
] as const;

/** What in a migration breaks the code before it; empty for one that only adds, or that says `-- contract: why`. */
export function takesAway({ name, sql }: Pick<Migration, "name" | "sql">): string[] {
  if (CONTRACT.test(sql)) return [];
  const bare = sql.replace(/--[^\n]*/g, "").replace(/'(?:[^']|'')*'/g, "''");
  return TAKES_AWAY.flatMap(([pattern, what]) => (pattern.test(bare) ? [`${name} ${what}`] : []));
}

/** Writes down the sums of what is applied. Repeating it changes nothing. */
export async function recordSums(
  cloudflare: Cloudflare,
  database: string,
  migrations: readonly Migration[],
): Promise<void> {
  await cloudflare.query(
    database,
    `CREATE TABLE IF NOT EXISTS ${SUMS_TABLE} (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID`,
  );
  const rows = JSON.stringify(migrations.map(({ name, sha256 }) => ({ name, sha256 })));
  await cloudflare.query(
    database,
    `INSERT INTO ${SUMS_TABLE} (name, sha256) SELECT value ->> 'name', value ->> 'sha256' FROM json_each(?) WHERE true ON CONFLICT (name) DO NOTHING`,
    [rows],
  );
}
