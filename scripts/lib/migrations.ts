import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { SETTINGS } from "../config/settings.ts";
import { shardsOfRun } from "./config/file.ts";
import { type BoundDatabase, databasesOf } from "./environments.ts";
import { fromRoot } from "./paths.ts";

const MIGRATIONS_DIR = fromRoot(SETTINGS.migrations.directory);
/** Remembers inside the state which migrations it has, because asking wrangler takes three seconds. */
const MARK = "migrations.json";
const markSchema = z.record(z.string(), z.string());

/** SHA-256 of each migration by file name, in the order in which they apply; none where there is no such folder. */
export function migrationDigests(directory = MIGRATIONS_DIR): Record<string, string> {
  if (!existsSync(directory)) return {};
  const names = readdirSync(directory).filter((name) => name.endsWith(".sql"));
  return Object.fromEntries(
    names.sort().map((name) => {
      const text = readFileSync(join(directory, name));
      return [name, createHash("sha256").update(text).digest("hex")];
    }),
  );
}

/**
 * Brings the local D1 databases below `stateDir` to the newest schema; does nothing when they are there already.
 * No runtime may be using the state meanwhile.
 * @returns whether anything had to be applied.
 * @throws when a migration fails (that one is rolled back), or when one was edited after it had been applied: D1
 *   knows migrations by name, would skip it, and the Worker would meet a schema it does not know.
 */
export async function applyMigrations(stateDir: string): Promise<boolean> {
  const mark = join(stateDir, MARK);
  const databases = databasesOf("local", shardsOfRun());
  const wanted = Object.fromEntries(databases.flatMap((database) => Object.entries(marksOf(database))));
  const applied =
    existsSync(join(stateDir, "v3", "d1")) && existsSync(mark)
      ? markSchema.parse(JSON.parse(readFileSync(mark, "utf8")))
      : {};
  for (const [name, digest] of Object.entries(applied)) {
    if (isOfMissingShard(name, databases)) continue;
    if (wanted[name] !== digest) {
      throw new Error(`migration ${name} was changed or removed after ${stateDir} got it; start with another state`);
    }
  }
  if (Object.keys(wanted).every((name) => name in applied)) return false;

  mkdirSync(stateDir, { recursive: true });
  const behind = databases.filter((database) => Object.keys(marksOf(database)).some((name) => !(name in applied)));
  await applyLocally(stateDir, behind);
  // What a shard has got that this run does not use stays known.
  writeFileSync(mark, JSON.stringify({ ...applied, ...wanted }));
  return true;
}

/** The table in which wrangler notes what a database has, as wrangler makes it. */
const APPLIED_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;

/**
 * Applies what is missing, in one runtime for all databases: wrangler would start one for each migration, which takes a minute
 * for an empty state. Each migration is one transaction together with its note, so a kill leaves it whole or not at all.
 */
async function applyLocally(stateDir: string, databases: readonly BoundDatabase[]): Promise<void> {
  const [{ convertV4MiniflareOptions, Miniflare }, { readD1Migrations }] = await Promise.all([
    import("miniflare"),
    import("@cloudflare/vitest-plugin"),
  ]);
  const runtime = new Miniflare({
    ...convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response() }",
      compatibilityDate: "2026-10-01",
      // A database without an id of the account is stored under the name of its binding.
      d1Databases: databases.map(({ binding }) => binding),
    }),
    resourcePersistencePath: join(stateDir, "v3"),
  });
  try {
    for (const { binding, name, migrations } of databases) {
      const db = await runtime.getD1Database(binding);
      await db.prepare(APPLIED_TABLE).run();
      const { results } = await db.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
      const has = new Set(results.map((row) => row.name));
      for (const migration of await readD1Migrations(fromRoot(migrations))) {
        if (has.has(migration.name)) continue;
        const note = db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(migration.name);
        try {
          await db.batch([...migration.queries.map((query) => db.prepare(query)), note]);
        } catch (fault) {
          throw new Error(`${migration.name} could not be applied to ${name}`, { cause: fault });
        }
      }
    }
  } finally {
    await runtime.dispose();
  }
}

/** What the mark says of one database: the directory's migrations by their names, a shard's below the shard's name. */
function marksOf({ binding, name, migrations }: BoundDatabase): Record<string, string> {
  const digests = Object.entries(migrationDigests(fromRoot(migrations)));
  return Object.fromEntries(digests.map(([file, digest]) => [binding === "DB" ? file : `${name}/${file}`, digest]));
}

/** Whether a mark is of a shard that this run has no binding for. */
function isOfMissingShard(mark: string, databases: readonly BoundDatabase[]): boolean {
  const [shard, file] = mark.split("/");
  return file !== undefined && databases.every(({ name }) => name !== shard);
}
