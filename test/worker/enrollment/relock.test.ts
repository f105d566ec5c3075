import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  author,
  completed,
  type DeltaView,
  deltaSchema,
  ladder,
  service,
  setClock,
  statesOf,
  submit,
  unlocksSchema,
} from "../../support/worker/learners.ts";
import { entries } from "../audit/support.ts";

const HOUR_MS = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

const at = (slug: string, user: string) => `/enrollments/${slug}:${user}`;
async function post(path: string, body?: object): Promise<DeltaView> {
  return read(
    await call("POST", path, { token: await author(), ...(body === undefined ? {} : { body }) }),
    200,
    deltaSchema,
  );
}
async function patch(slug: string, user: string, body: object): Promise<DeltaView> {
  return read(await call("PATCH", at(slug, user), { token: await author(), body }), 200, deltaSchema);
}
const relock = (slug: string, user: string, body?: object) => post(`${at(slug, user)}/relock`, body);
const revoke = (slug: string, user: string, item: string, rest: object = {}) =>
  post(`${at(slug, user)}/revocations`, { item: `${slug}.${item}`, reason: "copied from a friend", ...rest });

/** What the learner may open, as the object, D1 and the history of this very instant say it. */
async function everywhere(slug: string, user: string) {
  await project(slug, user);
  const token = await tokenOf(user);
  const path = `/courses/${slug}/unlocks`;
  const object = await read(await call("GET", path, { token }), 200, unlocksSchema);
  const broken = brokenObjects();
  const mirrored = await callWith({ ENROLLMENTS: broken.namespace }, "GET", path, { token });
  const d1 = await read(mirrored, 200, unlocksSchema);
  expect(d1.snapshot.source).toBe("realtime");
  const now = new Date().toISOString();
  await new Promise((done) => setTimeout(done, 2)); // so that this instant is in the past
  const then = await read(await call("GET", `${path}?at=${now}`, { token }), 200, unlocksSchema);
  expect(d1.states).toEqual(object.states);
  expect(then.states).toEqual(object.states);
  return object.states;
}

/** In a sticky course: `two` after `one`, `staff` for a cohort, `both` for either, `late` a day after enrolling. */
function sticky(slug: string): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: "Sticky",
    options: { sticky: true },
    chapters: [
      { id: id("one"), title: "One" },
      {
        id: id("two"),
        title: "Two",
        content: "# Secret of two",
        rule: { completed: id("one") },
        problems: [{ id: id("p"), title: "P", content: "?" }],
      },
      { id: id("three"), title: "Three", rule: { completed: id("two") } },
      { id: id("staff"), title: "Staff", rule: { cohort: "gold" } },
      { id: id("both"), title: "Both", rule: { any: [{ cohort: "gold" }, { completed: id("one") }] } },
      { id: id("late"), title: "Late", rule: { after_enrollment: { days: 1 } } },
    ],
  };
}

async function learner(cohorts: string[] = []) {
  const slug = freshSlug("relock");
  await publish(sticky(slug));
  await call("POST", `/courses/${slug}/enrollments`, { token: await author(), body: { user_id: "ada", cohorts } });
  const ids = (...names: string[]) => names.map((name) => `${slug}.${name}`);
  return { slug, ids };
}

