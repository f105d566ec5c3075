import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  complete,
  completed,
  openItems,
  pageSchema,
  setClock,
  statesOf,
  submit,
  unlocks,
  unlocksSchema,
} from "../../support/worker/learners.ts";

const HOUR = 3_600_000;
const explanationSchema = z.looseObject({
  is_locked: z.boolean(),
  conditions: z.array(z.looseObject({ met: z.boolean(), text: z.object({ en: z.string(), zh: z.string() }) })),
  reasons: z.array(z.looseObject({ code: z.string(), remaining: z.number().optional() })),
  to_unlock: z
    .array(z.object({ action: z.string(), item: z.string().optional(), until: z.string().optional() }).loose())
    .nullable(),
  do_next: z.array(z.looseObject({ action: z.string(), item: z.string().optional() })),
  sentence: z.object({ en: z.string(), zh: z.string() }),
});

async function why(slug: string, item: string, query = "") {
  const answer = await call("GET", `/courses/${slug}/items/${slug}.${item}/why${query}`, {
    token: await tokenOf("ada"),
  });
  return read(answer, 200, explanationSchema);
}

/** States as the mirror in D1 gives them, with no object to ask. */
async function mirrored(slug: string, user: string) {
  await project(slug, user);
  const bindings = { ENROLLMENTS: brokenObjects().namespace };
  const answer = await callWith(bindings, "GET", `/courses/${slug}/unlocks`, { token: await tokenOf(user) });
  return (await read(answer, 200, unlocksSchema)).states;
}

async function setCohorts(slug: string, user: string, cohorts: string[]) {
  const answer = await call("PATCH", `/enrollments/${slug}:${user}`, { token: await author(), body: { cohorts } });
  expect(answer.status, await answer.text()).toBe(200);
}

afterEach(() => {
  vi.useRealTimers();
});

describe("[fault 20] the advice in `to_unlock`", () => {
  it("can be followed through the API, step by step, and avoids what has closed", async () => {
    const slug = freshSlug("advice");
    const id = (name: string) => `${slug}.${name}`;
    const done = (name: string) => ({ completed: id(name) });
    await publish({
      slug,
      title: "Advice",
      chapters: [
        { id: id("a"), title: "A", rule: { until: "2020-01-01T00:00:00Z" } },
        { id: id("other"), title: "Other", rule: { cohort: "evening" } },
        { id: id("b"), title: "B", rule: done("base") },
        { id: id("base"), title: "Base" },
        { id: id("c"), title: "C" },
        { id: id("x"), title: "X", rule: { any: [done("a"), done("other"), { all: [done("b"), done("c")] }] } },
        { id: id("y"), title: "Y", rule: done("a") },
      ],
    });
    await enroll(slug, "ada");
    const { to_unlock, do_next, sentence } = await why(slug, "x");
    expect(to_unlock?.map(({ item }) => item)).toEqual(["base", "b", "c"].map(id));
    expect(do_next.map(({ item }) => item)).toEqual(["base", "c"].map(id));
    expect(sentence).toEqual({ en: "Complete “B” and “C”.", zh: "完成《B》和《C》。" });
    for (const { item = "" } of to_unlock ?? []) await completed(slug, "ada", item.slice(slug.length + 1));
    expect((await why(slug, "x")).is_locked).toBe(false);
    const never = await why(slug, "y");
    expect(never).toMatchObject({ to_unlock: null, do_next: [], sentence: { en: "You cannot complete “A”." } });
    expect((await complete(slug, "ada", "a")).status).toBe(403);
  });
});

describe("[fault 21] end dates in sticky courses", () => {
  it("close items for each cohort at its own time, in the object and in the mirror; nothing else closes", async () => {
    const slug = freshSlug("seasons");
    const id = (name: string) => `${slug}.${name}`;
    const start = Date.now();
    const at = (hours: number) => new Date(start + hours * HOUR).toISOString();
    await publish({
      slug,
      title: "Seasons",
      options: { sticky: true },
      chapters: [
        {
          id: id("exam"),
          title: "Exam",
          rule: {
            any: [{ all: [{ cohort: "spring" }, { until: at(1) }] }, { all: [{ cohort: "autumn" }, { until: at(3) }] }],
          },
          problems: [{ id: id("inside"), title: "Inside" }],
        },
        { id: id("early"), title: "Early", rule: { not: { from: at(2) } } },
        { id: id("kept"), title: "Kept", rule: { not: { completed: id("early") } } },
      ],
    });
    for (const [user, cohort] of [
      ["ada", "spring"],
      ["bob", "autumn"],
    ] as const) {
      await enroll(slug, user);
      await setCohorts(slug, user, [cohort]);
    }
    await completed(slug, "ada", "early");
    expect((await unlocks(slug, "ada")).snapshot.valid_until).toBe(at(1));
    const locked = async (user: string) => {
      const own = await statesOf(slug, user);
      expect(await mirrored(slug, user)).toEqual(own);
      const open = await openItems(slug, user);
      return ["exam", "inside", "early", "kept"].filter((name) => !open.has(id(name)));
    };
    expect([await locked("ada"), await locked("bob")]).toEqual([[], []]);
    setClock(start + 1.5 * HOUR);
    expect([await locked("ada"), await locked("bob")]).toEqual([["exam", "inside"], []]);
    setClock(start + 2.5 * HOUR);
    expect([await locked("ada"), await locked("bob")]).toEqual([["exam", "inside", "early"], ["early"]]);
    setClock(start + 3.5 * HOUR);
    expect(await locked("bob")).toEqual(["exam", "inside", "early"]);
  });
});

