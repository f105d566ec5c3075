import { expect, it } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith, loseStorage, rowsOf } from "../../support/worker/faults.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  deltaSchema,
  service,
  statesOf,
  unlocks,
  unlocksSchema,
  whySchema,
} from "../../support/worker/learners.ts";

// Items that are meant for some, grades that fall, and scores that wait for their release: through the whole path.

const outcomesSchema = z.looseObject({
  results: z.array(z.looseObject({ outcome: z.string() })),
  deltas: z.array(z.looseObject({ unlocked: z.array(z.string()), locked: z.array(z.string()) })),
});
const detailSchema = z.looseObject({ held: z.array(z.object({ item: z.string(), held_at: z.string() })) });
const audienceSchema = z.looseObject({
  results: z.array(z.looseObject({ user_id: z.string(), is_open: z.boolean() })),
});

async function told(...facts: object[]) {
  const answer = await call("POST", "/progress/import", { token: await service(), body: { facts } });
  return read(answer, 200, outcomesSchema);
}

async function inCohorts(slug: string, cohorts: string[]) {
  const answer = await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body: { cohorts } });
  return read(answer, 200, deltaSchema);
}

async function fallbackOf(slug: string): Promise<Record<string, string>> {
  await project(slug, "ada");
  const broken = { ENROLLMENTS: brokenObjects().namespace };
  const answer = await callWith(broken, "GET", `/courses/${slug}/unlocks`, { token: await tokenOf("ada") });
  return (await read(answer, 200, unlocksSchema)).states;
}

const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

it("an item for a cohort is hidden from others: object, fallback, past, reasons and audience agree", async () => {
  const slug = freshSlug("meant");
  const id = (name: string) => `${slug}.${name}`;
  const document: DocumentInput = {
    slug,
    title: "Meant",
    options: { sticky: false },
    problems: [
      { id: id("extra"), title: "Secret", assign_to: ["evening"], content: "Only for the evening." },
      { id: id("next"), title: "Next", rule: { all: [{ completed: id("extra") }, { completed: id("quiz") }] } },
      { id: id("quiz"), title: "Quiz" },
    ],
  };
  await publish(document);
  await enroll(slug, "ada");
  const token = await tokenOf("ada");
  const without = { [id("next")]: "locked", [id("quiz")]: "unlocked" };
  expect([await statesOf(slug, "ada"), await fallbackOf(slug)]).toEqual([without, without]);
  for (const path of [`/problems/${id("extra")}/`, `/courses/${slug}/items/${id("extra")}/why`]) {
    const refused = await call("GET", path, { token });
    expect([refused.status, await refused.text()]).toEqual([404, expect.not.stringContaining("Secret")]);
  }
  const why = await call("GET", `/courses/${slug}/items/${id("next")}/why`, { token });
  expect(JSON.stringify(await read(why, 200, whySchema))).not.toMatch(/Secret|extra|another item|evening/);
  const path = `/courses/${slug}/items/${id("next")}/audience`;
  const audience = async () =>
    (await read(await call("GET", path, { token: await author() }), 200, audienceSchema)).results;
  expect(await audience()).toMatchObject([{ user_id: "ada", is_open: false }]);
  expect((await told({ user_id: "ada", item: id("quiz"), completed: true, at: at(1) })).deltas).toMatchObject([
    { unlocked: [id("next")], locked: [] },
  ]);

  const before = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await inCohorts(slug, ["evening"])).toMatchObject({ unlocked: [id("extra")], locked: [id("next")] });
  const withIt = { [id("extra")]: "unlocked", [id("next")]: "locked", [id("quiz")]: "completed" };
  expect([await statesOf(slug, "ada"), await fallbackOf(slug)]).toEqual([withIt, withIt]);
  expect(await statesOf(slug, "ada", `?at=${before}`)).toEqual({ [id("next")]: "unlocked", [id("quiz")]: "completed" });
  expect((await call("GET", `/problems/${id("extra")}/`, { token })).status).toBe(200);
});

it("items lock again after a lower score if the item keeps nothing, also after a lost object; otherwise they stay open", async () => {
  const slug = freshSlug("fell");
  const id = (name: string) => `${slug}.${name}`;
  const rule = { score: { item: id("quiz"), min: 60 } };
  await publish({
    slug,
    title: "Fell",
    problems: [
      { id: id("quiz"), title: "Quiz" },
      { id: id("live"), title: "Live", rule, keeps: false },
      { id: id("kept"), title: "Kept", rule },
    ],
  });
  await enroll(slug, "ada");
  const grade = (score: number, minutes: number) => told({ user_id: "ada", item: id("quiz"), score, at: at(minutes) });
  expect((await grade(80, 10)).deltas[0]?.unlocked).toEqual([id("live"), id("kept")]);
  const fallen = await grade(40, 5);
  expect(fallen.deltas).toMatchObject([{ unlocked: [], locked: [id("live")] }]);
  expect((await grade(40, 8)).deltas).toEqual([]);
  const states = { [id("quiz")]: "started", [id("live")]: "locked", [id("kept")]: "unlocked" };
  expect([await statesOf(slug, "ada"), await fallbackOf(slug)]).toEqual([states, states]);
  await loseStorage(slug, "ada");
  expect(await statesOf(slug, "ada")).toEqual(states);
  expect((await grade(90, 1)).deltas).toMatchObject([{ unlocked: [id("live")] }]);
});