describe("relock of one learner", () => {
  it("[fault 22] locks items that the rules do not open, started or not, for this learner only", async () => {
    const { slug, ids } = await learner(["gold"]);
    await enroll(slug, "bob");
    for (const user of ["ada", "bob"]) {
      await completed(slug, user, "one");
      await submit(slug, user, "p", "an answer");
      await revoke(slug, user, "one");
    }
    await patch(slug, "ada", { cohorts: [] });
    expect((await statesOf(slug, "ada"))[`${slug}.two`]).toBe("unlocked");
    const delta = await relock(slug, "ada", { reason: "the whole course again" });
    expect(delta.locked.toSorted()).toEqual(ids("both", "p", "staff", "two"));
    const token = await tokenOf("ada");
    expect((await call("GET", `/courses/${slug}/chapters/${slug}.two`, { token })).status).toBe(403);
    expect((await problem(await submit(slug, "ada", "p", "more"), 403)).code).toBe("locked");
    expect((await everywhere(slug, "ada"))[`${slug}.p`]).toBe("locked");
    expect((await statesOf(slug, "bob"))[`${slug}.two`]).toBe("unlocked");
    // What was done stays done, and what opens by the rules is kept again.
    expect((await completed(slug, "ada", "one")).unlocked.toSorted()).toEqual(ids("both", "p", "two"));
  });

  it("[fault 22] changes nothing the second time, or where nothing is kept open; it needs no body", async () => {
    const { slug } = await learner();
    await completed(slug, "ada", "one");
    const first = await relock(slug, "ada");
    expect(first).toMatchObject({ locked: [], unlocked: [] });
    const again = await relock(slug, "ada", {});
    expect([again.version, again.policy_seq]).toEqual([first.version, first.policy_seq]);
    await revoke(slug, "ada", "one");
    const done = await relock(slug, "ada");
    expect(await relock(slug, "ada")).toMatchObject({ version: done.version, policy_seq: done.policy_seq, locked: [] });
  });

  it("[fault 22] also locks what a publish with `grandfather` kept open in a course that is not sticky", async () => {
    const slug = freshSlug("relock");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const stricter = ladder(slug);
    await publish({
      ...stricter,
      chapters: (stricter.chapters ?? []).map((chapter, index) =>
        index === 0 ? { ...chapter, rule: { cohort: "late" } } : chapter,
      ),
    });
    expect((await statesOf(slug, "ada"))[`${slug}.one`]).toBe("unlocked");
    expect((await relock(slug, "ada")).locked.toSorted()).toEqual([`${slug}.one`, `${slug}.p1`, `${slug}.p2`]);
    expect((await everywhere(slug, "ada"))[`${slug}.one`]).toBe("locked");
  });

  it("[fault 22] is only for staff of the course, and is in the audit chain", async () => {
    const { slug } = await learner();
    await completed(slug, "ada", "one");
    await revoke(slug, "ada", "one");
    for (const token of [await tokenOf("ada"), await tokenOf("other", "author")]) {
      expect((await call("POST", `${at(slug, "ada")}/relock`, { token, body: {} })).status).toBe(403);
    }
    await relock(slug, "ada");
    await project(slug, "ada");
    expect((await entries()).filter((entry) => entry.course === slug).map(({ action }) => action)).toContain(
      "enrollment.relocked",
    );
  });
});

