import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { SETTINGS } from "../config/settings.ts";
import { configFile, shardsOfRun } from "./config/file.ts";
import { type BoundDatabase, databasesOf } from "./environments.ts";
import { fromRoot } from "./paths.ts";
import { runWrangler } from "./wrangler.ts";

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
 * @throws when a migration fails (wrangler rolls that one back), or when one was edited after it had been applied: D1
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
  for (const database of databases) {
    if (Object.keys(marksOf(database)).every((name) => name in applied)) continue;
    const { code, output } = await runWrangler(
      [
        ...["d1", "migrations", "apply", database.name, "--local", "--persist-to", stateDir],
        ...["--config", configFile()],
      ],
      { stateDir },
    );
    if (code !== 0) throw new Error(`the migrations of ${database.name} could not be applied:\n${output.trim()}`);
  }
  // What a shard has got that this run does not use stays known.
  writeFileSync(mark, JSON.stringify({ ...applied, ...wanted }));
  return true;
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