it("a held score changes nothing for the learner before its release, and counts from that moment", async () => {
  const slug = freshSlug("held");
  const id = (name: string) => `${slug}.${name}`;
  await publish({
    slug,
    title: "Held",
    options: { sticky: false },
    problems: [
      { id: id("exam"), title: "Exam" },
      { id: id("next"), title: "Next", rule: { score: { item: id("exam"), min: 60 } } },
      { id: id("later"), title: "Later", rule: { after: { item: id("exam"), days: 1 } } },
    ],
  });
  await enroll(slug, "ada");
  const before = await unlocks(slug, "ada");
  const held = { user_id: "ada", item: id("exam"), score: 70, completed: true, at: at(60 * 48), held: true };
  expect(await told(held)).toMatchObject({ results: [{ outcome: "held" }], deltas: [], recorded: 0 });
  expect(await told(held)).toMatchObject({ results: [{ outcome: "unchanged" }] });
  expect(await told({ ...held, score: 65 })).toMatchObject({ results: [{ outcome: "held" }] });
  expect(await unlocks(slug, "ada")).toEqual(before);
  expect(await rowsOf(slug, "ada", "SELECT * FROM facts UNION ALL SELECT * FROM facts")).toEqual([]);
  expect(await rowsOf(slug, "ada", "SELECT * FROM fact_log")).toEqual([]);
  const detail = await call("GET", `/enrollments/${slug}:ada`, { token: await author() });
  expect((await read(detail, 200, detailSchema)).held).toMatchObject([{ item: id("exam") }]);

  const release = { user_id: "ada", item: id("exam"), release: true, at: at(0) };
  const released = await told(release);
  expect(released).toMatchObject({ results: [{ outcome: "recorded" }], deltas: [{ unlocked: [id("next")] }] });
  expect(await told(release)).toMatchObject({ results: [{ outcome: "unchanged" }], deltas: [] });
  // It was done two days ago; the day that has to pass begins now.
  const states = { [id("exam")]: "completed", [id("next")]: "unlocked", [id("later")]: "locked" };
  expect([await statesOf(slug, "ada"), await fallbackOf(slug)]).toEqual([states, states]);
  const [fact] = await rowsOf(slug, "ada", "SELECT best_score, completed_at FROM facts");
  expect(fact).toMatchObject({ best_score: 65 });
  expect(Number(fact?.completed_at)).toBeGreaterThan(Date.now() - 60_000);
  const both = await call("POST", "/progress/import", {
    token: await service(),
    body: { facts: [{ ...release, score: 50 }] },
  });
  expect([both.status, await both.text()]).toEqual([400, expect.stringContaining("release")]);
});

it("in a course from Canvas, a module that locks again undoes what rests on it: object, fallback, past, reasons, audience and relock agree", async () => {
  const slug = freshSlug("canvas");
  const id = (name: string) => `${slug}.${name}`;
  const chapter = (name: string, of: string, rule: object | null = null) => ({
    id: id(name),
    title: name,
    ...(rule === null ? {} : { rule }),
    completion: { children: { all: true } },
    problems: [{ id: id(of), title: of, completion: { score: { min: 60 } } }],
  });
  const course = (sticky: boolean): DocumentInput => ({
    slug,
    title: "Canvas",
    source: { platform: "canvas", release: "2026" },
    options: { sticky },
    chapters: [
      chapter("one", "a"),
      chapter("two", "b", { completed: id("one") }),
      chapter("three", "c", { state: { item: id("b"), is: ["complete"] } }),
    ],
  });
  await publish(course(false));
  await enroll(slug, "ada");
  const grade = (name: string, score: number, correct = false) =>
    told({ user_id: "ada", item: id(name), score, at: at(correct ? 1 : 5), correct });
  await grade("a", 80);
  await grade("b", 80);
  const open = { [id("one")]: "completed", [id("two")]: "completed", [id("three")]: "unlocked" };
  const items = { [id("a")]: "completed", [id("b")]: "completed", [id("c")]: "unlocked" };
  expect(await statesOf(slug, "ada")).toEqual({ ...open, ...items });
  const before = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));

  const fallen = await grade("a", 30, true);
  expect(fallen.deltas[0]?.locked).toEqual([id("two"), id("three"), id("b"), id("c")]);
  const locked = await statesOf(slug, "ada");
  expect(locked).toMatchObject({ [id("one")]: "unlocked", [id("three")]: "locked", [id("c")]: "locked" });
  expect(await fallbackOf(slug)).toEqual(locked);
  expect(await statesOf(slug, "ada", `?at=${before}`)).toEqual({ ...open, ...items });
  const why = await call("GET", `/courses/${slug}/items/${id("three")}/why`, { token: await tokenOf("ada") });
  expect(await read(why, 200, whySchema)).toMatchObject({
    reasons: [{ code: "chapter_locked", item: id("two") }],
    to_unlock: [{ action: "score", item: id("a"), min_score: 60 }],
  });
  const path = `/courses/${slug}/items/${id("three")}/audience`;
  const audience = await read(await call("GET", path, { token: await author() }), 200, audienceSchema);
  expect(audience.results).toMatchObject([{ user_id: "ada", is_open: false }]);

  // Where progress is kept, it stays until staff lock it again: then all that rests on it goes, too.
  await grade("a", 90, true);
  await publish(course(true));
  expect(await statesOf(slug, "ada")).toEqual({ ...open, ...items });
  await grade("a", 30, true);
  expect(await statesOf(slug, "ada")).toMatchObject({ [id("three")]: "unlocked", [id("c")]: "unlocked" });
  const body = { item: id("a"), reason: "graded again", relock: true };
  const revoked = await call("POST", `/enrollments/${slug}:ada/revocations`, { token: await author(), body });
  expect((await read(revoked, 200, deltaSchema)).locked).toEqual([id("two"), id("three"), id("b"), id("c")]);
  expect(await fallbackOf(slug)).toEqual(await statesOf(slug, "ada"));
});
