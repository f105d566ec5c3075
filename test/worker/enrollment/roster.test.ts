// Over 350 lines: each column of a roster is tried alone and with others.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed, deltaSchema, service, statesOf, submit } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";

const DAY_MS = 86_400_000;
const instant = (ms: number) => new Date(ms).toISOString();

function course(slug: string): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: "Roster",
    options: { sticky: false },
    chapters: [
      { id: id("one"), title: "One", problems: [{ id: id("p"), title: "P", content: "?" }] },
      { id: id("gold"), title: "Gold", rule: { cohort: "gold" } },
      { id: id("week2"), title: "Week two", rule: { after_enrollment: { days: 7 } } },
    ],
  };
}

async function published() {
  const slug = freshSlug("roster");
  await publish(course(slug));
  return slug;
}

const enrollSchema = deltaSchema.extend({ created: z.boolean(), updated: z.boolean() });
async function enrollAs(slug: string, body: object, status = 200) {
  const answer = await call("POST", `/courses/${slug}/enrollments`, { token: await author(), body });
  return read(answer, status, enrollSchema);
}

const detailSchema = z.looseObject({
  cohorts: z.array(z.string()),
  practice_mode: z.boolean(),
  version: z.number(),
  policy_seq: z.number(),
});
async function inspect(slug: string, user: string) {
  const path = `/enrollments/${slug}:${encodeURIComponent(user)}`;
  const { outbox: _pending, ...detail } = await read(
    await call("GET", path, { token: await author() }),
    200,
    detailSchema,
  );
  return detail;
}