describe("[fault 24] publishing", () => {
  it("refuses an item that nobody can ever open and warns of closed ones, all in one answer with their paths", async () => {
    const slug = freshSlug("dead-ends");
    const id = (name: string) => `${slug}.${name}`;
    const chapters = [
      { id: id("one"), title: "One" },
      { id: id("scored"), title: "Scored", rule: { score: { item: id("one"), min: 50 } } },
      { id: id("late"), title: "Late", rule: { from: "2030-01-01T00:00:00Z" } },
      {
        id: id("early"),
        title: "Early",
        rule: { all: [{ completed: id("late") }, { until: "2029-01-01T00:00:00Z" }] },
      },
      {
        id: id("both"),
        title: "Both",
        rule: { all: [{ completed: id("one") }, { not: { attempted: id("one") } }] },
      },
      { id: id("over"), title: "Over", rule: { until: "2020-01-01T00:00:00Z" } },
    ];
    const token = await author();
    await call("POST", "/courses", { token, body: { slug, title: "Dead ends" } });
    const refused = await call("POST", `/courses/${slug}/versions`, {
      token,
      body: { document: { slug, title: "Dead ends", options: { tutorial: id("over") }, chapters } },
    });
    const found = z.array(z.looseObject({ path: z.string(), rule: z.string() }));
    const body = await read(refused, 422, z.looseObject({ errors: found, warnings: found }));
    expect(body.errors.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      "chapters[4].rule.all unsatisfiable",
      "chapters[1].rule.score.item unreachable",
      "chapters[3].rule unreachable",
    ]);
    expect(body.warnings.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      "chapters[5].rule closed",
      "options.tutorial closed",
    ]);
  });
});

describe("[fault 29] [fault 44] a learner reads", () => {
  it("dates in the requested time zone, with an ETag for each zone, and an unknown zone is refused by name", async () => {
    const slug = freshSlug("zones");
    const item = { id: `${slug}.exam`, title: "Exam", rule: { from: "2031-07-01T16:30:00Z" } };
    await publish({ slug, title: "Zones", chapters: [item] });
    await enroll(slug, "ada");
    const token = await tokenOf("ada");
    expect((await why(slug, "exam")).sentence.en).toBe("It opens on 2031-07-01 16:30 UTC.");
    expect((await why(slug, "exam", "?tz=Asia/Shanghai")).sentence).toEqual({
      en: "It opens on 2031-07-02 00:30 GMT+8.",
      zh: "将于 2031-07-02 00:30 GMT+8 开放。",
    });
    const list = async (query: string, etag?: string) => {
      const headers = etag === undefined ? {} : { "if-none-match": etag };
      const answer = await call("GET", `/courses/${slug}/chapters${query}`, { token, headers });
      const text = await answer.text();
      const row = answer.status === 200 ? pageSchema.parse(JSON.parse(text)).results[0] : undefined;
      return { status: answer.status, etag: answer.headers.get("etag") ?? "", told: row?.unlock_condition_description };
    };
    const utc = await list("");
    const berlin = await list("?tz=Europe/Berlin");
    expect([utc.told, berlin.told]).toEqual([
      "It opens on 2031-07-01 16:30 UTC.",
      "It opens on 2031-07-01 18:30 GMT+2.",
    ]);
    expect(berlin.etag).not.toBe(utc.etag);
    expect((await list("?tz=Europe/Berlin", utc.etag)).status).toBe(200);
    expect((await list("?tz=Europe/Berlin", berlin.etag)).status).toBe(304);
    expect(await list("?tz=UTC")).toEqual(utc);
    const future = await list("?tz=Europe/Berlin&at=2031-06-01T00:00:00Z");
    expect(future.told).toBe(berlin.told);
    for (const zone of ["Mars/Olympus", "", "+08:00", "x".repeat(65)]) {
      const refused = await call("GET", `/courses/${slug}/chapters?tz=${encodeURIComponent(zone)}`, { token });
      const { errors } = await problem(refused, 400);
      expect(
        errors?.map(({ path }) => path),
        zone,
      ).toEqual(["query.tz"]);
    }
  });

  it("the missing amount, rounded up, and the conditions that hold", async () => {
    const slug = freshSlug("told");
    const id = (name: string) => `${slug}.${name}`;
    await publish({
      slug,
      title: "Told",
      chapters: [
        { id: id("done"), title: "Done" },
        {
          id: id("exam"),
          title: "Exam",
          rule: {
            all: [
              { completed: id("done") },
              { score: { item: id("p"), min: 70 } },
              { after: { item: id("p"), days: 0.125 } },
            ],
          },
        },
      ],
      problems: [{ id: id("p"), title: "P" }],
    });
    await enroll(slug, "ada");
    await completed(slug, "ada", "done");
    const sent = z.looseObject({ submission_id: z.string() });
    const { submission_id } = await read(await submit(slug, "ada", "p", "an answer"), 201, sent);
    const verdict = await call("POST", `/submissions/${submission_id}/verdict`, {
      token: await tokenOf("judge", "service"),
      body: { passed: false, score: 69.995 },
    });
    expect(verdict.status, await verdict.text()).toBe(200);
    const { reasons, sentence, conditions } = await why(slug, "exam");
    expect(reasons.find(({ code }) => code === "score_too_low")?.remaining).toBe(0.01);
    expect(sentence.en).toBe(
      "Score at least 70 on “P” (your best so far is 69.99), and complete “P” and then wait 3 hours.",
    );
    expect(conditions.map(({ met, text }) => [met, text.en])).toEqual([
      [true, "“Done” is completed"],
      [false, "a score of at least 70 on “P”"],
      [false, "3 hours since “P” was completed"],
    ]);
  });
});

