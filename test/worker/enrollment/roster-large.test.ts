import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { hasSchema } from "../../../src/platform/cell/object-schema.ts";
import { deliver, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed, ladder, statesOf } from "../../support/worker/learners.ts";
import { inObject } from "../../support/worker/objects.ts";
import { databaseOfCourse } from "../../support/worker/shards.ts";
import { entries } from "../audit/support.ts";

const answerSchema = z.object({
  created: z.number(),
  updated: z.number(),
  results: z.array(
    z.object({ outcome: z.string(), enrollment_id: z.string().nullable(), unlocked: z.array(z.string()) }),
  ),
});
const users = (count: number) => Array.from({ length: count }, (_, index) => `many-${index}`);

/** Calls that are interleaved. */
const CALLS = 1_000;

async function batch(slug: string, rows: readonly object[]) {
  const body = { enrollments: rows };
  return read(
    await call("POST", `/courses/${slug}/enrollments/batch`, { token: await author(), body }),
    200,
    answerSchema,
  );
}
async function published(options: { sticky: boolean } = { sticky: true }) {
  const slug = freshSlug("large");
  await publish(ladder(slug, options));
  return slug;
}
const isMade = (slug: string, user: string) => inObject(objectOf(slug, user), (storage) => hasSchema(storage.sql));
/** Sweeps until nobody is left who was not made yet. */
async function sweepAll(slug: string) {
  const db = await databaseOfCourse(slug);
  for (let page = 0; page < 100; page += 1) {
    const { results } = await db
      .prepare("SELECT user_id, stale_mark FROM freshness WHERE course_slug = ? AND is_stale = 1 LIMIT 100")
      .bind(slug)
      .all<{ user_id: string; stale_mark: number }>();
    if (results.length === 0) return;
    const messages = results.map(({ user_id, stale_mark }) => ({
      type: "refresh" as const,
      enrollment_id: `${slug}:${user_id}`,
      stale_mark,
    }));
    await deliver("latchkey-refresh", messages);
  }
  throw new Error("the sweep did not end");
}
const rowOf = async (slug: string, user: string) =>
  (await databaseOfCourse(slug))
    .prepare("SELECT status, version, policy, enrolled_at, completed_count FROM enrollments WHERE id = ?")
    .bind(`${slug}:${user}`)
    .first<{ status: string; version: number; policy: string; enrolled_at: number; completed_count: number }>();