describe("enrolling a learner who is enrolled", () => {
  it("[fault 27] sets the fields in the request, answers with the delta, and keeps the other fields", async () => {
    const slug = await published();
    const created = await enrollAs(slug, { user_id: "ada", practice_mode: false }, 201);
    expect(created).toMatchObject({ created: true, updated: false });
    const set = await enrollAs(slug, { user_id: "ada", cohorts: ["gold"] });
    expect(set).toMatchObject({ created: false, updated: true, unlocked: [`${slug}.gold`], locked: [] });
    expect(await inspect(slug, "ada")).toMatchObject({ cohorts: ["gold"], practice_mode: false });
    const practice = await enrollAs(slug, { user_id: "ada", practice_mode: true });
    expect(practice).toMatchObject({ updated: true, unlocked: [`${slug}.week2`] });
    expect(await inspect(slug, "ada")).toMatchObject({ cohorts: ["gold"], practice_mode: true });
    const gone = await enrollAs(slug, { user_id: "ada", cohorts: [], practice_mode: false });
    expect(gone.locked.toSorted()).toEqual([`${slug}.gold`, `${slug}.week2`]);
    // D1 knows it before the answer, as of every decision that may take something away.
    const row = await spread
      .prepare("SELECT policy FROM enrollments WHERE id = ?")
      .bind(`${slug}:ada`)
      .first<{ policy: string }>();
    expect(JSON.parse(row?.policy ?? "{}")).toMatchObject({ cohorts: [], practice_mode: false });
  });

  it("[fault 27] changes no sequence if nothing is different", async () => {
    const slug = await published();
    await enrollAs(slug, { user_id: "ada", cohorts: ["gold", "blue"] }, 201);
    const before = await inspect(slug, "ada");
    for (const body of [{}, { cohorts: ["gold", "blue"] }, { cohorts: ["blue", "gold"] }, { practice_mode: false }]) {
      expect(await enrollAs(slug, { user_id: "ada", ...body })).toMatchObject({
        created: false,
        updated: false,
        unlocked: [],
        locked: [],
      });
    }
    expect(await inspect(slug, "ada")).toEqual(before);
    const own = await call("POST", `/courses/${slug}/enrollments`, { token: await tokenOf("ada"), body: {} });
    expect(await own.json()).toMatchObject({ created: false, updated: false });
  });

  it("[fault 27] also sets the fields for a learner who comes back", async () => {
    const slug = await published();
    await enrollAs(slug, { user_id: "ada", cohorts: ["blue"] }, 201);
    await call("DELETE", `/courses/${slug}/enrollments?user_id=ada`, { token: await author() });
    const back = await enrollAs(slug, { user_id: "ada", cohorts: ["gold"] });
    expect(back).toMatchObject({ created: false, updated: true });
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.gold`]: "unlocked" });
  });
});

describe("an enrollment that began in another system", () => {
  it("[fault 33] counts its waiting periods from its beginning, in the object, in D1 and over time", async () => {
    const slug = await published();
    const began = Date.now() - 8 * DAY_MS;
    const created = await enrollAs(slug, { user_id: "ada", enrolled_at: instant(began) }, 201);
    expect(created.unlocked).toContain(`${slug}.week2`);
    await project(slug, "ada");
    const path = `/courses/${slug}/unlocks`;
    const token = await tokenOf("ada");
    const mirrored = await callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", path, { token });
    expect(await mirrored.json()).toMatchObject({ states: { [`${slug}.week2`]: "unlocked" } });
    const list = await call("GET", `/courses/${slug}/enrollments`, { token: await author() });
    expect(await list.json()).toMatchObject({ results: [{ user_id: "ada", enrolled_at: instant(began) }] });
  });

  it("[fault 33] can be corrected by staff later, and the past keeps what was true then", async () => {
    const slug = await published();
    await enrollAs(slug, { user_id: "ada" }, 201);
    await new Promise((done) => setTimeout(done, 5));
    const before = instant(Date.now());
    await new Promise((done) => setTimeout(done, 5));
    const moved = await enrollAs(slug, { user_id: "ada", enrolled_at: instant(Date.now() - 8 * DAY_MS) });
    expect(moved).toMatchObject({ updated: true, unlocked: [`${slug}.week2`] });
    const patch = async (enrolled_at: string) =>
      read(
        await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body: { enrolled_at } }),
        200,
        deltaSchema,
      );
    expect((await statesOf(slug, "ada", `?at=${before}`))[`${slug}.week2`]).toBe("locked");
    expect((await patch(instant(Date.now() - DAY_MS))).locked).toEqual([`${slug}.week2`]);
    await project(slug, "ada");
    const row = await spread
      .prepare("SELECT enrolled_at FROM enrollments WHERE id = ?")
      .bind(`${slug}:ada`)
      .first<{ enrolled_at: number }>();
    expect(Math.abs((row?.enrolled_at ?? 0) - (Date.now() - DAY_MS))).toBeLessThan(60_000);
  });

  it("[fault 33] gets its date from staff only, and the date is never in the future", async () => {
    const slug = await published();
    const path = `/courses/${slug}/enrollments`;
    const past = { enrolled_at: instant(Date.now() - DAY_MS) };
    expect((await problem(await call("POST", path, { token: await tokenOf("ada"), body: past }), 403)).code).toBe(
      "forbidden",
    );
    const future = { user_id: "ada", enrolled_at: instant(Date.now() + DAY_MS) };
    const refusal = await problem(await call("POST", path, { token: await author(), body: future }), 400);
    expect(refusal.errors).toMatchObject([{ path: "enrolled_at", rule: "in_future" }]);
    const list = await call("GET", path, { token: await author() });
    expect(await list.json()).toMatchObject({ results: [] });
  });
});

describe("a batch of enrollments", () => {
  const batchSchema = z.object({
    results: z.array(
      z.looseObject({
        index: z.number(),
        outcome: z.string(),
        enrollment_id: z.string().nullable(),
        errors: z.array(z.looseObject({ path: z.string(), rule: z.string() })).optional(),
      }),
    ),
    created: z.number(),
    updated: z.number(),
  });
  const send = async (slug: string, enrollments: unknown[], token?: string) =>
    call("POST", `/courses/${slug}/enrollments/batch`, { token: token ?? (await author()), body: { enrollments } });

  it("[fault 33] with one bad row refuses only this row, with index, field and rule", async () => {
    const slug = await published();
    await enroll(slug, "bob");
    await enroll(slug, "ben");
    const answer = await read(
      await send(slug, [
        { user_id: "ada", cohorts: ["gold"], enrolled_at: instant(Date.now() - 8 * DAY_MS) },
        { user_id: "a/b" },
        { user_id: "ben" },
        { user_id: "bob", cohorts: ["gold"] },
        { user_id: "cy", enrolled_at: instant(Date.now() + DAY_MS) },
        { user_id: "cy", cohort: "gold" },
        "dora",
        JSON.parse('{"user_id":"cy","__proto__":{"cohorts":["gold"]}}'),
        { user_id: "jane@school.edu" },
      ]),
      200,
      batchSchema,
    );
    expect(answer.results.map(({ outcome }) => outcome)).toEqual([
      "created",
      "invalid",
      "unchanged",
      "updated",
      "invalid",
      "invalid",
      "invalid",
      "invalid",
      "created",
    ]);
    expect(answer).toMatchObject({ created: 2, updated: 1 });
    expect(answer.results[1]?.errors).toMatchObject([{ path: "enrollments[1].user_id", rule: "invalid_format" }]);
    expect(answer.results[4]?.errors).toMatchObject([{ path: "enrollments[4].enrolled_at", rule: "in_future" }]);
    expect(answer.results[5]?.errors).toMatchObject([{ rule: "unrecognized_keys" }]);
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.gold`]: "unlocked", [`${slug}.week2`]: "unlocked" });
    expect(await inspect(slug, "bob")).toMatchObject({ cohorts: ["gold"] });
  });

  it("[fault 33] has up to 5,000 rows, and bad rows do not harm others; a repeat changes nobody", async () => {
    const slug = await published();
    const bad = Array.from({ length: 940 }, (_, n) => ({ user_id: `pupil ${n}` }));
    const good = Array.from({ length: 30 }, (_, n) => ({ user_id: `pupil.${n}@school.edu`, cohorts: ["gold"] }));
    const rows = [...good, ...bad, ...good];
    const first = await read(await send(slug, rows), 200, batchSchema);
    expect(first).toMatchObject({ created: 30, updated: 0 });
    expect(Map.groupBy(first.results, ({ outcome }) => outcome).get("invalid")).toHaveLength(970);
    expect(await read(await send(slug, rows), 200, batchSchema)).toMatchObject({ created: 0, updated: 0 });
    const list = await call("GET", `/courses/${slug}/enrollments?limit=1000`, { token: await author() });
    expect((await list.json<{ results: unknown[] }>()).results).toHaveLength(30);
    const tooMany = await problem(
      await send(slug, [...rows, ...Array.from({ length: 4_001 }, (_, at) => ({ user_id: `more-${at}` }))]),
      400,
    );
    expect(tooMany.errors).toMatchObject([{ path: "enrollments", rule: "too_big" }]);
  });

  it("[fault 33] refuses a person who is in it twice, and names the first row", async () => {
    const slug = await published();
    const rows = [
      { user_id: "ada", cohorts: ["gold", "gold"] },
      { user_id: "ada", cohorts: [] },
      { user_id: "Ada" },
      { user_id: "ada", cohorts: ["gold", "gold"] },
    ];
    const { results } = await read(await send(slug, rows), 200, batchSchema);
    expect(results.map(({ outcome }) => outcome)).toEqual(["created", "invalid", "created", "invalid"]);
    for (const place of [1, 3]) {
      expect(results[place]?.errors).toMatchObject([
        {
          path: `enrollments[${place}].user_id`,
          rule: "duplicate",
          message: expect.stringContaining("enrollments[0]"),
        },
      ]);
    }
    // What is named twice is kept once.
    expect(await inspect(slug, "ada")).toMatchObject({ cohorts: ["gold"] });
    const body = { cohorts: ["blue", "gold", "blue"] };
    expect((await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body })).status).toBe(200);
    expect(await inspect(slug, "ada")).toMatchObject({ cohorts: ["blue", "gold"] });
  });

  it("[fault 33] refuses a beginning before 1970, in every field that has one", async () => {
    const slug = await published();
    const early = "0001-01-01T00:00:00Z";
    const token = await author();
    const enrolling = { path: "enrolled_at", rule: "too_early" };
    const enrollment = { user_id: "ada", enrolled_at: early };
    const one = await problem(await call("POST", `/courses/${slug}/enrollments`, { token, body: enrollment }), 400);
    expect(one.errors).toMatchObject([enrolling]);
    const all = await problem(await send(slug, [enrollment]), 400);
    expect(all.errors).toMatchObject([{ ...enrolling, path: "enrollments[0].enrolled_at" }]);
    await enroll(slug, "ada");
    const patch = call("PATCH", `/enrollments/${slug}:ada`, { token, body: { enrolled_at: early } });
    expect((await problem(await patch, 400)).errors).toMatchObject([enrolling]);
    const facts = [{ user_id: "ada", item: `${slug}.one`, completed: true, at: early }];
    const imported = await call("POST", "/progress/import", { token: await service(), body: { facts } });
    expect((await problem(imported, 400)).errors).toMatchObject([{ path: "facts[0].at", rule: "too_early" }]);
    const epoch = { enrolled_at: "1970-01-01T00:00:00Z" };
    expect((await call("PATCH", `/enrollments/${slug}:ada`, { token, body: epoch })).status).toBe(200);
  });

  it("[fault 33] a fact that is twice in an import changes nothing the second time, and the answer says so", async () => {
    const slug = await published();
    await enroll(slug, "ada");
    const ms = Date.now() - 10_000;
    const fact = { user_id: "ada", item: `${slug}.one`, completed: true, at: instant(ms) };
    const facts = [
      fact,
      { ...fact, at: instant(ms - 1_000) }, // done earlier: another fact
      { ...fact, score: null, at: instant(ms).replace("Z", "+00:00") }, // written otherwise: the same
    ];
    const answer = await call("POST", "/progress/import", { token: await service(), body: { facts } });
    const { results } = await answer.json<{ results: { outcome: string }[] }>();
    expect(results.map(({ outcome }) => outcome)).toEqual(["recorded", "recorded", "unchanged"]);
  });

  it("[fault 33] is only for staff of the course", async () => {
    const slug = await published();
    for (const token of [await tokenOf("ada"), await tokenOf("other", "author")]) {
      expect((await send(slug, [{ user_id: "ada" }], token)).status).toBe(403);
    }
    expect(
      (
        await call("POST", "/courses/no-such/enrollments/batch", {
          token: await author(),
          body: { enrollments: [{ user_id: "a" }] },
        })
      ).status,
    ).toBe(404);
  });

  it("[fault 33] an import of 1,000 facts with one bad id loses one row", async () => {
    const slug = await published();
    await enroll(slug, "ada");
    const at = instant(Date.now() - 1_000);
    const good = { user_id: "ada", item: `${slug}.one`, completed: true, at };
    const bad = [
      { ...good, user_id: "a b" },
      { ...good, item: "One" },
      { ...good, score: 101 },
      { ...good, at: "yesterday" },
      { ...good, surplus: 1 },
      { ...good, user_id: ".." },
    ];
    const facts = [good, ...bad];
    const answer = await call("POST", "/progress/import", { token: await service(), body: { facts } });
    const { results } = await read(
      answer,
      200,
      batchSchema.pick({ results: true }).extend({
        results: z.array(
          z.looseObject({ outcome: z.string(), errors: z.array(z.looseObject({ path: z.string() })).optional() }),
        ),
      }),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(["recorded", ...bad.map(() => "invalid")]);
    expect(results.slice(1).map(({ errors }) => errors?.[0]?.path)).toEqual([
      "facts[1].user_id",
      "facts[2].item",
      "facts[3].score",
      "facts[4].at",
      "facts[5].surplus",
      "facts[6].user_id",
    ]);
  });
});

