import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith, loseStorage } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  admin,
  advanceClock,
  author,
  complete,
  completed,
  deltaSchema,
  ladder,
  openItems,
  override,
  service,
  statesOf,
  submit,
  unlocksSchema,
} from "../../support/worker/learners.ts";
import { entries } from "../audit/support.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
const path = (slug: string, user = "ada") => `/enrollments/${slug}:${user}/pause`;
const reason = "abroad until spring";

afterEach(() => {
  vi.useRealTimers();
});

const pause = async (slug: string, body: object = { reason }, user = "ada") =>
  read(await call("PUT", path(slug, user), { token: await author(), body }), 200, deltaSchema);
const resume = async (slug: string, user = "ada") =>
  read(await call("DELETE", path(slug, user), { token: await author() }), 200, deltaSchema);
const pauseSchema = z.object({ since: z.string(), until: z.string().nullable(), reason: z.string() }).nullable();
const detailSchema = z.looseObject({ pause: pauseSchema, policy_seq: z.number(), version: z.number() });
const detail = async (slug: string, user = "ada") =>
  read(await call("GET", `/enrollments/${slug}:${user}`, { token: await author() }), 200, detailSchema);
const nextSchema = z.looseObject({
  results: z.array(z.looseObject({})),
  paused: z.object({ until: z.string().nullable(), reason: z.string() }).nullable(),
});
const next = async (slug: string) =>
  read(await call("GET", `/courses/${slug}/next`, { token: await tokenOf("ada") }), 200, nextSchema);
const refusalSchema = z.looseObject({
  code: z.string(),
  detail: z.string(),
  reasons: z.array(z.looseObject({ code: z.string() })),
});

async function begun(name: string): Promise<string> {
  const slug = freshSlug(name);
  await publish(ladder(slug));
  await enroll(slug, "ada");
  return slug;
}

/** What the learner may open, asked of D1 alone. */
async function openByD1(slug: string) {
  await project(slug, "ada");
  const broken = { ENROLLMENTS: brokenObjects().namespace };
  const answer = await callWith(broken, "GET", `/courses/${slug}/unlocks`, { token: await tokenOf("ada") });
  const { states, snapshot } = await read(answer, 200, unlocksSchema);
  expect(snapshot.source).toBe("realtime");
  return Object.values(states).filter((state) => state === "unlocked" || state === "started").length;
}