describe("relock of items that one fact opened", () => {
  it("[fault 22] with a revocation locks the items that ask for this fact, and no others", async () => {
    const { slug, ids } = await learner(["gold"]);
    await completed(slug, "ada", "one");
    await completed(slug, "ada", "two");
    await patch(slug, "ada", { cohorts: [] });
    const delta = await revoke(slug, "ada", "one", { relock: true });
    // `staff` was kept for another reason, `three` asks for `two`, which is still done.
    expect(delta.locked.toSorted()).toEqual(ids("both", "p", "two"));
    expect(await everywhere(slug, "ada")).toMatchObject({
      [`${slug}.two`]: "completed",
      [`${slug}.p`]: "locked",
      [`${slug}.three`]: "unlocked",
      [`${slug}.staff`]: "unlocked",
    });
  });

  it("[fault 22] can be ordered after a revocation that kept the items open", async () => {
    const { slug, ids } = await learner();
    await completed(slug, "ada", "one");
    expect((await revoke(slug, "ada", "one")).locked).toEqual([]);
    expect((await revoke(slug, "ada", "one", { relock: true })).locked.toSorted()).toEqual(ids("both", "p", "two"));
    const last = await revoke(slug, "ada", "one", { relock: true });
    expect(last).toMatchObject({ locked: [], version: (await revoke(slug, "ada", "one")).version });
  });

  it("[fault 22] leaves an item open that the rules open for another reason", async () => {
    const { slug, ids } = await learner(["gold"]);
    await completed(slug, "ada", "one");
    expect((await revoke(slug, "ada", "one", { relock: true })).locked.toSorted()).toEqual(ids("p", "two"));
  });

  it("[fault 22] with the removal of a cohort locks the items that ask for cohorts", async () => {
    const { slug, ids } = await learner(["gold"]);
    expect((await patch(slug, "ada", { cohorts: ["silver"] })).locked).toEqual([]);
    expect((await patch(slug, "ada", { cohorts: ["silver"], relock: true })).locked.toSorted()).toEqual(
      ids("both", "staff"),
    );
    expect((await everywhere(slug, "ada"))[`${slug}.staff`]).toBe("locked");
    expect((await patch(slug, "ada", { cohorts: ["gold"] })).unlocked.toSorted()).toEqual(ids("both", "staff"));
  });

  it("[fault 22] also comes with practice mode, the day of enrollment and a removed override, if asked for", async () => {
    const { slug, ids } = await learner();
    const started = async (item: string) =>
      read(
        await call("POST", `/courses/${slug}/chapters/${slug}.${item}/mark_as_completed`, {
          token: await tokenOf("ada"),
        }),
        200,
        deltaSchema,
      );
    await patch(slug, "ada", { practice_mode: true });
    await started("staff");
    expect((await patch(slug, "ada", { practice_mode: false, relock: true })).locked).toContain(`${slug}.staff`);
    await patch(slug, "ada", { enrolled_at: new Date(Date.now() - 48 * HOUR_MS).toISOString() });
    expect((await statesOf(slug, "ada"))[`${slug}.late`]).toBe("unlocked");
    const moved = await patch(slug, "ada", { enrolled_at: new Date().toISOString(), relock: true });
    expect(moved.locked).toEqual(ids("late"));
    const overrides = `${at(slug, "ada")}/overrides/${slug}.one`;
    const body = { kind: "excuse", reason: "was ill" };
    const excused = await read(await call("PUT", overrides, { token: await author(), body }), 200, deltaSchema);
    expect(excused.unlocked.toSorted()).toEqual(ids("both", "p", "two"));
    const removed = await call("DELETE", `${overrides}?relock=true`, { token: await author() });
    expect((await read(removed, 200, deltaSchema)).locked.toSorted()).toEqual(ids("both", "p", "two"));
    const refusal = await problem(
      await call("PATCH", at(slug, "ada"), { token: await author(), body: { relock: true } }),
      400,
    );
    expect(refusal.errors).toMatchObject([{ path: "relock", rule: "nothing_named" }]);
  });

  it("[fault 22] leaves object, D1 and history equal in any order of deeds, revocations, cohorts and relocks", {
    timeout: 60_000,
  }, async () => {
    const slug = freshSlug("relock");
    await publish(sticky(slug));
    const token = await service();
    let learners = 0;
    const step = fc.oneof(
      fc.constantFrom("one", "two", "three").map((item) => ({ what: "do" as const, item })),
      fc.record({ what: fc.constant("revoke" as const), item: fc.constantFrom("one", "two"), relock: fc.boolean() }),
      fc.record({
        what: fc.constant("cohorts" as const),
        cohorts: fc.subarray(["gold", "silver"]),
        relock: fc.boolean(),
      }),
      fc.constant({ what: "relock" as const }),
      fc.record({ what: fc.constant("practice" as const), practice_mode: fc.boolean(), relock: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
        const user = `l${learners++}`;
        await enroll(slug, user);
        const done = new Set<string>();
        for (const next of steps) {
          if (next.what === "do") {
            const facts = [
              { user_id: user, item: `${slug}.${next.item}`, completed: true, at: new Date().toISOString() },
            ];
            await call("POST", "/progress/import", { token, body: { facts } });
            done.add(next.item);
            await new Promise((passed) => setTimeout(passed, 2));
          } else if (next.what === "revoke" && done.has(next.item)) {
            await revoke(slug, user, next.item, { relock: next.relock });
          } else if (next.what === "cohorts") await patch(slug, user, { cohorts: next.cohorts, relock: next.relock });
          else if (next.what === "relock") await relock(slug, user);
          else if (next.what === "practice") {
            const { practice_mode, relock: asked } = next;
            await patch(slug, user, { practice_mode, relock: asked && !practice_mode });
          }
          await everywhere(slug, user);
        }
      }),
      { numRuns: 12 },
    );
  });
});