describe("ids in a batch", () => {
  const ids = ["jane.doe", "jane@school.edu", "1001:7", "jane+test@school.edu", "O.Neil_3-b", "...a", "a:b:c"];

  it.each(ids)(
    "[fault 33] %s can be enrolled, learns, is listed and read, gets overrides and is withdrawn",
    async (user) => {
      const slug = await published();
      await enrollAs(slug, { user_id: user }, 201);
      await completed(slug, user, "one");
      const sent = await submit(slug, user, "p", "an answer");
      const { submission_id } = await sent.json<{ submission_id: string }>();
      const verdict = await call("POST", `/submissions/${submission_id}/verdict`, {
        token: await service(),
        body: { passed: true, score: 90 },
      });
      expect(await verdict.json()).toMatchObject({ enrollment_id: `${slug}:${user}`, score: 90 });
      const facts = [{ user_id: user, item: `${slug}.gold`, completed: true, at: instant(Date.now() - 1_000) }];
      const imported = await call("POST", "/progress/import", { token: await service(), body: { facts } });
      expect(await imported.json()).toMatchObject({ recorded: 1 });
      for (const written of [user, encodeURIComponent(user)]) {
        const path = `/enrollments/${slug}:${written}`;
        expect((await call("GET", path, { token: await author() })).status).toBe(200);
        const body = { kind: "lock", reason: "for the test" };
        expect((await call("PUT", `${path}/overrides/${slug}.one`, { token: await author(), body })).status).toBe(200);
        expect((await call("DELETE", `${path}/overrides/${slug}.one`, { token: await author() })).status).toBe(200);
      }
      await project(slug, user);
      const list = await call("GET", `/courses/${slug}/enrollments`, { token: await author() });
      expect(await list.json()).toMatchObject({ results: [{ user_id: user, completed_count: 3 }] });
      const query = `learner=${encodeURIComponent(user)}`;
      const seen = await call("GET", `/courses/${slug}/unlocks?${query}`, { token: await author() });
      expect(await seen.json()).toMatchObject({ states: { [`${slug}.p`]: "completed" } });
      const mirrored = await callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", `/courses/${slug}/unlocks`, {
        token: await tokenOf(user),
      });
      expect(await mirrored.json()).toMatchObject({ states: { [`${slug}.one`]: "completed" } });
      const gone = await call("DELETE", `/courses/${slug}/enrollments?user_id=${encodeURIComponent(user)}`, {
        token: await author(),
      });
      expect(gone.status).toBe(200);
    },
  );

  it("[fault 33] are not mixed up: upper and lower case differ, and no id is taken for a part of another", async () => {
    const slug = await published();
    const users = ["jane", "Jane", "jane.doe", "jane:7", "7"];
    for (const user of users) await enrollAs(slug, { user_id: user }, 201);
    await completed(slug, "jane:7", "one");
    for (const user of users) {
      expect((await statesOf(slug, user))[`${slug}.one`]).toBe(user === "jane:7" ? "completed" : "unlocked");
    }
  });

  it.each([
    ".",
    "..",
    "",
    "a b",
    "a/b",
    "a%b",
    "a?b",
    "a#b",
    "a\\b",
    "é",
    "日本",
    "a\u0000",
    "a\n",
    "~a",
    "a,b",
    "x".repeat(65),
  ])("[fault 33] %j is refused, and the field is named", async (user) => {
    const slug = await published();
    const answer = await call("POST", `/courses/${slug}/enrollments`, {
      token: await author(),
      body: { user_id: user },
    });
    expect((await problem(answer, 400)).errors).toMatchObject([{ path: "user_id" }]);
  });
});