describe("a pause of one learner's course", () => {
  it("shows and accepts nothing, says why, and opens again what was open before when it ends", async () => {
    const slug = await begun("pause");
    await completed(slug, "ada", "one");
    const open = await openItems(slug, "ada");
    const { locked } = await pause(slug);
    expect(new Set(locked)).toEqual(open);
    expect(await openItems(slug, "ada")).toEqual(new Set());
    expect(await openByD1(slug)).toBe(0);
    const states = await statesOf(slug, "ada");
    expect(states[`${slug}.one`]).toBe("completed");
    const token = await tokenOf("ada");
    for (const answer of [
      await call("GET", `/courses/${slug}/chapters/${slug}.two`, { token }),
      await complete(slug, "ada", "two"),
      await submit(slug, "ada", "p1", "4"),
    ]) {
      const refusal = await read(answer, 403, refusalSchema);
      expect(refusal).toMatchObject({
        code: "locked",
        reasons: [{ code: "paused", available_at: null, note: reason }],
      });
      expect(refusal.detail).toContain(reason);
    }
    expect(await next(slug)).toMatchObject({ results: [], paused: { until: null, reason } });
    const { unlocked } = await resume(slug);
    expect(new Set(unlocked)).toEqual(open);
    expect(await openItems(slug, "ada")).toEqual(open);
    expect(await openByD1(slug)).toBe([...open].filter((id) => states[id] !== "completed").length);
    expect((await next(slug)).paused).toBeNull();
  });

  it("ends at its date by itself, to the instant", async () => {
    const slug = await begun("paused-until");
    const open = await openItems(slug, "ada");
    const until = inDays(2);
    await pause(slug, { reason, until });
    expect((await detail(slug)).pause).toMatchObject({ until, reason });
    expect(await next(slug)).toMatchObject({ paused: { until, reason } });
    vi.setSystemTime(Date.parse(until) - 1);
    expect(await openItems(slug, "ada")).toEqual(new Set());
    vi.setSystemTime(Date.parse(until));
    expect(await openItems(slug, "ada")).toEqual(open);
    expect((await detail(slug)).pause).toBeNull();
  });

  it("makes days since the enrollment wait, and what it was before is what history says", async () => {
    const slug = freshSlug("paused-days");
    const id = (name: string) => `${slug}.${name}`;
    const chapters = [
      { id: id("now"), title: "Now" },
      { id: id("late"), title: "Late", rule: { after_enrollment: { days: 10 } } },
    ];
    await publish({ slug, title: "Days", chapters });
    await enroll(slug, "ada");
    advanceClock(2 * DAY_MS);
    const before = new Date().toISOString();
    advanceClock(HOUR_MS);
    await pause(slug);
    advanceClock(30 * DAY_MS);
    const within = new Date(Date.now() - DAY_MS).toISOString();
    await resume(slug);
    expect((await statesOf(slug, "ada"))[id("late")]).toBe("locked");
    expect((await statesOf(slug, "ada", `?at=${before}`))[id("now")]).toBe("unlocked");
    expect((await statesOf(slug, "ada", `?at=${within}`))[id("now")]).toBe("locked");
    advanceClock(8 * DAY_MS);
    expect((await statesOf(slug, "ada"))[id("late")]).toBe("unlocked");
  });

  it("is stronger than what staff opened and than practice mode", async () => {
    const slug = await begun("paused-strong");
    await override(slug, "ada", "four", { kind: "unlock" });
    await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body: { practice_mode: true } });
    await pause(slug);
    expect(await openItems(slug, "ada")).toEqual(new Set());
    // What is decided meanwhile is judged by what it does afterwards.
    const body = { kind: "unlock", reason: "of no use in practice mode" };
    const useless = await call("PUT", `/enrollments/${slug}:ada/overrides/${slug}.two`, {
      token: await author(),
      body,
    });
    expect((await problem(useless, 409)).code).toBe("no_effect");
  });

  it("sent again changes nothing; with another end it changes the end and keeps the beginning; both are audited", async () => {
    const slug = await begun("paused-again");
    await pause(slug);
    const first = await detail(slug);
    await pause(slug);
    expect(await detail(slug)).toEqual({ ...first, outbox: expect.anything() });
    advanceClock(HOUR_MS);
    const until = inDays(3);
    await pause(slug, { reason, until });
    expect((await detail(slug)).pause).toEqual({ ...first.pause, until });
    await resume(slug);
    const { policy_seq } = await detail(slug);
    await resume(slug);
    expect((await detail(slug)).policy_seq).toBe(policy_seq);
    await project(slug, "ada");
    const found = (await entries()).filter(({ enrollment }) => enrollment === `${slug}:ada`);
    expect(found.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["enrollment.paused", "enrollment.paused", "enrollment.resumed"]),
    );
    // What staff wrote about a person is in no entry that cannot be erased.
    expect(JSON.stringify(found)).not.toContain(reason);
  });

  it("outlives a lost object, a withdrawal, a return and a roster that names the learner", async () => {
    const slug = await begun("paused-kept");
    await pause(slug);
    await project(slug, "ada");
    await loseStorage(slug, "ada");
    expect(await openItems(slug, "ada")).toEqual(new Set());
    expect((await detail(slug)).pause).toMatchObject({ reason });
    const own = { token: await tokenOf("ada") };
    expect((await call("DELETE", `/courses/${slug}/enrollments`, own)).status).toBe(200);
    expect((await call("POST", `/courses/${slug}/enrollments`, { ...own, body: {} })).status).toBe(200);
    const roster = { csv: "user_id,cohorts\nada,spring\n" };
    expect((await call("PUT", `/courses/${slug}/roster`, { token: await author(), body: roster })).status).toBe(200);
    const sync = { enrollments: [{ user_id: "ada", cohorts: ["autumn"] }] };
    expect(
      (await call("POST", `/courses/${slug}/enrollments/batch`, { token: await service(), body: sync })).status,
    ).toBe(200);
    expect(await openItems(slug, "ada")).toEqual(new Set());
    expect((await detail(slug)).pause).toMatchObject({ reason });
    expect(await objectOf(slug, "ada").inspect()).toMatchObject({ ok: true, value: { cohorts: ["autumn"] } });
  });

  it("takes verdicts on what was submitted before, which counts", async () => {
    const slug = await begun("paused-verdict");
    const submitted = await submit(slug, "ada", "p2", "an essay");
    const { submission_id } = z.looseObject({ submission_id: z.string() }).parse(await submitted.json());
    await pause(slug);
    const verdict = await call("POST", `/submissions/${submission_id}/verdict`, {
      token: await author(),
      body: { passed: true, score: 90 },
    });
    expect(verdict.status).toBe(200);
    expect(await openItems(slug, "ada")).toEqual(new Set());
  });

  it("is refused with the field and the rule: no reason, an end in the past; and nothing changes", async () => {
    const slug = await begun("paused-bad");
    const open = await openItems(slug, "ada");
    for (const [body, field, rule] of [
      [{}, "reason", null],
      [{ reason: "x" }, "reason", "too_small"],
      [{ reason, until: "2020-01-01T00:00:00Z" }, "until", "in_past"],
      [{ reason, until: "tomorrow" }, "until", null],
    ] as const) {
      const refused = await problem(await call("PUT", path(slug), { token: await author(), body }), 400);
      expect(refused).toMatchObject({ code: "invalid_input" });
      expect(refused.errors?.[0]?.path).toContain(field);
      if (rule !== null) expect(refused.errors?.[0]?.rule).toBe(rule);
    }
    expect(await openItems(slug, "ada")).toEqual(open);
  });

  it("[I8] is decided by staff of the course alone", async () => {
    const slug = await begun("paused-whose");
    for (const token of [await tokenOf("ada"), await tokenOf("eve")]) {
      expect((await call("PUT", path(slug), { token, body: { reason } })).status).toBe(403);
      expect((await call("DELETE", path(slug), { token })).status).toBe(403);
      const batch = { token, body: { reason, user_ids: ["ada"] } };
      expect((await call("POST", `/courses/${slug}/pause/batch`, batch)).status).toBe(403);
    }
    expect((await detail(slug)).pause).toBeNull();
    expect((await call("PUT", path(slug), { token: await admin(), body: { reason } })).status).toBe(200);
  });
});

