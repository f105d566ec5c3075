import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith, loseStorage } from "../../support/worker/faults.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  completed,
  override,
  removeOverride,
  service,
  statesOf,
  submit,
} from "../../support/worker/learners.ts";

const submission = z.looseObject({ submission_id: z.string(), status: z.string(), unlocked: z.array(z.string()) });

/** A course with or without the items that come and go: problem `p`, chapter `guest`, and what asks for them. */
function course(slug: string, isThere: boolean, sticky = false): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: "Away",
    options: { sticky },
    chapters: [
      {
        id: id("home"),
        title: "Home",
        problems: isThere
          ? [{ id: id("p"), title: "P", content: "Why?" }]
          : [{ id: id("q"), title: "Q", content: "?" }],
      },
      ...(isThere
        ? [
            { id: id("guest"), title: "Guest" },
            { id: id("next"), title: "Next", rule: { completed: id("p") } },
            { id: id("best"), title: "Best", rule: { score: { item: id("p"), min: 90 } } },
            { id: id("last"), title: "Last", rule: { completed: id("guest") } },
          ]
        : []),
    ],
  };
}

const outcomes = z.object({ results: z.array(z.looseObject({ outcome: z.string() })), recorded: z.number() });
async function importFacts(facts: object[]) {
  return read(await call("POST", "/progress/import", { token: await service(), body: { facts } }), 200, outcomes);
}

describe("data about an item that this version does not have", () => {
  it.each([false, true])("[fault 23] a verdict waits until its problem is back (sticky: %s)", async (sticky) => {
    const slug = freshSlug("away");
    await publish(course(slug, true, sticky));
    await enroll(slug, "ada");
    const sent = await read(await submit(slug, "ada", "p", "because"), 201, submission);
    await publish(course(slug, false, sticky));
    expect(await statesOf(slug, "ada")).not.toHaveProperty(`${slug}.p`);
    const verdict = await call("POST", `/submissions/${sent.submission_id}/verdict`, {
      token: await service(),
      body: { passed: true, score: 95 },
    });
    expect(await read(verdict, 200, submission)).toMatchObject({ status: "passed", unlocked: [] });
    await publish(course(slug, true, sticky));
    const expected = { [`${slug}.p`]: "completed", [`${slug}.next`]: "unlocked", [`${slug}.best`]: "unlocked" };
    expect(await statesOf(slug, "ada")).toMatchObject(expected);
    await project(slug, "ada");
    const path = `/courses/${slug}/unlocks`;
    const mirrored = await callWith({ ENROLLMENTS: brokenObjects().namespace }, "GET", path, {
      token: await tokenOf("ada"),
    });
    expect(await mirrored.json()).toMatchObject({ states: expected, snapshot: { source: "realtime" } });
    const rows = await call("GET", `/courses/${slug}/problems`, { token: await tokenOf("ada") });
    expect(await rows.json()).toMatchObject({ results: [{ best_score: 95 }] });
  });

  it("[fault 23] imported facts and corrections wait, the answer says so, and a repeat changes nothing", async () => {
    const slug = freshSlug("away");
    await publish(course(slug, true));
    await enroll(slug, "ada");
    await publish(course(slug, false));
    await statesOf(slug, "ada");
    const at = new Date(Date.now() - 60_000).toISOString();
    const fact = { user_id: "ada", item: `${slug}.p`, completed: true, score: 70, at };
    const guest = { user_id: "ada", item: `${slug}.guest`, completed: true, at };
    const ghost = { ...guest, item: `${slug}.ghost` };
    const first = await importFacts([fact, guest, ghost]);
    expect(first.results.map(({ outcome }) => outcome)).toEqual(["waiting", "waiting", "item_not_found"]);
    expect(first.recorded).toBe(2);
    expect((await importFacts([fact, guest])).results.map(({ outcome }) => outcome)).toEqual([
      "unchanged",
      "unchanged",
    ]);
    const corrected = await importFacts([{ ...fact, score: 92, correct: true }]);
    expect(corrected.results).toMatchObject([{ outcome: "waiting" }]);
    await publish(course(slug, true));
    expect(await statesOf(slug, "ada")).toMatchObject({
      [`${slug}.p`]: "completed",
      [`${slug}.best`]: "unlocked",
      [`${slug}.guest`]: "completed",
      [`${slug}.last`]: "unlocked",
    });
  });

  it("[fault 23] revocations and overrides wait too, and an override can be removed meanwhile", async () => {
    const slug = freshSlug("away");
    await publish(course(slug, true));
    await enroll(slug, "ada");
    await completed(slug, "ada", "guest");
    await override(slug, "ada", "best", { kind: "unlock" });
    await publish(course(slug, false));
    await statesOf(slug, "ada");
    // The publish keeps open what was open, and a revocation alone does not change that.
    const taken = { item: `${slug}.guest`, reason: "was another's work", relock: true };
    const token = await author();
    expect((await call("POST", `/enrollments/${slug}:ada/revocations`, { token, body: taken })).status).toBe(200);
    await override(slug, "ada", "p", { kind: "excuse" });
    await override(slug, "ada", "home", { kind: "lock" });
    await removeOverride(slug, "ada", "best");
    await removeOverride(slug, "ada", "home");
    const path = `/enrollments/${slug}:ada/overrides/${slug}.ghost`;
    const body = { kind: "lock", reason: "there is no such item" };
    expect((await call("PUT", path, { token: await author(), body })).status).toBe(404);
    await publish(course(slug, true));
    expect(await statesOf(slug, "ada")).toMatchObject({
      [`${slug}.guest`]: "unlocked",
      [`${slug}.last`]: "locked",
      [`${slug}.next`]: "unlocked",
      [`${slug}.best`]: "unlocked", // by the excuse: a score is among what one can be excused from
    });
  });

  it("[fault 23] a learner whose object was rebuilt from D1 without the problem still gets its verdict", async () => {
    const slug = freshSlug("away");
    await publish(course(slug, true));
    await enroll(slug, "ada");
    const sent = await read(await submit(slug, "ada", "p", "because"), 201, submission);
    await project(slug, "ada");
    await publish(course(slug, false));
    await loseStorage(slug, "ada");
    const verdict = await call("POST", `/submissions/${sent.submission_id}/verdict`, {
      token: await service(),
      body: { passed: true, score: 95 },
    });
    expect(verdict.status).toBe(200);
    await publish(course(slug, true));
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.p`]: "completed", [`${slug}.next`]: "unlocked" });
  });
});
