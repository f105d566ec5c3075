import { afterEach, describe, expect, it, vi } from "vitest";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  advanceClock,
  completed,
  ladder,
  override,
  removeOverride,
  revoke,
  setClock,
  statesOf,
  submit,
  whySchema,
} from "../../support/worker/learners.ts";

const DAY_MS = 86_400_000;
const instant = (ms: number) => new Date(ms).toISOString();

afterEach(() => {
  vi.useRealTimers();
});

/** Does things an hour apart and notes what the learner was shown after each. */
async function lived(options: Parameters<typeof ladder>[1]) {
  const slug = freshSlug("history");
  await publish(ladder(slug, options));
  await enroll(slug, "ada");
  const shown: { at: number; states: Record<string, string>; step: string }[] = [];
  const steps: [string, () => Promise<unknown>][] = [
    ["enrolled", async () => {}],
    ["one completed", () => completed(slug, "ada", "one")],
    ["p1 failed", () => submit(slug, "ada", "p1", "5")],
    ["p1 passed", () => submit(slug, "ada", "p1", "4")],
    ["four unlocked by staff", () => override(slug, "ada", "four", { kind: "unlock" })],
    [
      "one locked for two hours",
      () => override(slug, "ada", "one", { kind: "lock", expires_at: instant(Date.now() + 2 * 3_600_000 + 1) }),
    ],
    ["two completed", () => completed(slug, "ada", "two")],
    ["one revoked", () => revoke(slug, "ada", "one")],
    ["four back to its rule", () => removeOverride(slug, "ada", "four")],
    ["relocked", () => publish({ ...ladder(slug, options), title: "Ladder, again" }, { policy: "relock" })],
    ["one completed again", () => completed(slug, "ada", "one")],
  ];
  for (const [step, act] of steps) {
    advanceClock(3_600_000);
    await act();
    // Its own instant, so that "then" has one answer: the pointer of the isolate is renewed by the hour that passed.
    advanceClock(6_000);
    shown.push({ at: Date.now(), states: await statesOf(slug, "ada"), step });
  }
  advanceClock(3_600_000);
  return { slug, shown };
}

describe("?at= in the past", () => {
  it.each([false, true])("has the states that the learner was shown then (sticky: %s)", async (sticky) => {
    const { slug, shown } = await lived({ sticky });
    for (const { at, states, step } of shown) {
      expect({ step, states: await statesOf(slug, "ada", `?at=${instant(at)}`) }).toEqual({ step, states });
    }
    expect(new Set(shown.map(({ states }) => JSON.stringify(states))).size).toBeGreaterThan(5);
  });

  it("says why an item was locked at that time, also if the instant is given in another time zone", async () => {
    const { slug, shown } = await lived({});
    const tuesday = shown[0]?.at ?? 0;
    const token = await tokenOf("ada");
    const ask = async (at: string) => {
      const path = `/courses/${slug}/items/${slug}.two/why?at=${encodeURIComponent(at)}`;
      return read(await call("GET", path, { token }), 200, whySchema);
    };
    expect(await ask(instant(tuesday))).toMatchObject({
      is_locked: true,
      reasons: [{ code: "not_completed", item: `${slug}.one` }],
    });
    const local = instant(tuesday + 2 * 3_600_000).replace("Z", "+02:00");
    expect((await ask(local)).reasons).toEqual((await ask(instant(tuesday))).reasons);
  });

  it("[I9] refuses an instant before the enrollment, and an invalid instant", async () => {
    const { slug } = await lived({});
    const token = await tokenOf("ada");
    const early = await call("GET", `/courses/${slug}/unlocks?at=2020-01-01T00:00:00Z`, { token });
    expect((await problem(early, 400)).errors).toMatchObject([{ path: "query.at", rule: "before_enrollment" }]);
    for (const at of ["tuesday", "2026-13-01T00:00:00Z", "2026-12-01T00:00:00", "1790000000000"]) {
      expect((await call("GET", `/courses/${slug}/unlocks?at=${at}`, { token })).status).toBe(400);
    }
  });
});

describe("?at= in the future", () => {
  it("applies the dates of that instant to the facts of today", async () => {
    const slug = freshSlug("future");
    const start = Date.now();
    await publish({
      slug,
      title: "Future",
      options: { sticky: false },
      chapters: [
        { id: `${slug}.week`, title: "Week", rule: { after_enrollment: { days: 7 } } },
        {
          id: `${slug}.exam`,
          title: "Exam",
          rule: { all: [{ from: instant(start + DAY_MS) }, { until: instant(start + 2 * DAY_MS) }] },
        },
      ],
    });
    await enroll(slug, "ada");
    const openAt = async (ms: number) =>
      Object.entries(await statesOf(slug, "ada", `?at=${instant(ms)}`)).flatMap(([item, state]) =>
        state === "unlocked" ? [item.slice(slug.length + 1)] : [],
      );
    expect(await openAt(start + DAY_MS - 1)).toEqual([]);
    expect(await openAt(start + DAY_MS)).toEqual(["exam"]);
    expect(await openAt(start + 2 * DAY_MS)).toEqual([]);
    expect(await openAt(start + 8 * DAY_MS)).toEqual(["week"]);
    expect(await statesOf(slug, "ada")).toEqual({ [`${slug}.week`]: "locked", [`${slug}.exam`]: "locked" });
    setClock(start + DAY_MS);
    expect((await statesOf(slug, "ada"))[`${slug}.exam`]).toBe("unlocked");
  });
});