describe("[fault 32] a deprecated chapter", () => {
  it("stays, with all its problems, for learners who started one of its items, and for nobody else", async () => {
    const slug = freshSlug("deprecated");
    const id = (name: string) => `${slug}.${name}`;
    const document = (status: "active" | "deprecated") => ({
      slug,
      title: "Old",
      chapters: [
        {
          id: id("old"),
          title: "Old",
          content: "text of old",
          status,
          problems: [
            { id: id("p"), title: "P", answer: { kind: "exact" as const, values: ["yes"] } },
            { id: id("q"), title: "Q", content: "text of q", answer: { kind: "exact" as const, values: ["yes"] } },
          ],
        },
        { id: id("new"), title: "New" },
      ],
    });
    await publish(document("active"));
    for (const user of ["ada", "bob"]) await enroll(slug, user);
    expect((await submit(slug, "ada", "p", "no")).status).toBe(201);
    await publish(document("deprecated"));
    const all = ["old", "new", "p", "q"].map(id).sort();
    expect(Object.keys(await statesOf(slug, "ada")).sort()).toEqual(all);
    expect(await mirrored(slug, "ada")).toEqual(await statesOf(slug, "ada"));
    expect(Object.keys(await statesOf(slug, "bob"))).toEqual([id("new")]);
    expect(await mirrored(slug, "bob")).toEqual(await statesOf(slug, "bob"));
    const tokens = { ada: await tokenOf("ada"), bob: await tokenOf("bob") };
    const status = async (user: "ada" | "bob", path: string) =>
      (await call("GET", path, { token: tokens[user] })).status;
    for (const path of [
      `/problems/${id("q")}`,
      `/courses/${slug}/chapters/${id("old")}`,
      `/chapters/${id("old")}/problems`,
    ]) {
      expect([await status("ada", path), await status("bob", path)], path).toEqual([200, 404]);
    }
    const future = `/courses/${slug}/unlocks?at=2040-01-01T00:00:00Z`;
    const later = await read(await call("GET", future, { token: tokens.ada }), 200, unlocksSchema);
    expect(Object.keys(later.states).sort()).toEqual(all);
    expect((await submit(slug, "ada", "q", "yes")).status).toBe(201);
    const rows = await read(await call("GET", `/courses/${slug}/chapters`, { token: tokens.ada }), 200, pageSchema);
    expect(rows.results[0]).toMatchObject({ id: id("old"), problems_completed: 1, problems_total: 2 });
    await completed(slug, "ada", "old");
    expect((await submit(slug, "bob", "q", "yes")).status).toBe(404);
    expect((await complete(slug, "bob", "old")).status).toBe(404);
  });
});
