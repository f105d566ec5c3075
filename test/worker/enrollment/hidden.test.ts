import { expect, it } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith, loseStorage } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  complete,
  completed,
  deltaSchema,
  override,
  service,
  statesOf,
  submit,
  unlocks,
  unlocksSchema,
  whySchema,
} from "../../support/worker/learners.ts";

const detailSchema = z.looseObject({ profile: z.record(z.string(), z.string()), item_count: z.number() });
const listSchema = z.looseObject({
  results: z.array(z.looseObject({ id: z.string(), kind: z.string().optional(), window: z.unknown().optional() })),
});
const audienceSchema = z.looseObject({
  results: z.array(z.looseObject({ user_id: z.string(), is_open: z.boolean(), is_hidden: z.boolean() })),
});

/** A course in which `lab` hides until the profile says physics, `next` asks for it, and `extra` is in no list. */
function course(slug: string): DocumentInput {
  const physics = { profile: { field: "department", op: "is_equal_to", value: "physics" } } as const;
  return {
    slug,
    title: "Hidden",
    options: { sticky: false },
    chapters: [
      { id: `${slug}.start`, title: "Start" },
      { id: `${slug}.lab`, title: "Lab", rule: { all: [{ completed: `${slug}.start` }, { hide: physics }] } },
      { id: `${slug}.next`, title: "Next", rule: { completed: `${slug}.lab` } },
    ],
    problems: [
      { id: `${slug}.extra`, title: "Extra", kind: "page", visibility: "unlisted", content: "Extra." },
      { id: `${slug}.quiz`, title: "Quiz", kind: "quiz" },
    ],
  };
}

const inspected = async (slug: string) =>
  read(await call("GET", `/enrollments/${slug}:ada`, { token: await author() }), 200, detailSchema);

async function changed(slug: string, body: object) {
  const answer = await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body });
  return read(answer, 200, deltaSchema);
}

it("the profile hides, shows and opens items; object, fallback, lists, reasons and audience agree", async () => {
  const slug = freshSlug("hidden");
  const id = (name: string) => `${slug}.${name}`;
  await publish(course(slug));
  const token = await tokenOf("ada");
  const roster = { enrollments: [{ user_id: "ada", profile: { department: "art" } }] };
  const enrolled = await call("POST", `/courses/${slug}/enrollments/batch`, { token: await author(), body: roster });
  expect(enrolled.status).toBe(200);
  await enrolled.body?.cancel();

  const without = { [id("start")]: "unlocked", [id("next")]: "locked", [id("quiz")]: "unlocked" };
  expect(await statesOf(slug, "ada")).toEqual(without);
  expect(await inspected(slug)).toMatchObject({ profile: { department: "art" }, item_count: 3 });
  for (const path of [`/courses/${slug}/items/${id("lab")}/why`, `/courses/${slug}/chapters/${id("lab")}/`]) {
    const refused = await call("GET", path, { token });
    expect([refused.status, await refused.text()]).toEqual([404, expect.not.stringContaining("Lab")]);
  }
  const why = await call("GET", `/courses/${slug}/items/${id("next")}/why`, { token });
  const text = JSON.stringify(await read(why, 200, whySchema));
  expect(text).toContain("another item");
  expect(text).not.toMatch(/Lab|\.lab/);

  // Unlisted: in no list, and open by its id.
  const list = await read(await call("GET", `/courses/${slug}/problems/`, { token }), 200, listSchema);
  expect(list.results.map((row) => [row.id, row.kind])).toEqual([[id("quiz"), "quiz"]]);
  expect((await call("GET", `/problems/${id("extra")}/`, { token })).status).toBe(200);

  const fallback = async () => {
    await project(slug, "ada");
    const broken = { ENROLLMENTS: brokenObjects().namespace };
    return (await read(await callWith(broken, "GET", `/courses/${slug}/unlocks`, { token }), 200, unlocksSchema))
      .states;
  };
  expect(await fallback()).toEqual(without);
  const audience = async () => {
    const path = `/courses/${slug}/items/${id("lab")}/audience`;
    return (await read(await call("GET", path, { token: await author() }), 200, audienceSchema)).results;
  };
  expect(await audience()).toMatchObject([{ user_id: "ada", is_open: false, is_hidden: true }]);

  // The profile makes it known, what is done opens it; each is told exactly once.
  expect((await changed(slug, { profile: { department: "physics" } })).unlocked).toEqual([]);
  expect(await statesOf(slug, "ada")).toEqual({ ...without, [id("lab")]: "locked" });
  expect((await completed(slug, "ada", "start")).unlocked).toEqual([id("lab")]);
  const open = { ...without, [id("start")]: "completed", [id("lab")]: "unlocked" };
  expect([await statesOf(slug, "ada"), await fallback()]).toEqual([open, open]);
  expect(await audience()).toMatchObject([{ user_id: "ada", is_open: true, is_hidden: false }]);
  expect((await changed(slug, { profile: {} })).locked).toEqual([id("lab")]);
  expect(await statesOf(slug, "ada")).toEqual({ ...without, [id("start")]: "completed" });
});

