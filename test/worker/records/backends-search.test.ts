import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { D1Backend } from "../../../src/records/backends/d1.ts";
import { registryOf } from "../../../src/records/backends/index.ts";
import { SearchBackend, searchSchema } from "../../../src/records/backends/search.ts";
import { query } from "../../../src/records/query.ts";
import { SESSION, TASK } from "../../../src/records/translation/types.ts";
import { fresh, SAMPLE, SAMPLE_TABLE, sample } from "../../support/records/sample.ts";

const backend = new SearchBackend(env.DB);

beforeAll(async () => {
  for (const sql of [SAMPLE_TABLE, ...searchSchema(SAMPLE)]) await env.DB.prepare(sql).run();
});

/** Stores a text each, under an owner of its own. @returns how to search among them: the places of those found. */
async function texts(...all: string[]): Promise<(words: string) => Promise<number[]>> {
  const owner = fresh("searched");
  await backend.write(
    SAMPLE,
    all.map((text, n) => sample(`${owner}:${n}`, { owner, body: JSON.stringify({ title: "", text }) })),
  );
  return async (words) => {
    const found = await backend.query(SAMPLE, query(SAMPLE).where("owner", "=", owner).text(words).build());
    return found.map(({ id }) => Number(id.slice(owner.length + 1)));
  };
}

