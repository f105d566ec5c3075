import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { JITTER_MS, noticeDelay } from "../../../src/enrollment/place.ts";
import { enroll, fireAlarm, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { loseStorage, rowsOf } from "../../support/worker/faults.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, setClock, statesOf } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";

const DAY_MS = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

/** A course with a chapter that opens at an instant. */
async function dated(at: number): Promise<string> {
  const slug = freshSlug("line");
  await publish({
    slug,
    title: "Line",
    chapters: [
      { id: `${slug}.now`, title: "Now" },
      { id: `${slug}.later`, title: "Later", rule: { from: new Date(at).toISOString() } },
    ],
  });
  return slug;
}

const placeOf = async (slug: string, user: string) => (await rowsOf(slug, user, "SELECT place FROM place"))[0]?.place;
const dueOf = async (slug: string, user: string) =>
  Number((await rowsOf(slug, user, "SELECT at FROM due_times WHERE name = 'boundary'"))[0]?.at);
const learnersOf = (slug: string) =>
  spread.prepare("SELECT learners FROM courses WHERE slug = ?").bind(slug).first<number>("learners");

describe("[fault 18] a date of a large course", () => {
  it("is noticed by each object at its own time, in the order of enrollment", async () => {
    const at = Date.now() + DAY_MS;
    const slug = await dated(at);
    for (const user of ["a", "b", "c"]) await enroll(slug, user);
    expect(await Promise.all(["a", "b", "c"].map((user) => placeOf(slug, user)))).toEqual([1, 2, 3]);
    // A course of a million: whoever comes next waits for their turn.
    await spread.prepare("UPDATE courses SET learners = 1000000 WHERE slug = ?").bind(slug).run();
    await enroll(slug, "late");
    expect(await placeOf(slug, "late")).toBe(1_000_001);
    expect(await dueOf(slug, "late")).toBe(at + noticeDelay(`${slug}:late`, 1_000_001));
    expect(await dueOf(slug, "late")).toBeGreaterThanOrEqual(at + 1_000_000);
    expect(await dueOf(slug, "a")).toBeLessThan(at + JITTER_MS);
  });

  it("opens for every reader at that instant, also before the object notices it", async () => {
    const at = Date.now() + DAY_MS;
    const slug = await dated(at);
    await spread.prepare("UPDATE courses SET learners = 1000000 WHERE slug = ?").bind(slug).run();
    await enroll(slug, "reader");
    await enroll(slug, "sleeper");
    await project(slug, "sleeper");
    expect((await statesOf(slug, "reader"))[`${slug}.later`]).toBe("locked");
    setClock(at);
    expect((await statesOf(slug, "reader"))[`${slug}.later`]).toBe("unlocked");
    // Nobody reads: the object notices in its turn, not at the instant.
    advanceClock(JITTER_MS);
    await fireAlarm(slug, "sleeper");
    expect(await rowsOf(slug, "sleeper", "SELECT 1 FROM outbox WHERE kind = 'event'")).toEqual([]);
    setClock(at + noticeDelay(`${slug}:sleeper`, 1_000_002));
    await fireAlarm(slug, "sleeper");
    expect(await rowsOf(slug, "sleeper", "SELECT 1 FROM outbox WHERE kind = 'event'")).toHaveLength(1);
  });

  it("keeps the place of a learner who comes back, and a lost object gets any place", async () => {
    const slug = await dated(Date.now() + DAY_MS);
    await enroll(slug, "ada");
    const token = await tokenOf("ada");
    await (await call("DELETE", `/courses/${slug}/enrollments`, { token })).body?.cancel();
    await enroll(slug, "ada");
    expect([await placeOf(slug, "ada"), await learnersOf(slug)]).toEqual([1, 1]);
    await project(slug, "ada");
    await spread.prepare("UPDATE courses SET learners = 5000 WHERE slug = ?").bind(slug).run();
    await loseStorage(slug, "ada");
    await statesOf(slug, "ada");
    const place = Number(await placeOf(slug, "ada"));
    expect(place).toBeGreaterThanOrEqual(1);
    expect(place).toBeLessThanOrEqual(5_000);
  });

  it("gives a place to an object from before places existed, with its next change", async () => {
    const slug = await dated(Date.now() + DAY_MS);
    await enroll(slug, "old");
    await runInDurableObject(objectOf(slug, "old"), (_instance, state) => {
      state.storage.sql.exec("DELETE FROM place");
    });
    await spread.prepare("UPDATE courses SET learners = 100000 WHERE slug = ?").bind(slug).run();
    const rule = { from: new Date(Date.now() + 2 * DAY_MS).toISOString() };
    await publish({ slug, title: "Line, again", chapters: [{ id: `${slug}.now`, title: "Now", rule }] });
    await statesOf(slug, "old");
    expect(Number(await placeOf(slug, "old"))).toBeGreaterThanOrEqual(1);
  });
});