it("the profile is kept with the policy: the same profile again changes nothing, the past has it, and a lost object gets it back", async () => {
  const slug = freshSlug("profile");
  await publish(course(slug));
  await enroll(slug, "ada");
  await completed(slug, "ada", "start");
  const before = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const given = await changed(slug, { profile: { department: "physics" } });
  expect(given.unlocked).toEqual([`${slug}.lab`]);
  expect((await changed(slug, { profile: { department: "physics" } })).policy_seq).toBe(given.policy_seq);
  expect(Object.keys(await statesOf(slug, "ada", `?at=${before}`))).not.toContain(`${slug}.lab`);
  await project(slug, "ada");
  await loseStorage(slug, "ada");
  expect((await statesOf(slug, "ada"))[`${slug}.lab`]).toBe("unlocked");
  expect((await inspected(slug)).profile).toEqual({ department: "physics" });
});

it("learners cannot set their own profile, and an invalid one is refused", async () => {
  const slug = freshSlug("own");
  await publish(course(slug));
  const body = { profile: { department: "physics" } };
  const own = await call("POST", `/courses/${slug}/enrollments`, { token: await tokenOf("ada"), body });
  expect(own.status).toBe(403);
  await enroll(slug, "ada");
  const wrong = { profile: { department: 3 } };
  const refused = await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body: wrong });
  expect((await problem(refused, 400)).errors).toMatchObject([{ path: "profile.department", rule: "invalid_type" }]);
});

it("an imported course with an item that can never open is published, with a warning", async () => {
  const slug = freshSlug("imported");
  const chapters = [{ id: `${slug}.a`, title: "A", rule: { missing: { what: "item" as const, name: "Quiz 4" } } }];
  const document = { slug, title: "Imported", chapters };
  const token = await author();
  await publish({ ...document, chapters: [{ id: `${slug}.a`, title: "A" }] });
  const path = `/courses/${slug}/versions?dry_run=true`;
  const refused = await problem(await call("POST", path, { token, body: { document } }), 422);
  expect(refused.errors).toMatchObject([{ path: "chapters[0].rule", rule: "unreachable" }]);
  const source = { platform: "moodle", release: "4.5.6" };
  const answer = await call("POST", path, { token, body: { document: { ...document, source } } });
  const { warnings } = await read(
    answer,
    200,
    z.looseObject({ warnings: z.array(z.looseObject({ rule: z.string() })) }),
  );
  expect(warnings.map(({ rule }) => rule)).toEqual(["missing_reference", "unreachable"]);
});