describe("search", () => {
  it("finds Chinese words of one, two and more characters, anywhere in a text", async () => {
    const search = await texts("翻译服务启动完成", "服装任务", "服务", "成功", "務服");
    expect(await search("服务")).toEqual([0, 2]);
    expect(await search("翻译")).toEqual([0]);
    expect(await search("完成")).toEqual([0]);
    expect(await search("成")).toEqual([0, 3]);
    expect(await search("服")).toEqual([0, 1, 2, 4]);
    expect(await search("翻译服务启动完成")).toEqual([0]);
    expect(await search("务服")).toEqual([]);
    expect(await search("翻译完成")).toEqual([]);
    expect(await search("翻译 完成")).toEqual([0]);
  });

  it("finds Japanese, Korean and characters beyond the basic plane", async () => {
    const search = await texts("データベースを更新", "번역 서비스 시작", "𠮷野家と𠀀𠀁", "ﾃﾞｰﾀ");
    expect(await search("データ")).toEqual([0, 3]);
    expect(await search("更新")).toEqual([0]);
    expect(await search("서비스")).toEqual([1]);
    expect(await search("𠮷野")).toEqual([2]);
    expect(await search("𠀀𠀁")).toEqual([2]);
    expect(await search("𠀁𠀀")).toEqual([]);
  });

  it("finds words between scripts and punctuation, in any case, with or without accents", async () => {
    const search = await texts(
      "API服务v2启动，完成。",
      "Café «Zürich»: naïve",
      "foo_bar-baz",
      "ＦＵＬＬ width",
      "हिन्दी भाषा",
    );
    expect(await search("api")).toEqual([0]);
    expect(await search("API 服务")).toEqual([0]);
    expect(await search("API服务")).toEqual([0]);
    expect(await search("启动完成")).toEqual([]);
    expect(await search("CAFE zurich naïve")).toEqual([1]);
    expect(await search("bar")).toEqual([2]);
    expect(await search("full")).toEqual([3]);
    expect(await search("हिन्दी")).toEqual([4]);
    expect(await search("caf")).toEqual([]);
  });

  it("[I9] reads operators of its index as words", async () => {
    const search = await texts("black and white", "black or white", "near the black not", "words blue");
    expect(await search("black AND white")).toEqual([0]);
    expect(await search("black OR white")).toEqual([1]);
    expect(await search("NOT black")).toEqual([2]);
    expect(await search("NEAR(black)")).toEqual([2]);
    expect(await search("words:blue")).toEqual([3]);
    expect(await search("bla*")).toEqual([]);
    expect(await search('"black')).toEqual([0, 1, 2]);
    expect(await search('") OR words MATCH ("black')).toEqual([]);
    expect(await search("^black - + {} () : * \" ' \\ \u0000")).toEqual([0, 1, 2]);
  });

  it("finds nothing for a search without words, and refuses an invalid search", async () => {
    const search = await texts("something");
    for (const words of ["", "   ", "，。!?", "* \" '", "\u0000"]) expect(await search(words), words).toEqual([]);
    await expect(search("a ".repeat(65))).rejects.toThrow(RangeError);
  });

  it("[I2] forgets the words of replaced versions and of deleted records", async () => {
    const id = fresh("changing");
    const write = (version: number, text: string) =>
      backend.write(SAMPLE, [sample(id, { owner: id, version, body: JSON.stringify({ text }) })]);
    const search = async (words: string) =>
      (await backend.query(SAMPLE, query(SAMPLE).where("owner", "=", id).text(words).build())).length;
    await write(2, "第一 first");
    expect([await search("first"), await search("第一")]).toEqual([1, 1]);
    expect(await write(1, "older")).toEqual({ written: 0, ignored: 1 });
    expect(await write(2, "same")).toEqual({ written: 0, ignored: 1 });
    expect([await search("older"), await search("same"), await search("first")]).toEqual([0, 0, 1]);
    await write(3, "第二 second");
    expect([await search("first"), await search("第一"), await search("第二")]).toEqual([0, 0, 1]);
    await backend.delete(SAMPLE, [id]);
    expect(await search("second")).toBe(0);
    await write(1, "reborn");
    expect([await search("second"), await search("reborn")]).toEqual([0, 1]);
  });

  it("stores a record without texts, or that is no object, and searches only the searchable fields", async () => {
    const owner = fresh("bodies");
    const bodies = ["[1,2]", "null", '"text"', '{"text":5}', "not json", '{"secret":"hidden","title":"shown"}'];
    const records = bodies.map((body, n) => sample(`${owner}:${n}`, { owner, body }));
    expect(await backend.write(SAMPLE, records)).toEqual({ written: bodies.length, ignored: 0 });
    const search = (words: string) =>
      backend.query(SAMPLE, query(SAMPLE).where("owner", "=", owner).text(words).build());
    expect(await search("hidden")).toEqual([]);
    expect(await search("shown")).toEqual([records[5]]);
  });

  it("lists results in any order with filters, and ranks the best first on a single page", async () => {
    const owner = fresh("ranks");
    const records = Array.from({ length: 25 }, (_, n) =>
      sample(`${owner}:${String(n).padStart(2, "0")}`, {
        owner,
        updated_at: 100 - n,
        fields: { amount: n % 2 },
        body: JSON.stringify({ text: n === 17 ? "服务 服务 服务" : `服务 ${"filler ".repeat(n + 5)}` }),
      }),
    );
    await backend.write(SAMPLE, records);
    const base = () => query(SAMPLE).where("owner", "=", owner).text("服务");
    const walked: string[] = [];
    let page = await backend.query(SAMPLE, base().where("amount", "=", 1).sortBy("updated_at").limit(5).build());
    while (page.length > 0) {
      walked.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      const after = { value: last?.updated_at ?? 0, id: last?.id ?? "" };
      page = await backend.query(
        SAMPLE,
        base().where("amount", "=", 1).sortBy("updated_at").limit(5).after(after).build(),
      );
    }
    const expected = records.filter((_, n) => n % 2 === 1).map(({ id }) => id);
    expect(walked).toEqual(expected.toReversed());
    const [best, second] = await backend.query(SAMPLE, base().ranked().limit(2).build());
    expect([best, second]).toEqual([records[17], records[0]]);
    expect(() => base().ranked().after({ value: 1, id: "x" }).build()).toThrow(RangeError);
    expect(() => query(SAMPLE).ranked().build()).toThrow(RangeError);
  });

  it("is rebuilt from the rows during writes, and never finds words of another version", async () => {
    const owner = fresh("rebuilt");
    const plain = new D1Backend(env.DB);
    const at = (n: number, version: number, text: string) =>
      sample(`${owner}:${n}`, { owner, version, body: JSON.stringify({ text }) });
    const search = async (words: string) =>
      (await backend.query(SAMPLE, query(SAMPLE).where("owner", "=", owner).text(words).build())).map(({ id }) => id);
    const rebuild = async () => {
      let indexed = 0;
      for (let after = ""; ; ) {
        const page = await backend.indexPage(SAMPLE, after, 2);
        if (page === null) return indexed;
        indexed += page.indexed;
        after = page.last;
      }
    };
    await backend.write(SAMPLE, [at(0, 1, "alpha"), at(1, 1, "alpha"), at(2, 1, "alpha")]);
    await plain.write(SAMPLE, [at(1, 2, "beta"), at(3, 1, "beta")]);
    expect(await search("alpha")).toEqual([`${owner}:0`, `${owner}:2`]);
    expect(await search("beta")).toEqual([]);
    expect(await rebuild()).toBe(2);
    expect(await rebuild()).toBe(0);
    expect(await search("beta")).toEqual([`${owner}:1`, `${owner}:3`]);
    await backend.clearIndex(SAMPLE);
    expect(await search("beta")).toEqual([]);
    expect(await rebuild()).toBeGreaterThanOrEqual(4);
    expect(await search("alpha")).toEqual([`${owner}:0`, `${owner}:2`]);
    expect(await search("beta")).toEqual([`${owner}:1`, `${owner}:3`]);
  });

  it("has the tables that its migration makes, and can be switched off", async () => {
    const normal = (sql: string) => sql.replaceAll(/\s+/g, " ");
    const made = await env.DB.prepare("SELECT sql FROM sqlite_master WHERE type = 'table'").all<{ sql: string }>();
    const known = made.results.map(({ sql }) => normal(sql));
    for (const sql of [...searchSchema(SESSION), ...searchSchema(TASK)]) expect(known).toContain(normal(sql));
    const on = { ...env, RECORD_SEARCH: "on" } as unknown as Env; // SAFETY: an installation may say so
    expect([SESSION, TASK].map((type) => registryOf(on).primary(type).name)).toEqual(["search", "search"]);
    expect([SESSION, TASK].map((type) => registryOf(env).primary(type).name)).toEqual(["d1", "d1"]);
    expect(Object.keys(await registryOf(on).health())).toEqual(["search"]);
  });
});
