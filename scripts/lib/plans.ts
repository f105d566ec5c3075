import { pathToFileURL } from "node:url";
import { readD1Migrations } from "@cloudflare/vitest-plugin";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { SETTINGS } from "../config/settings.ts";
import { fromRoot } from "./paths.ts";
import { declaresStatements, sourceFiles } from "./source-files.ts";

// Each statement of a room is in its statements.ts, or in a file of its folder `statements`, with its plan above it. This
// asks a real D1 for the plans.

/** One statement: the name under which its file exports it, and of which table it is where it is made for several. */
export interface NamedStatement {
  name: string;
  of: string | null;
  sql: string;
}

/** The files that declare statements, by path from the repository. */
export function statementFiles(): string[] {
  return sourceFiles("src").filter(declaresStatements);
}

/** Every statement that a file exports. What takes a set is asked for with an empty one. */
export async function statementsOf(path: string): Promise<NamedStatement[]> {
  const exported: Record<string, unknown> = await import(pathToFileURL(fromRoot(path)).href);
  return Object.entries(exported).flatMap(([name, value]): NamedStatement[] => {
    const one = textOf(value);
    if (one !== null) return [{ name, of: null, sql: one }];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([of, member]): NamedStatement[] => {
      const sql = textOf(member);
      return sql === null ? [] : [{ name, of, sql }];
    });
  });
}

/** The text that a statement prepares; null when the value is none. */
function textOf(value: unknown): string | null {
  let text: string | null = null;
  const listening = {
    prepare: (sql: string) => {
      text = sql;
      return { bind: () => null };
    },
  };
  const bind: unknown =
    typeof value === "function" ? value : typeof value === "object" && value !== null && Reflect.get(value, "bind");
  if (typeof bind !== "function") return null;
  bind.call(value, listening, { json: "[]" });
  return text;
}

type LocalD1 = Awaited<ReturnType<Miniflare["getD1Database"]>>;

/** The databases of an installation, without a row: the directory, and a further shard. */
export interface EmptyDatabases {
  directory: LocalD1;
  shard: LocalD1;
  stop(): Promise<void>;
}

/** Starts real D1 databases with the tables and indexes of an installation. */
export async function startDatabases(): Promise<EmptyDatabases> {
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: "export default { fetch: () => new Response() }",
      compatibilityDate: "2026-10-01",
      d1Databases: ["DIRECTORY", "SHARD"],
    }),
  );
  const migrated = async (name: string, folder: string) => {
    const db = await runtime.getD1Database(name);
    for (const { queries } of await readD1Migrations(fromRoot(folder))) {
      await db.batch(queries.map((query) => db.prepare(query)));
    }
    return db;
  };
  const { migrations } = SETTINGS;
  return {
    directory: await migrated("DIRECTORY", migrations.directory),
    shard: await migrated("SHARD", migrations.shard),
    stop: () => runtime.dispose(),
  };
}

/**
 * The steps of a statement's plan, as D1 names them; none for what only writes what it is given. The directory is asked, and
 * the shard for what the directory cannot do.
 * @throws when neither can.
 */
export async function planOf({ directory, shard }: EmptyDatabases, sql: string): Promise<string[]> {
  const numbers = [...sql.matchAll(/\?(\d*)/g)].map(([, number]) => number ?? "");
  const count = numbers.every((number) => number === "") ? numbers.length : Math.max(...numbers.map(Number));
  const ask = (db: LocalD1) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...Array<null>(count).fill(null))
      .all<{ detail: string }>();
  const { results } = await ask(directory).catch(() => ask(shard));
  return results.map(({ detail }) => detail);
}

/** The lines above a statement that say its plan. */
function planLines(plans: readonly { of: string | null; steps: readonly string[] }[]): string[] {
  return plans.flatMap(({ of, steps }) =>
    (steps.length === 0 ? ["looks nothing up"] : steps).map(
      (step) => `// plan${of === null ? "" : ` of ${of}`}: ${step}`,
    ),
  );
}

/** Tables that are no set of the caller's and that a plan reads whole. */
export function scansIn(steps: readonly string[]): string[] {
  return steps.flatMap((step) => /^SCAN (?!CONSTANT ROW|\()((?!.* VIRTUAL TABLE ).+)$/.exec(step)?.[1] ?? []);
}

/** The text of a file with the plans that it should name, and each scan for which it gives no reason (`// scans: …`). */
export async function withPlans(
  databases: EmptyDatabases,
  path: string,
  text: string,
): Promise<{ text: string; unexplained: string[] }> {
  const unexplained: string[] = [];
  let planned = text;
  for (const [name, own] of Map.groupBy(await statementsOf(path), (statement) => statement.name)) {
    const plans = await Promise.all(own.map(async ({ of, sql }) => ({ of, steps: await planOf(databases, sql) })));
    const declaration = new RegExp(`((?://.*\\n)*)(export const ${name}\\b)`).exec(planned);
    if (declaration === null) throw new Error(`${path}: ${name} is not declared as a constant`);
    const kept = (declaration[1] ?? "").split("\n").filter((line) => line !== "" && !line.startsWith("// plan"));
    if (plans.some(({ steps }) => scansIn(steps).length > 0) && !kept.some((line) => line.startsWith("// scans: "))) {
      unexplained.push(`${path}: ${name} scans ${plans.flatMap(({ steps }) => scansIn(steps)).join(", ")}`);
    }
    const lines = [...planLines(plans), ...kept, declaration[2] ?? ""];
    planned = `${planned.slice(0, declaration.index)}${lines.join("\n")}${planned.slice(declaration.index + declaration[0].length)}`;
  }
  return { text: planned, unexplained };
}