it("passed, failed and points agree in import, correction, verdict, fallback and the past", async () => {
  const slug = freshSlug("outcomes");
  const id = (name: string) => `${slug}.${name}`;
  await publish({
    slug,
    title: "Outcomes",
    options: { sticky: false },
    source: { platform: "moodle", release: "4.5.6" },
    problems: [
      { id: id("quiz"), title: "Quiz" },
      { id: id("essay"), title: "Essay" },
      { id: id("more"), title: "More", rule: { state: { item: id("quiz"), is: ["passed"] } } },
      { id: id("again"), title: "Again", rule: { state: { item: id("quiz"), is: ["failed"] } } },
      { id: id("half"), title: "Half", rule: { points: { item: id("quiz"), min: 15, below: 20 } } },
      { id: id("any"), title: "Any", rule: { score: { item: id("quiz") } } },
      { id: id("judged"), title: "Judged", rule: { state: { item: id("essay"), is: ["failed"] } } },
    ],
  });
  await enroll(slug, "ada");
  const open = async (query = "") =>
    Object.entries(await statesOf(slug, "ada", query))
      .filter(([, state]) => state !== "locked")
      .map(([item]) => item.slice(slug.length + 1))
      .filter((name) => name !== "quiz" && name !== "essay")
      .join();
  const told = async (fact: object) => {
    const facts = [{ user_id: "ada", item: id("quiz"), ...fact }];
    const answer = await call("POST", "/progress/import", { token: await service(), body: { facts } });
    return read(answer, 200, z.looseObject({ results: z.array(z.looseObject({ outcome: z.string() })) }));
  };
  // Done is not graded where the course comes from another platform.
  const at = (second: number) => new Date(Date.now() - 60_000 + second * 1_000).toISOString();
  await told({ completed: true, at: at(1) });
  expect(await open()).toBe("");
  await told({ points: { points: 16, max: 30 }, outcome: "failed", at: at(2) });
  expect(await open()).toBe("again,half,any");
  const between = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await told({ points: { points: 24, max: 30 }, outcome: "passed", at: at(3) });
  expect(await open()).toBe("more,any");
  // Late news of an earlier failure changes nothing.
  expect((await told({ outcome: "failed", at: at(2) })).results).toMatchObject([{ outcome: "unchanged" }]);
  expect(await open(`?at=${between}`)).toBe("again,half,any");
  await project(slug, "ada");
  const fallback = await callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", `/courses/${slug}/unlocks`, {
    token: await tokenOf("ada"),
  });
  expect((await read(fallback, 200, unlocksSchema)).states).toEqual(await statesOf(slug, "ada"));
  const right = { points: { points: 5, max: 10 }, outcome: "failed", at: at(4), correct: true };
  expect((await told(right)).results).toMatchObject([{ outcome: "recorded" }]);
  expect((await told(right)).results).toMatchObject([{ outcome: "unchanged" }]);
  expect(await open()).toBe("again,any");
  const both = { score: 50, points: { points: 5, max: 10 }, at: at(5) };
  const refused = await call("POST", "/progress/import", {
    token: await service(),
    body: { facts: [{ user_id: "ada", item: id("quiz"), ...both }] },
  });
  expect((await problem(refused, 400)).errors).toMatchObject([{ path: "facts[0].points", rule: "only_one" }]);

  const sent = await submit(slug, "ada", "essay", "An answer.");
  const { submission_id } = await read(sent, 201, z.looseObject({ submission_id: z.string() }));
  const verdict = { passed: false, score: 20, decides: true };
  const judged = await call("POST", `/submissions/${submission_id}/verdict`, { token: await service(), body: verdict });
  expect((await read(judged, 200, deltaSchema)).unlocked).toEqual([id("judged")]);
});

