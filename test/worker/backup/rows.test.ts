import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { columnsOf, countAdmitted, d1Tables, readRows, type Tables, writeRows } from "../../../src/backup/rows.ts";
import { callScratch } from "../../../src/backup/scratch-stub.ts";

/** Values that a dump as SQL text, or one through JavaScript's numbers, brings back as something else. */
const TEXTS = [
  "",
  "a real\nnewline and the two characters \\n",
  "quotes ' \" ` and a backslash \\",
  "翻译 \u{1f600} \u2028 \u0001",
  "a\u0000zero inside",
  '{"json": [1, 2.50, null]}',
  "9007199254740993",
  "1e5",
  "null",
];
const WHOLES = ["0", "-1", "9007199254740993", "-9223372036854775808", "9223372036854775807"];
const REALS = [0.1, 1 / 3, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, -2.5, 100, 87.3];
const TABLE = { name: "hostile", page: 7, isSized: true };
const SCHEMA =
  "CREATE TABLE hostile (a TEXT NOT NULL, b INTEGER NOT NULL, t TEXT, r REAL, PRIMARY KEY (a, b)) WITHOUT ROWID";

const d1 = d1Tables(env.DB);
const scratch = (name: string): Tables => ({
  batch: (statements) => callScratch(env, name, (stub) => stub.batch(statements)),
});

async function allLines(tables: Tables): Promise<string[]> {
  const columns = (await columnsOf(tables, [TABLE.name])).get(TABLE.name) ?? [];
  const lines: string[] = [];
  for (let after: readonly string[] | null = null, more = true; more; ) {
    const page = await readRows(tables, TABLE, columns, { after });
    lines.push(...page.lines);
    after = page.last;
    more = page.more;
  }
  return lines;
}

describe("rows of a table", () => {
  beforeAll(async () => {
    await env.DB.prepare(SCHEMA).run();
    const insert = "INSERT INTO hostile VALUES (?, CAST(? AS INTEGER), ?, ?)";
    let row = 0;
    for (const text of TEXTS)
      for (const whole of WHOLES) {
        await env.DB.prepare(insert)
          .bind(`${row % 3}${text}`, whole, row % 11 === 0 ? null : text, REALS[row % REALS.length])
          .run();
        row += 1;
      }
    // Longer than a statement may be given at once, in three bytes a character.
    await env.DB.prepare(insert).bind("long", "1", "译".repeat(600_000), null).run();
    const random = crypto.getRandomValues(new Uint8Array(8 * 400));
    const reals = [...new Float64Array(random.buffer)].filter(Number.isFinite);
    await env.DB.batch(
      reals.map((real, at) => env.DB.prepare("INSERT INTO hostile VALUES ('real', ?, NULL, ?)").bind(at, real)),
    );
  });

  for (const [name, target] of [
    ["D1", d1],
    ["a scratch store", scratch("rows")],
  ] as const) {
    it(`come back from a backup into ${name} exactly as they were`, async () => {
      const before = await allLines(d1);
      expect(before.length).toBeGreaterThan(TEXTS.length * WHOLES.length + 300);
      expect(before.join()).toContain("9223372036854775807");
      if (target === d1) await env.DB.prepare("DELETE FROM hostile").run();
      else await callScratch(env, "rows", (stub) => stub.makeTables([SCHEMA]));
      const columns = (await columnsOf(target, [TABLE.name])).get(TABLE.name) ?? [];
      await writeRows(target, TABLE, columns, before);
      await writeRows(target, TABLE, columns, before.slice(0, 20));
      expect(await allLines(target)).toEqual(before);
    });
  }

  it("are left out if the row that they refer to is missing", async () => {
    const fenced = {
      ...TABLE,
      name: "hostile",
      fence: (column: (name: string) => string) => `EXISTS (SELECT 1 FROM courses WHERE slug = ${column("a")})`,
    };
    await env.DB.prepare("DELETE FROM hostile").run();
    await env.DB.prepare(
      "INSERT INTO courses (slug, owner_id, title, created_at, updated_at) VALUES ('there', 'o', 't', 1, 1)",
    ).run();
    const columns = (await columnsOf(d1, [TABLE.name])).get(TABLE.name) ?? [];
    const lines = [
      '["there",1,"x",null]',
      '["gone",1,"x",null]',
      JSON.stringify(["gone", 2, "y".repeat(600_000), null]),
      '["there",3,"a\\u0000b",1.5]',
    ];
    await writeRows(d1, fenced, columns, lines);
    expect(await allLines(d1)).toEqual([lines[0], lines[3]]);
    expect(await countAdmitted(d1, fenced, columns, lines)).toBe(2);
  });

  it("with a value of another type than the column are an error, and are not changed", async () => {
    await env.DB.prepare("INSERT INTO hostile VALUES ('x', 'no number', 't', 1)").run();
    await expect(allLines(d1)).rejects.toThrow(/another type/);
  });
});
