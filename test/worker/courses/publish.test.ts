import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AUTHOR, type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, author, completed, ladder, statesOf } from "../../support/worker/learners.ts";

const publishedSchema = z.object({
  course: z.string(),
  version: z.number(),
  activation: z.number(),
  created: z.boolean(),
  chapters: z.number(),
  problems: z.number(),
  warnings: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })),
});
const impactSchema = z.object({
  dry_run: z.literal(true),
  chapters: z.number(),
  problems: z.number(),
  warnings: z.array(z.unknown()),
  impact: z.object({
    enrollments: z.number(),
    evaluated: z.number(),
    gaining: z.number(),
    losing: z.number(),
    items: z.array(z.object({ item: z.string(), gain: z.number(), lose: z.number() })),
  }),
});

async function created(token?: string): Promise<string> {
  const slug = freshSlug("publish");
  const answer = await call("POST", "/courses", { token: token ?? (await author()), body: { slug, title: "New" } });
  if (answer.status !== 201) throw new Error(await answer.text());
  return slug;
}

async function send(slug: string, document: unknown, options: { query?: string; token?: string; rest?: object } = {}) {
  const { query = "", token, rest } = options;
  return call("POST", `/courses/${slug}/versions${query}`, {
    token: token ?? (await author()),
    body: { document, ...rest },
  });
}

const rowsOf = async (table: string, slug: string) =>
  (await env.DB.prepare(`SELECT * FROM ${table} WHERE course_slug = ?`).bind(slug).all()).results.length;

describe("what publishing refuses", () => {
  it("[I9] lists every error of a document at once, each with its path, and stores nothing", async () => {
    const slug = await created();
    const id = (name: string) => `${slug}.${name}`;
    const answer = await send(slug, {
      slug,
      title: "Broken",
      chapters: [
        { id: id("a"), title: "A", rule: { completed: id("b") } },
        { id: id("b"), title: "B", rule: { completed: id("a") } },
        { id: id("c"), title: "C", rule: { all: [{ completed: id("ghost") }] } },
        { id: id("d"), title: "D", rule: { attempted: id("d") } },
        {
          id: id("e"),
          title: "E",
          rule: { all: [{ from: "2027-01-02T00:00:00Z" }, { until: "2027-01-01T00:00:00Z" }] },
        },
        { id: id("a"), title: "A again" },
        { id: "other.f", title: "F" },
        { id: id("g"), title: "G", problems: [{ id: id("p"), title: "P", answer: { kind: "regex", pattern: "(" } }] },
      ],
    });
    const { code, errors } = await problem(answer, 422);
    expect(code).toBe("invalid_course");
    const found = new Map((errors ?? []).map((error) => [error.rule, error.path]));
    expect(Object.fromEntries(found)).toMatchObject({
      cycle: expect.stringMatching(/^chapters\[[01]\]\.rule/),
      dangling: "chapters[2].rule.all[0].completed",
      self_reference: expect.stringMatching(/^chapters\[3\]\.rule/),
      unsatisfiable: expect.stringMatching(/^chapters\[4\]\.rule/),
      duplicate_id: "chapters[5].id",
      foreign_id: "chapters[6].id",
      invalid_pattern: "chapters[7].problems[0].answer.pattern",
    });
    expect([await rowsOf("course_versions", slug), await rowsOf("course_activations", slug)]).toEqual([0, 0]);
    expect((await call("GET", `/courses/${slug}`, { token: await tokenOf("ada") })).status).toBe(404);
  });

  it("[I9] names broken forms by their JSON path", async () => {
    const slug = await created();
    const answer = await send(slug, { slug, title: "X", chapters: [{ id: "NO", title: "", rule: { complted: "x" } }] });
    const { code, errors } = await problem(answer, 400);
    expect(code).toBe("invalid_input");
    const paths = (errors ?? []).map((error) => error.path).join(" ");
    for (const part of ["document.chapters[0].id", "document.chapters[0].title", "document.chapters[0].rule"]) {
      expect(paths).toContain(part);
    }
    const other = await problem(await send(slug, { slug: "other-course", title: "X" }), 422);
    expect(other.errors?.[0]).toMatchObject({ path: "document.slug", rule: "other_course" });
    let tower: object = { completed: `${slug}.x` };
    for (let depth = 0; depth < 100; depth += 1) tower = { not: tower };
    const deep = await send(slug, { slug, title: "X", chapters: [{ id: `${slug}.x`, title: "X", rule: tower }] });
    expect((await problem(deep, 400)).errors?.[0]?.rule).toBe("too_deep");
  });

  it("[I8] another author, a learner and a service may not, and are not told whether an unpublished course exists", async () => {
    const slug = await created();
    const document = ladder(slug);
    const stranger = await tokenOf("other-author", "author");
    expect((await problem(await send(slug, document, { token: stranger }), 404)).code).toBe("course_not_found");
    const learner = { token: await tokenOf("ada") };
    expect((await problem(await send(slug, document, learner), 404)).code).toBe("course_not_found");
    expect((await send(slug, document, { token: await tokenOf("robot", "service") })).status).toBe(403);
    expect((await send(slug, document)).status).toBe(201);
    for (const [method, path, body] of [
      ["POST", `/courses/${slug}/versions`, { document }],
      ["POST", `/courses/${slug}/versions/1/activate`, {}],
      ["GET", `/courses/${slug}/versions`, undefined],
      ["GET", `/courses/${slug}/versions/1`, undefined],
    ] as const) {
      const answer = await call(method, path, { token: stranger, ...(body === undefined ? {} : { body }) });
      expect((await problem(answer, 403)).code).toBe("forbidden");
    }
    expect((await send(slug, { ...document, title: "By an admin" }, { token: await admin() })).status).toBe(201);
    const taken = await call("POST", "/courses", { token: stranger, body: { slug, title: "Mine" } });
    expect((await problem(taken, 409)).code).toBe("course_exists");
    expect((await problem(await send("no-such-course", document), 404)).code).toBe("course_not_found");
  });

  it("5,001 items are refused, 5,000 accepted", { timeout: 60_000 }, async () => {
    const slug = await created();
    const items = (count: number) => ({
      slug,
      title: "Huge",
      chapters: [{ id: `${slug}.c`, title: "C", content: "# C" }],
      problems: Array.from({ length: count - 1 }, (_, n) => ({
        id: `${slug}.p${n}`,
        title: { en: `Problem ${n}`, zh: `题目${n}` },
        content: `Statement ${n}`,
        rule: n === 0 ? null : { completed: `${slug}.p${n - 1}` },
      })),
    });
    const refused = await problem(await send(slug, items(5_001)), 422);
    expect(refused.errors?.[0]).toMatchObject({ path: "document", rule: "too_many_items" });
    expect(await rowsOf("course_versions", slug)).toBe(0);
    const answer = await read(await send(slug, items(5_000)), 201, publishedSchema);
    expect([answer.chapters, answer.problems]).toEqual([1, 4_999]);
    expect(await rowsOf("course_contents", slug)).toBe(5_000);
    await enroll(slug, "ada");
    const states = await statesOf(slug, "ada");
    expect(Object.keys(states)).toHaveLength(5_000);
    expect(Object.values(states).filter((state) => state === "unlocked")).toHaveLength(2);
  });
});