it("work is accepted only within the window of its item, and later for a learner with an extension", async () => {
  const slug = freshSlug("window");
  const id = (name: string) => `${slug}.${name}`;
  const start = Date.now();
  const instant = (ms: number) => new Date(start + ms).toISOString();
  await publish({
    slug,
    title: "Window",
    options: { sticky: false },
    chapters: [
      { id: id("soon"), title: "Soon", opens: instant(3_600_000), content: "Read this first." },
      { id: id("over"), title: "Over", closes: instant(-3_600_000), due: instant(-7_200_000) },
      { id: id("next"), title: "Next", rule: { completed: id("over") } },
    ],
  });
  await enroll(slug, "ada");
  const token = await tokenOf("ada");
  expect((await call("GET", `/courses/${slug}/chapters/${id("soon")}/`, { token })).status).toBe(200);
  for (const name of ["soon", "over"]) {
    const refused = await problem(await complete(slug, "ada", name), 403);
    expect([refused.code, refused.detail]).toEqual([
      "not_accepting",
      expect.stringMatching(/^(Work is|No work was) accepted/),
    ]);
  }
  const why = await read(await call("GET", `/courses/${slug}/items/${id("next")}/why`, { token }), 200, whySchema);
  expect(why.to_unlock).toBeNull();
  await override(slug, "ada", "over", { kind: "extend", extend_to: instant(7_200_000) });
  const rows = await read(await call("GET", `/courses/${slug}/chapters/`, { token }), 200, listSchema);
  expect(rows.results.map(({ window }) => window)).toEqual([
    { opens: instant(3_600_000), due: null, closes: null },
    { opens: null, due: instant(7_200_000), closes: instant(7_200_000) },
    undefined,
  ]);
  expect((await completed(slug, "ada", "over")).unlocked).toEqual([id("next")]);
});

it("opening an item is stored once, for the learner's own reads and only where a rule asks for it; so is submitting something", async () => {
  const slug = freshSlug("viewed");
  const id = (name: string) => `${slug}.${name}`;
  await publish({
    slug,
    title: "Viewed",
    options: { sticky: false },
    chapters: [
      { id: id("intro"), title: "Intro", content: "Welcome." },
      { id: id("other"), title: "Other" },
      { id: id("next"), title: "Next", rule: { viewed: id("intro") } },
      { id: id("last"), title: "Last", rule: { submitted: id("essay") } },
    ],
    problems: [{ id: id("essay"), title: "Essay" }],
  });
  await enroll(slug, "ada");
  const token = await tokenOf("ada");
  const seq = async () => (await unlocks(slug, "ada")).snapshot.progress_seq;
  const opened = async (name: string, who: string, query = "") => {
    const answer = await call("GET", `/courses/${slug}/chapters/${id(name)}/${query}`, { token: who });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  };
  await opened("other", token);
  await opened("intro", await author(), "?learner=ada");
  const why = await read(await call("GET", `/courses/${slug}/items/${id("next")}/why`, { token }), 200, whySchema);
  expect(why.to_unlock).toMatchObject([{ action: "view", item: id("intro") }]);
  expect(await seq()).toBe(0);
  await opened("intro", token);
  expect((await statesOf(slug, "ada"))[id("next")]).toBe("unlocked");
  expect((await statesOf(slug, "ada"))[id("intro")]).toBe("unlocked");
  await opened("intro", token);
  expect(await seq()).toBe(1);
  expect((await read(await submit(slug, "ada", "essay", "Text."), 201, deltaSchema)).unlocked).toEqual([id("last")]);
  await project(slug, "ada");
  const fallback = await callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", `/courses/${slug}/unlocks`, {
    token,
  });
  expect((await read(fallback, 200, unlocksSchema)).states).toEqual(await statesOf(slug, "ada"));
  const facts = [{ user_id: "ada", item: id("other"), viewed: true, at: new Date().toISOString() }];
  const imported = await call("POST", "/progress/import", { token: await service(), body: { facts } });
  expect((await read(imported, 200, z.looseObject({ recorded: z.number() }))).recorded).toBe(1);
  expect((await statesOf(slug, "ada"))[id("other")]).toBe("unlocked");
});