describe("a large roster", () => {
  it("[I3] makes rows and no objects, and every route to an enrollment finds it", async () => {
    const slug = await published();
    const names = users(130);
    const began = "2026-01-02T03:04:05.000Z";
    const rows = names.map((user_id, index) => ({
      user_id,
      ...(index === 1 ? { cohorts: ["gold"] } : {}),
      ...(index === 2 ? { enrolled_at: began } : {}),
    }));
    const answer = await batch(slug, [...rows, { user_id: "" }]);
    expect(answer).toMatchObject({ created: 130, updated: 0 });
    expect(answer.results.at(-1)).toMatchObject({ outcome: "invalid" });
    expect(answer.results[0]?.unlocked).toEqual([`${slug}.one`, `${slug}.p1`, `${slug}.p2`]);
    expect(await isMade(slug, "many-0")).toBe(false);
    // The learner reads, and works.
    expect(await statesOf(slug, "many-0")).toMatchObject({ [`${slug}.one`]: "unlocked" });
    await completed(slug, "many-1", "one");
    const inspected = await call("GET", `/enrollments/${slug}:many-1`, { token: await author() });
    expect(await inspected.json()).toMatchObject({ cohorts: ["gold"] });
    const list = await call("GET", `/courses/${slug}/enrollments?limit=1000`, { token: await author() });
    const listed = z.object({ results: z.array(z.looseObject({ user_id: z.string(), enrolled_at: z.string() })) });
    const { results } = await read(list, 200, listed);
    expect(results).toHaveLength(130);
    expect(results.find(({ user_id }) => user_id === "many-2")).toMatchObject({ enrolled_at: began });
    // Asked for once more, by staff and by the learner: nothing is lost that was said the first time.
    const again = await call("POST", `/courses/${slug}/enrollments`, {
      token: await author(),
      body: { user_id: "many-2" },
    });
    expect(await again.json()).toMatchObject({ created: false, updated: false });
    expect(
      await inObject(objectOf(slug, "many-2"), ({ sql }) => sql.exec("SELECT enrolled_at FROM enrollment").one()),
    ).toEqual({
      enrolled_at: Date.parse(began),
    });
    // Leaves without ever having been there.
    const gone = await call("DELETE", `/courses/${slug}/enrollments?user_id=many-3`, { token: await author() });
    expect(gone.status).toBe(200);
    expect(await rowOf(slug, "many-3")).toMatchObject({ status: "withdrawn" });
    expect((await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("many-3") })).status).toBe(404);
    // An export has what there is, and an erasure leaves nothing that could start again.
    expect(await objectOf(slug, "many-4").exportOf(null)).toMatchObject({ ok: true, value: { next: null } });
    expect(await objectOf(slug, "many-4").backUp()).toEqual({ ok: true, value: null });
    expect(await objectOf(slug, "many-5").erase()).toMatchObject({ ok: true });
    expect((await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("many-5") })).status).toBe(404);
    // Somebody who was told "not enrolled" a moment ago may write at once.
    expect(
      await objectOf(slug, "late").read({
        pointer: null,
        want: { kind: "states" },
        language: "en",
        min_seq: null,
        at: null,
        if_none_match: null,
      }),
    ).toMatchObject({ ok: false });
    await batch(
      slug,
      [...users(230).slice(130), "late"].map((user_id) => ({ user_id })),
    );
    await completed(slug, "late", "one");
  }, 120_000);

  it("[I6][I10] notifies each learner once, by the sweep, and records each enrollment", async () => {
    const slug = await published();
    const names = users(120);
    await batch(
      slug,
      names.map((user_id) => ({ user_id })),
    );
    const recorded = (await entries())
      .filter(({ action, target_id }) => action === "enrollment.created" && target_id.startsWith(`${slug}:`))
      .map(({ target_id }) => target_id);
    expect(recorded.toSorted()).toEqual(names.map((user) => `${slug}:${user}`).toSorted());
    await sweepAll(slug);
    await deliver(
      "latchkey-projection",
      names.slice(0, 100).map((user) => ({ type: "project", enrollment_id: `${slug}:${user}` })),
    );
    await deliver(
      "latchkey-projection",
      names.slice(100).map((user) => ({ type: "project", enrollment_id: `${slug}:${user}` })),
    );
    const db = await databaseOfCourse(slug);
    const announced = await db
      .prepare(
        "SELECT count(*) AS n, count(DISTINCT enrollment_id) AS learners FROM unlock_events WHERE enrollment_id LIKE ?",
      )
      .bind(`${slug}:%`)
      .first();
    expect(announced).toEqual({ n: 120, learners: 120 });
    // A call that comes a second time finds everybody, and announces nothing.
    expect(
      await batch(
        slug,
        names.map((user_id) => ({ user_id })),
      ),
    ).toMatchObject({ created: 0, updated: 0 });
  }, 120_000);

  it("is accepted while the audit chain does not answer: D1 keeps the entries for it", async () => {
    const slug = await published();
    const body = { enrollments: users(120).map((user_id) => ({ user_id })) };
    const { namespace } = brokenObjects();
    // SAFETY: it only turns names into ids and ids into stubs.
    const bindings = { AUDIT_CHAINS: namespace as unknown as Env["AUDIT_CHAINS"] };
    // While the chain alone does not answer, D1 keeps the entries.
    const kept = await callWith(bindings, "POST", `/courses/${slug}/enrollments/batch`, {
      token: await author(),
      body,
    });
    expect(await kept.json()).toMatchObject({ created: 120 });
    const inOutbox = await env.DB.prepare("SELECT count(*) AS n FROM audit_outbox WHERE entry ->> '$.course' = ?")
      .bind(slug)
      .first("n");
    expect(inOutbox).toBe(120);
  });

  it("[I1][I4] is equal in the objects and in D1 after 1,000 calls that enroll, withdraw and complete", async () => {
    const slug = await published();
    const names = users(110);
    const rows = names.map((user_id) => ({ user_id }));
    await batch(slug, rows);
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const token = await author();
    const calls = Array.from({ length: CALLS }, () => ({ kind: random(10), user: names[random(names.length)] ?? "" }));
    const next = async () => {
      for (let one = calls.shift(); one !== undefined; one = calls.shift()) {
        const { kind, user } = one;
        if (kind === 0 && random(20) === 0) await batch(slug, rows);
        else if (kind < 4) await call("DELETE", `/courses/${slug}/enrollments?user_id=${user}`, { token });
        else if (kind < 8) await call("POST", `/courses/${slug}/enrollments`, { token, body: { user_id: user } });
        else {
          const path = `/courses/${slug}/chapters/${slug}.one/mark_as_completed`;
          await call("POST", path, { token: await tokenOf(user) });
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, next));
    await sweepAll(slug);
    for (const user of names) {
      await project(slug, user);
      const inside = await inObject(objectOf(slug, user), ({ sql }) =>
        hasSchema(sql) ? sql.exec("SELECT status, version, enrolled_at FROM enrollment").one() : null,
      );
      const row = await rowOf(slug, user);
      expect({ user, ...inside }).toEqual({
        user,
        status: row?.status,
        version: row?.version,
        enrolled_at: row?.enrolled_at,
      });
      const facts = await inObject(objectOf(slug, user), ({ sql }) =>
        sql.exec("SELECT item FROM facts ORDER BY item").toArray(),
      );
      const db = await databaseOfCourse(slug);
      const stored = await db
        .prepare("SELECT item_id AS item FROM progress WHERE enrollment_id = ? ORDER BY item_id")
        .bind(`${slug}:${user}`)
        .all();
      expect(facts).toEqual(stored.results);
    }
  }, 400_000);
});