describe("pauses of several learners", () => {
  const results = z.object({
    results: z.array(z.object({ user_id: z.string(), outcome: z.string(), code: z.string().nullable() })),
    done: z.number(),
  });

  it("pause and resume each by itself, say who is refused, and change nothing when they are sent again", async () => {
    const slug = await begun("pauses");
    await enroll(slug, "ben");
    const token = await author();
    const both = ["ada", "ben", "nobody"];
    const expected = {
      done: 2,
      results: [
        { user_id: "ada", outcome: "done", code: null },
        { user_id: "ben", outcome: "done", code: null },
        { user_id: "nobody", outcome: "refused", code: "not_enrolled" },
      ],
    };
    const send = async (what: string, body: object) =>
      read(await call("POST", `/courses/${slug}/${what}/batch`, { token, body }), 200, results);
    expect(await send("pause", { reason, user_ids: both })).toEqual(expected);
    const first = await detail(slug, "ben");
    expect(first.pause).toMatchObject({ reason });
    expect(await send("pause", { reason, user_ids: both })).toEqual(expected);
    expect((await detail(slug, "ben")).policy_seq).toBe(first.policy_seq);
    expect(await openItems(slug, "ben")).toEqual(new Set());
    expect(await send("resume", { user_ids: both })).toEqual(expected);
    expect((await detail(slug, "ben")).pause).toBeNull();
    expect((await openItems(slug, "ben")).size).toBeGreaterThan(0);
  });
});
