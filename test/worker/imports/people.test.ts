import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { peopleJobView } from "../../../src/imports/schemas.ts";
import { tgzOf } from "../../support/courses/archives.ts";
import { type Student, withPeople } from "../../support/courses/moodle-people.ts";
import { freshSlug } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { statesOf } from "../../support/worker/learners.ts";
import { AUTHOR, archive, backup, begun, imported, keptOf, workOn } from "./support.ts";

const job = z.strictObject(peopleJobView.shape);
const rosterOf = z.object({
  learners: z.array(z.object({ name: z.string(), facts: z.int(), outcome: z.string() })),
});

const ask = async (method: string, id: string, rest = "", user = AUTHOR) =>
  call(method, `/courses/imports/${id}/people${rest}`, { token: await tokenOf(user, "author") });

/** Accounts with addresses, made as those who sign up have them. */
async function accounts(...addresses: [id: string, email: string, isVerified: boolean][]) {
  for (const [id, email, isVerified] of addresses) {
    await env.DB.prepare(
      "INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES (?, 'N', ?, ?, 1, 1)",
    )
      .bind(id, email, isVerified ? 1 : 0)
      .run();
  }
}

const DAY = 86_400;
const BEGAN = 1_600_000_000;

/** A course of three pages with people: one of each outcome. */
async function course() {
  const slug = freshSlug("people");
  const mail = (name: string) => `${name}.${slug}@example.org`;
  const students: Student[] = [
    {
      id: 1,
      username: "ada",
      email: mail("Ada"),
      enrolledAt: BEGAN,
      done: [
        [1, 1, BEGAN + DAY],
        [2, 1, BEGAN + 2 * DAY],
      ],
      groups: [7],
    },
    { id: 2, username: "bob", email: mail("bob"), enrolledAt: BEGAN, done: [[1, 1, BEGAN + DAY]] },
    { id: 3, username: "cleo", email: mail("cleo"), enrolledAt: BEGAN, done: [[1, 1, BEGAN]] },
    { id: 4, username: "dan", email: "", enrolledAt: BEGAN },
    { id: 5, username: "eve", email: mail("twice"), enrolledAt: BEGAN },
    { id: 6, username: "fay", email: mail("TWICE"), enrolledAt: BEGAN },
  ];
  const files = Object.fromEntries(
    Object.entries(backup()).map(([path, text]) => [
      path,
      typeof text === "string" ? text.replace("<completion>0<", "<completion>1<") : text,
    ]),
  );
  const done = await imported(await tgzOf(withPeople(files, students)), { course: slug });
  expect(done).toMatchObject({ state: "done", version: 1 });
  const [ada, bob] = [`ada-${slug}`, `bob-${slug}`];
  await accounts([ada, mail("ada"), true], [bob, mail("bob"), false]);
  const activate = async () =>
    call("POST", `/courses/${slug}/versions/1/activate`, { token: await tokenOf(AUTHOR, "author"), body: {} });
  return { slug, id: done.id, ada, bob, activate };
}

/** Begins a job about people and works on it. */
async function worked(id: string, rest: string) {
  const { id: own } = await read(await ask("POST", id, rest), 202, job);
  await workOn(own);
  const shown = z.object({ roster: job.nullable(), people: job.nullable() });
  const both = await read(await ask("GET", id), 200, shown);
  const found = rest === "" ? both.people : both.roster;
  expect(found?.id).toBe(own);
  return found;
}

