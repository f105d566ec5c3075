import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";

const migrations = env.TEST_MIGRATIONS;

/** Tables the platform keeps in the same database. */
const FOREIGN_TABLES = /^(sqlite_|_cf_|d1_migrations$)/;

// Every test starts from a database without a single table; the shared setup has filled it by then.
beforeEach(async () => {
  await reset();
});

type Row = Record<string, string | number | null>;

interface Column {
  name: string;
  type: string;
}

async function all<T>(sql: string): Promise<T[]> {
  return (await env.DB.prepare(sql).all<T>()).results;
}

/** Ordinary tables, each after the ones it refers to. Virtual tables are derived and rebuilt, so they hold no fact. */
async function tablesInOrder(): Promise<string[]> {
  const tables = await all<{ name: string; type: string; schema: string }>("PRAGMA table_list");
  const names = tables
    .filter((table) => table.schema === "main" && table.type === "table" && !FOREIGN_TABLES.test(table.name))
    .map((table) => table.name)
    .sort();
  const ordered: string[] = [];
  const visit = async (name: string): Promise<void> => {
    if (ordered.includes(name)) return;
    for (const parent of await parentsOf(name)) if (parent.table !== name) await visit(parent.table);
    ordered.push(name);
  };
  for (const name of names) await visit(name);
  return ordered;
}

function parentsOf(table: string): Promise<{ table: string; from: string; to: string | null }[]> {
  return all(`PRAGMA foreign_key_list("${table}")`);
}

/** Columns of JSON that triggers look into. */
const READ_BY_TRIGGERS = new Set(["scim_users.doc"]);

/** A value a column accepts: the first of its CHECK list, what its parent row holds, else one of its type. */
async function plausibleValue(table: string, column: Column): Promise<string | number> {
  const parent = (await parentsOf(table)).find((key) => key.from === column.name);
  if (parent !== undefined) {
    const target = (await columnsOf(parent.table)).find((other) => other.name === (parent.to ?? column.name));
    if (target !== undefined) return plausibleValue(parent.table, target);
  }
  const [definition] = await all<{ sql: string }>(`SELECT sql FROM sqlite_master WHERE name = '${table}'`);
  const listed = new RegExp(`${column.name} IN \\('([^']+)'`).exec(definition?.sql ?? "")?.[1];
  if (listed !== undefined) return listed;
  if (READ_BY_TRIGGERS.has(`${table}.${column.name}`)) return "{}";
  if (column.type === "INTEGER") return 1;
  if (column.type === "REAL") return 0.5;
  return `${table}.${column.name}`;
}

function columnsOf(table: string): Promise<Column[]> {
  return all(`PRAGMA table_info("${table}")`);
}

/** Inserts one row with a value in every column of every table. */
async function fillTables(): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for (const table of await tablesInOrder()) {
    const row: Row = {};
    for (const column of await columnsOf(table)) row[column.name] = await plausibleValue(table, column);
    const names = Object.keys(row);
    await env.DB.prepare(
      `INSERT INTO "${table}" (${names.map((name) => `"${name}"`).join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    )
      .bind(...Object.values(row))
      .run();
    rows.set(table, row);
  }
  return rows;
}

/** The definitions of everything in the database, without the platform's own tables. */
async function schema(): Promise<string[]> {
  const definitions = await all<{ name: string; tbl_name: string; sql: string | null }>(
    "SELECT name, tbl_name, sql FROM sqlite_master ORDER BY name",
  );
  return definitions.flatMap((entry) =>
    entry.sql === null || FOREIGN_TABLES.test(entry.tbl_name) ? [] : [`${entry.name}: ${entry.sql}`],
  );
}

describe("D1 migrations", () => {
  it.each([
    { folder: "the directory", files: migrations },
    { folder: "a shard", files: env.TEST_SHARD_MIGRATIONS },
  ])(
    "of $folder are numbered without a gap, so that a later one is never applied before an earlier one",
    ({ files }) => {
      const names = files.map((migration: D1Migration) => migration.name);
      expect(names.length).toBeGreaterThan(0);
      expect(names.map((name) => name.slice(0, 5))).toEqual(
        names.map((_name, i) => `${String(i + 1).padStart(4, "0")}_`),
      );
    },
  );

  it("make the whole schema from nothing", async () => {
    expect(await schema()).toEqual([]);
    await applyD1Migrations(env.DB, migrations);
    expect(await tablesInOrder()).toEqual(
      expect.arrayContaining(["courses", "course_versions", "enrollments", "progress", "submissions", "dead_letters"]),
    );
  });

  it("[I5] change nothing when they are applied a second time", async () => {
    await applyD1Migrations(env.DB, migrations);
    const rows = await fillTables();
    const before = await schema();
    await applyD1Migrations(env.DB, migrations);
    expect(await schema()).toEqual(before);
    // A trigger may have added rows of its own.
    for (const [table, row] of rows) expect(await all(`SELECT * FROM "${table}"`)).toContainEqual(row);
  });

  it.each(migrations.map((migration, index) => ({ name: migration.name, steps: index + 1 })))(
    "[I1] keep every row of a database that stopped after $name",
    async ({ steps }) => {
      await applyD1Migrations(env.DB, migrations.slice(0, steps));
      const rows = await fillTables();
      expect(rows.size).toBeGreaterThan(0);
      await applyD1Migrations(env.DB, migrations);
      for (const [table, row] of rows) {
        // A later migration may add columns, never take one away: the code before it still runs meanwhile.
        expect(await all(`SELECT * FROM "${table}"`)).toContainEqual(expect.objectContaining(row));
      }
    },
  );

  it("lead to the same schema all at once and step by step", async () => {
    await applyD1Migrations(env.DB, migrations);
    const atOnce = await schema();
    await reset();
    for (let steps = 1; steps <= migrations.length; steps += 1) {
      await applyD1Migrations(env.DB, migrations.slice(0, steps));
    }
    expect(await schema()).toEqual(atOnce);
  });

  it("leave foreign keys enforced", async () => {
    await applyD1Migrations(env.DB, migrations);
    const orphan = env.DB.prepare(
      "INSERT INTO course_activations (course_slug, activation, version, policy, activated_by, activated_at) VALUES ('nowhere', 1, 1, 'relock', 'ada', 1)",
    );
    await expect(orphan.run()).rejects.toThrow(/FOREIGN KEY/);
    expect(await all("PRAGMA foreign_key_check")).toEqual([]);
  });
});