describe("correction of a grade", () => {
  const outcomes = z.object({ results: z.array(z.looseObject({ outcome: z.string() })) });
  async function send(slug: string, rest: object): Promise<string[]> {
    const fact = { user_id: "ada", item: `${slug}.exam`, completed: true, ...rest };
    const answer = await call("POST", "/progress/import", { token: await service(), body: { facts: [fact] } });
    return (await read(answer, 200, outcomes)).results.map(({ outcome }) => outcome);
  }
  async function exam() {
    const slug = freshSlug("grade");
    await publish({
      slug,
      title: "Grades",
      options: { sticky: true },
      chapters: [
        { id: `${slug}.c`, title: "C", problems: [{ id: `${slug}.exam`, title: "Exam", content: "?" }] },
        { id: `${slug}.honours`, title: "Honours", rule: { score: { item: `${slug}.exam`, min: 90 } } },
      ],
    });
    await enroll(slug, "ada");
    return slug;
  }
  const row = async (slug: string) => {
    const answer = await call("GET", `/courses/${slug}/problems`, { token: await tokenOf("ada") });
    const { results } = await answer.json<{ results: { best_score: number | null; completed_at: string | null }[] }>();
    return results[0];
  };

  it("[fault 31] has its own date, may be lower, may follow a revocation, and the wrong grade does not come back", async () => {
    const slug = await exam();
    const day = "2026-06-01T09:00:00.000Z";
    setClock(Date.parse("2026-11-29T12:00:00Z"));
    expect(await send(slug, { score: 95, at: day })).toEqual(["recorded"]);
    await revoke(slug, "ada", "exam");
    setClock(Date.now() + 1_000);
    expect(await send(slug, { score: 70, at: day })).toEqual(["superseded"]);
    expect(await send(slug, { score: 70, at: day, correct: true })).toEqual(["recorded"]);
    expect(await row(slug)).toMatchObject({ best_score: 70, completed_at: day });
    setClock(Date.now() + 1_000);
    expect(await send(slug, { score: 60, at: "2026-06-02T09:00:00.000Z", correct: true })).toEqual(["recorded"]);
    expect(await row(slug)).toMatchObject({ best_score: 60, completed_at: "2026-06-02T09:00:00.000Z" });
    for (const score of [95, 70]) expect(await send(slug, { score, at: day })).toEqual(["superseded"]);
    expect(await row(slug)).toMatchObject({ best_score: 60 });
    // What the learner does afterwards counts as always, and the correction sent again changes nothing.
    setClock(Date.now() + 60_000);
    expect(await send(slug, { score: 80, at: new Date().toISOString() })).toEqual(["recorded"]);
    expect(await send(slug, { score: 60, at: "2026-06-02T09:00:00.000Z", correct: true })).toEqual(["unchanged"]);
    expect(await row(slug)).toMatchObject({ best_score: 80 });
    vi.useRealTimers();
  });

  it("[fault 31] with relock locks the items that the wrong score opened, and is in the audit chain", async () => {
    const slug = await exam();
    const day = new Date(Date.now() - HOUR_MS).toISOString();
    await send(slug, { score: 95, at: day });
    expect((await statesOf(slug, "ada"))[`${slug}.honours`]).toBe("unlocked");
    expect(await send(slug, { score: 70, at: day, correct: true })).toEqual(["recorded"]);
    expect((await statesOf(slug, "ada"))[`${slug}.honours`]).toBe("unlocked");
    expect(await send(slug, { score: 71, at: day, correct: true, relock: true })).toEqual(["recorded"]);
    expect((await everywhere(slug, "ada"))[`${slug}.honours`]).toBe("locked");
    const corrected = (await entries()).filter(
      (entry) => entry.course === slug && entry.action === "progress.corrected",
    );
    expect(corrected).toHaveLength(2);
    const wrong = { facts: [{ user_id: "ada", item: `${slug}.exam`, at: day, relock: true }] };
    const refusal = await problem(await call("POST", "/progress/import", { token: await service(), body: wrong }), 400);
    expect(refusal.errors).toMatchObject([{ path: "facts[0].relock", rule: "needs_correct" }]);
  });
});
