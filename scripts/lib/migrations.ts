import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fromRoot } from "./paths.ts";
import { runWrangler } from "./wrangler.ts";

/** Name of the D1 database in wrangler.toml. */
export const DATABASE = "latchkey";

const MIGRATIONS_DIR = fromRoot("migrations");
/** Remembers inside the state which migrations it has, because asking wrangler takes three seconds. */
const MARK = "migrations.json";
const markSchema = z.record(z.string(), z.string());

/** SHA-256 of each migration by file name, in the order in which they apply. */
export function migrationDigests(directory = MIGRATIONS_DIR): Record<string, string> {
  const names = readdirSync(directory).filter((name) => name.endsWith(".sql"));
  return Object.fromEntries(
    names.sort().map((name) => {
      const text = readFileSync(join(directory, name));
      return [name, createHash("sha256").update(text).digest("hex")];
    }),
  );
}

/**
 * Brings the local D1 database below `stateDir` to the newest schema; does nothing when it is there already.
 * No runtime may be using the state meanwhile.
 * @returns whether anything had to be applied.
 * @throws when a migration fails (wrangler rolls that one back), or when one was edited after it had been applied: D1
 *   knows migrations by name, would skip it, and the Worker would meet a schema it does not know.
 */
export async function applyMigrations(stateDir: string): Promise<boolean> {
  const mark = join(stateDir, MARK);
  const wanted = migrationDigests();
  const applied =
    existsSync(join(stateDir, "v3", "d1")) && existsSync(mark)
      ? markSchema.parse(JSON.parse(readFileSync(mark, "utf8")))
      : {};
  for (const [name, digest] of Object.entries(applied)) {
    if (wanted[name] !== digest) {
      throw new Error(`migration ${name} was changed or removed after ${stateDir} got it; start with another state`);
    }
  }
  if (Object.keys(wanted).every((name) => name in applied)) return false;

  mkdirSync(stateDir, { recursive: true });
  const { code, output } = await runWrangler(
    ["d1", "migrations", "apply", DATABASE, "--local", "--persist-to", stateDir],
    { stateDir },
  );
  if (code !== 0) throw new Error(`the migrations could not be applied:\n${output.trim()}`);
  writeFileSync(mark, JSON.stringify(wanted));
  return true;
}