describe("what publishing does", () => {
  it("[I5] sending the active document again publishes nothing, and its source is returned as it was sent", async () => {
    const slug = await created();
    const document = ladder(slug);
    const first = await read(await send(slug, document), 201, publishedSchema);
    expect(first).toMatchObject({ version: 1, activation: 1, created: true, chapters: 4, problems: 3 });
    const again = await read(await send(slug, document), 200, publishedSchema);
    expect(again).toEqual({ ...first, created: false });
    expect(await rowsOf("course_versions", slug)).toBe(1);
    const source = await call("GET", `/courses/${slug}/versions/1`, { token: await author() });
    expect(await source.json()).toMatchObject({
      slug,
      chapters: [{ id: `${slug}.one`, problems: [{ id: `${slug}.p1` }, {}] }, {}, {}, {}],
    });
    const missing = await call("GET", `/courses/${slug}/versions/2`, { token: await author() });
    expect((await problem(missing, 404)).code).toBe("version_not_found");
  });

  it("[I5] an Idempotency-Key replays the answer, and is refused for another document", async () => {
    const slug = await created();
    const options = { token: await author(), headers: { "idempotency-key": "publish-1" } };
    const post = (document: DocumentInput) =>
      call("POST", `/courses/${slug}/versions`, { ...options, body: { document } });
    const first = await read(await post(ladder(slug)), 201, publishedSchema);
    const again = await post(ladder(slug));
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await read(again, 201, publishedSchema)).toEqual(first);
    expect((await problem(await post({ ...ladder(slug), title: "Other" }), 422)).code).toBe("idempotency_key_reused");
  });

  it("[I4] simultaneous publishes make complete versions without a gap, or answer concurrent_change", async () => {
    const slug = await created();
    const titles = ["First", "Second", "Third"];
    const answers = await Promise.all(titles.map((title) => send(slug, { ...ladder(slug), title })));
    const versions: number[] = [];
    for (const answer of answers) {
      if (answer.status === 409) expect((await problem(answer, 409)).code).toBe("concurrent_change");
      else versions.push((await read(answer, 201, publishedSchema)).version);
    }
    expect(versions.length).toBeGreaterThan(0);
    expect(versions.sort()).toEqual(versions.map((_, index) => index + 1));
    for (const table of ["course_versions", "course_activations", "course_outlines"]) {
      expect(await rowsOf(table, slug)).toBe(versions.length);
    }
    const course = await env.DB.prepare("SELECT active_version, activation FROM courses WHERE slug = ?")
      .bind(slug)
      .first();
    expect(course).toEqual({ active_version: versions.length, activation: versions.length });
  });

  it("warns of a gate that is always open, and still publishes", async () => {
    const slug = await created();
    const rule = { at_least: { count: 0, of: [{ completed: `${slug}.b` }] } };
    const chapters = [
      { id: `${slug}.a`, title: "A", rule },
      { id: `${slug}.b`, title: "B" },
    ];
    const published = await read(await send(slug, { slug, title: "W", chapters }), 201, publishedSchema);
    expect(published.warnings).toMatchObject([{ path: "chapters[0].rule", rule: "always_open" }]);
  });
});