describe("people of a backup", () => {
  it("are shown first: who comes, who is there already, who changes, and who is left out and why", async () => {
    const { slug, id, ada, activate } = await course();
    expect((await problem(await ask("POST", id), 404)).detail).toContain("Look at the people first");
    const looked = await worked(id, "/roster");
    expect(looked).toMatchObject({
      kind: "roster",
      state: "done",
      counts: { learners: 6, facts: 4, enrolls: 1, unverified: 1, no_account: 1, no_address: 1, same_address: 2 },
    });
    const { learners } = await read(await ask("GET", id, "/roster"), 200, rosterOf);
    expect(learners.map(({ name, facts, outcome }) => [name, facts, outcome])).toEqual([
      ["ada", 2, "enrolls"],
      ["bob", 1, "unverified"],
      ["cleo", 1, "no_account"],
      ["dan", 0, "no_address"],
      ["eve", 0, "same_address"],
      ["fay", 0, "same_address"],
    ]);
    expect((await problem(await ask("POST", id), 409)).code).toBe("course_unpublished");
    await activate();
    const token = await tokenOf(AUTHOR, "author");
    await call("POST", `/courses/${slug}/enrollments`, { token, body: { user_id: ada } });
    expect((await worked(id, "/roster"))?.counts).toMatchObject({ changes: 1 });
  });

  it("[I5] are imported only by verified addresses, with days, cohorts and facts; a repeat changes nothing", async () => {
    const { slug, id, ada, bob, activate } = await course();
    await activate();
    await worked(id, "/roster");
    const first = await worked(id, "");
    expect(first).toMatchObject({
      kind: "people",
      state: "done",
      applied: 10,
      total: 10,
      counts: { enrolled: 1, not_matched: 5, facts_recorded: 2, facts_not_matched: 2 },
    });
    expect(first?.errors.map(({ path, rule }) => [path, rule])).toEqual(
      ["bob", "cleo", "dan", "eve", "fay"].map((name) => [name, "not_matched"]),
    );
    expect(Object.values(await statesOf(slug, ada)).filter((state) => state === "completed").length).toBeGreaterThan(1);
    const listed = await call("GET", `/courses/${slug}/enrollments`, { token: await tokenOf(AUTHOR, "author") });
    expect(await listed.json()).toMatchObject({
      results: [{ user_id: ada, enrolled_at: new Date(BEGAN * 1_000).toISOString() }],
    });
    const before = await (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(ada) })).text();

    const again = await worked(id, "");
    expect(again?.counts).toEqual({ unchanged: 1, not_matched: 5, facts_unchanged: 2, facts_not_matched: 2 });
    expect(await (await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(ada) })).text()).toBe(before);
    expect((await worked(id, "/roster"))?.counts).toMatchObject({ enrolled: 1 });
    // Whoever shows later that the address is theirs comes along then.
    await env.DB.prepare("UPDATE users SET email_verified = 1 WHERE id = ?").bind(bob).run();
    await worked(id, "/roster");
    expect((await worked(id, ""))?.counts).toEqual({
      enrolled: 1,
      unchanged: 1,
      not_matched: 4,
      facts_recorded: 1,
      facts_unchanged: 2,
      facts_not_matched: 1,
    });
  });

  it("[I1] are continued after the last stored page if the worker dies", async () => {
    const { id, activate, slug, ada } = await course();
    await activate();
    await worked(id, "/roster");
    const { id: own } = await read(await ask("POST", id), 202, job);
    expect((await read(await ask("POST", id), 202, job)).id).toBe(own);
    // A worker that has noted the roster and died with the first fact.
    const counts = JSON.stringify({ enrolled: 1, not_matched: 5 });
    await env.DB.prepare(
      "UPDATE course_imports SET state = 'reading', attempts = 1, applied = 6, counts = ? WHERE id = ?",
    )
      .bind(counts, own)
      .run();
    await workOn(own);
    const shown = z.object({ people: job });
    const { people } = await read(await ask("GET", id), 200, shown);
    // Nobody was enrolled by that worker in truth: so the facts have nobody, and it says so.
    expect(people).toMatchObject({ state: "done", applied: 10, counts: { enrolled: 1, facts_not_enrolled: 2 } });
    expect(people.errors).toMatchObject([{ rule: "facts_not_enrolled" }, { rule: "facts_not_enrolled" }]);
    expect((await worked(id, ""))?.counts).toMatchObject({ enrolled: 1, facts_recorded: 2 });
    expect(Object.values(await statesOf(slug, ada))).toContain("completed");
  });

  it("[I8] are shown to and imported by the import's owner and admins only, and only into their own courses", async () => {
    const { id } = await course();
    for (const [method, rest] of [
      ["GET", ""],
      ["GET", "/roster"],
      ["POST", "/roster"],
      ["POST", ""],
    ] as const) {
      expect((await problem(await ask(method, id, rest, "another"), 404)).code).toBe("not_found");
    }
    const none = await begun(await archive(), { course: freshSlug("people") });
    expect((await problem(await ask("POST", none.id, "/roster"), 404)).code).toBe("not_found");
  });

  it("are removed with the import: archive, roster and facts leave the bucket together", async () => {
    const { id } = await course();
    const looked = await worked(id, "/roster");
    expect(await keptOf(looked?.id ?? "")).toEqual(["people.json", "report.json"]);
    const token = await tokenOf(AUTHOR, "author");
    expect((await call("DELETE", `/courses/imports/${id}`, { token })).status).toBe(204);
    expect([await keptOf(id), await keptOf(looked?.id ?? "")]).toEqual([[], []]);
    expect((await problem(await ask("GET", id), 404)).code).toBe("not_found");
  });
});
