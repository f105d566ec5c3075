import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/** The one file that names bindings of databases. */
const SEAM = "platform/database/shards.ts";
const NAMED = /\.DB\b|\bDB_SHARD|\[\s*["'`]DB\b/;

/** Every source file of the server, with its text. */
function sources(folder = join(import.meta.dirname, "../../../src")): [path: string, text: string][] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "web" || entry.name === "client" ? [] : sources(path);
    return entry.name.endsWith(".ts") ? [[path.slice(path.indexOf("/src/") + 5), readFileSync(path, "utf8")]] : [];
  });
}

it("only one file names the bindings of databases", () => {
  const all = sources();
  expect(all.length).toBeGreaterThan(200);
  expect(all.filter(([path, text]) => path !== SEAM && NAMED.test(text)).map(([path]) => path)).toEqual([]);
});

it("the scan finds such a name elsewhere", () => {
  for (const bad of ["env.DB.prepare(sql)", "c.env.DB", "env.DB_SHARD_2", 'env["DB"]'])
    expect(NAMED.test(bad)).toBe(true);
  expect(NAMED.test("directory(env).prepare(sql)")).toBe(false);
});