describe("dry_run", () => {
  /** Five learners: two completed chapter one, one of them two as well; one has withdrawn. */
  async function populated(sticky: boolean) {
    const slug = freshSlug("impact");
    const document = ladder(slug, { sticky });
    await publish(document);
    for (const user of ["ada", "bob", "cyd", "dan", "eve"]) await enroll(slug, user);
    for (const user of ["ada", "bob"]) await completed(slug, user, "one");
    await completed(slug, "ada", "two");
    await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf("eve") });
    for (const user of ["ada", "bob", "cyd", "dan", "eve"]) await project(slug, user);
    return { slug, document };
  }

  const withRules = (document: DocumentInput, rules: Record<string, object | null>): DocumentInput => ({
    ...document,
    chapters: (document.chapters ?? []).map((chapter) => {
      const name = chapter.id.split(".")[1] ?? "";
      // SAFETY: the test writes rules of the document's own language.
      return name in rules ? ({ ...chapter, rule: rules[name] } as typeof chapter) : chapter;
    }),
  });

  it.each([
    ["grandfather", false],
    ["relock", false],
    ["grandfather", true],
    ["relock", true],
  ] as const)(
    "counts exactly the learners for whom a %s publish would change something (sticky: %s), and changes nothing",
    async (policy, sticky) => {
      const { slug, document } = await populated(sticky);
      // Two now needs a cohort nobody is in; three and four open for everybody.
      const next = withRules(document, { two: { cohort: "nobody" }, three: null, four: null });
      const answer = await send(slug, next, { query: "?dry_run=true", rest: { policy } });
      const { impact, chapters } = await read(answer, 200, impactSchema);
      expect([impact.enrollments, impact.evaluated, chapters]).toEqual([4, 4, 4]);
      const expected = new Map([
        [`${slug}.three`, { gain: 3, lose: 0 }], // ada has it already
        [`${slug}.four`, { gain: 4, lose: 0 }],
        ...(policy === "relock" ? [[`${slug}.two`, { gain: 0, lose: 2 }] as const] : []),
      ]);
      expect(new Map(impact.items.map(({ item, ...counts }) => [item, counts]))).toEqual(expected);
      expect([impact.gaining, impact.losing]).toEqual([4, policy === "relock" ? 2 : 0]);
      expect(await rowsOf("course_versions", slug)).toBe(1);
      // What it foretold is what then happens.
      const before = await statesOf(slug, "bob");
      expect(before[`${slug}.two`]).toBe("unlocked");
      await publish(next, { policy });
      expect((await statesOf(slug, "bob"))[`${slug}.two`]).toBe(policy === "relock" ? "locked" : "unlocked");
      expect((await statesOf(slug, "dan"))[`${slug}.four`]).toBe("unlocked");
    },
  );

  it("lists errors instead of an impact for a document that cannot be published", async () => {
    const { slug, document } = await populated(false);
    const answer = await send(slug, withRules(document, { one: { completed: `${slug}.ghost` } }), {
      query: "?dry_run=true",
    });
    expect((await problem(answer, 422)).errors?.[0]?.rule).toBe("dangling");
    const first = await created();
    const fresh = await read(await send(first, ladder(first), { query: "?dry_run=true" }), 200, impactSchema);
    expect(fresh.impact).toEqual({ enrollments: 0, evaluated: 0, gaining: 0, losing: 0, items: [] });
    expect(AUTHOR).toBeTypeOf("string");
  });
});
