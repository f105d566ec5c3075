import { describe, expect, it } from "vitest";
import { z } from "zod";
import { deliver, enroll, freshSlug, project, publish, runCron } from "../../support/worker/courses.ts";
import { brokenDatabase, callWith, loseStorage, rebind, rowsOf } from "../../support/worker/faults.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { author, completed, deltaSchema, ladder, service, statesOf } from "../../support/worker/learners.ts";
import { everywhere, spread } from "../../support/worker/shards.ts";

const DAY_MS = 86_400_000;

async function course(): Promise<string> {
  const slug = freshSlug("writer");
  await publish(ladder(slug));
  return slug;
}

const path = (slug: string) => `/courses/${slug}/enrollments`;
const withdraw = async (slug: string, user: string) =>
  call("DELETE", `${path(slug)}?user_id=${user}`, { token: await service() });
const enrollOther = async (slug: string, user: string, body: object = {}) =>
  call("POST", path(slug), { token: await service(), body: { user_id: user, ...body } });

const listSchema = z.object({ results: z.array(z.looseObject({ user_id: z.string() })) });
async function listed(slug: string): Promise<string[]> {
  const answer = await call("GET", `${path(slug)}?limit=1000`, { token: await author() });
  return (await read(answer, 200, listSchema)).results.map(({ user_id }) => user_id);
}

type Row = { status: string; withdrawn_at: number | null; enrolled_at: number; version: number };
const inD1 = (slug: string, user: string) =>
  spread
    .prepare("SELECT status, withdrawn_at, enrolled_at, version FROM enrollments WHERE id = ?")
    .bind(`${slug}:${user}`)
    .first<Row>();
async function inObject(slug: string, user: string) {
  const [row] = await rowsOf(slug, user, "SELECT status, withdrawn_at, enrolled_at, version FROM enrollment");
  return row;
}

describe("whether somebody is enrolled", () => {
  it("[fault 14] is the same in object, row, list and count after 1,000 interleaved calls of enroll and withdraw", {
    timeout: 120_000,
  }, async () => {
    const slug = await course();
    const users = Array.from({ length: 20 }, (_, n) => `u${n}`);
    let seed = 20_261_129;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    // Fifty for each, one learner after the other, so that up to 24 calls are about the same one at once.
    const calls = Array.from({ length: 1_000 }, (_, n) => ({ user: users[n % 20] ?? "", what: random(9) }));
    calls.sort((a, b) => a.user.localeCompare(b.user));
    const lane = async () => {
      for (let next = calls.pop(); next !== undefined; next = calls.pop()) {
        const { user, what } = next;
        const token = await tokenOf(user);
        const answer = await (what < 4
          ? call("POST", path(slug), { token, body: {} })
          : call("DELETE", path(slug), { token }));
        expect([200, 201, 404]).toContain(answer.status);
        await answer.body?.cancel();
        if (what === 8) await project(slug, user);
      }
    };
    await Promise.all(Array.from({ length: 24 }, lane));
    const active: string[] = [];
    for (const user of users) {
      await project(slug, user);
      const object = await inObject(slug, user);
      expect(await inD1(slug, user)).toEqual(object);
      if (object?.status === "active") active.push(user);
      const states = await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf(user) });
      expect(states.status).toBe(object?.status === "active" ? 200 : 404);
      await states.body?.cancel();
    }
    expect(await listed(slug)).toEqual(active.toSorted());
    const counted = await spread
      .prepare("SELECT count(*) AS n FROM enrollments WHERE course_slug = ? AND status = 'active'")
      .bind(slug)
      .first<{ n: number }>();
    expect(counted?.n).toBe(active.length);
  });

  it("[fault 14] is not changed back by a late projection of an earlier state", async () => {
    const slug = await course();
    await enroll(slug, "ada");
    const before = await spread.prepare("SELECT * FROM enrollments WHERE id = ?").bind(`${slug}:ada`).first();
    expect((await withdraw(slug, "ada")).status).toBe(200);
    expect((await enrollOther(slug, "ada")).status).toBe(200);
    expect(await inD1(slug, "ada")).toMatchObject({ status: "active", withdrawn_at: null });
    expect((await withdraw(slug, "ada")).status).toBe(200);
    expect(await inD1(slug, "ada")).toEqual(await inObject(slug, "ada"));
    expect((await inD1(slug, "ada"))?.version).toBeGreaterThan(Number(before?.version));
    await project(slug, "ada");
    expect(await inD1(slug, "ada")).toMatchObject({ status: "withdrawn" });
  });

  it("[fault 14] ends by a withdrawal while D1 does not answer, and the row follows when D1 answers again", async () => {
    const slug = await course();
    await enroll(slug, "ada");
    await project(slug, "ada");
    await rebind(slug, "ada", { ...everywhere(brokenDatabase) });
    const answer = await callWith({ ...everywhere(brokenDatabase) }, "DELETE", path(slug), {
      token: await tokenOf("ada"),
    });
    expect(answer.status).toBe(200);
    expect(await inD1(slug, "ada")).toMatchObject({ status: "active" });
    await rebind(slug, "ada", {});
    await project(slug, "ada");
    expect(await inD1(slug, "ada")).toEqual(await inObject(slug, "ada"));
    expect(await inD1(slug, "ada")).toMatchObject({ status: "withdrawn" });
  });

  it("[fault 14] is corrected in a wrong row by the next call that notices it", async () => {
    const slug = await course();
    for (const user of ["gone", "here", "asked"]) await enroll(slug, user);
    expect((await withdraw(slug, "gone")).status).toBe(200);
    expect((await withdraw(slug, "asked")).status).toBe(200);
    const set = (user: string, status: string, at: number | null) =>
      spread
        .prepare("UPDATE enrollments SET status = ?, withdrawn_at = ? WHERE id = ?")
        .bind(status, at, `${slug}:${user}`)
        .run();
    await project(slug, "here");
    await set("gone", "active", null);
    await set("asked", "active", null);
    await set("here", "withdrawn", Date.now() - 40 * DAY_MS);
    // The sweeps ask for a refresh of the one, the clean-up wants to destroy the other, the third asks to leave again.
    await deliver("latchkey-refresh", [{ type: "refresh", enrollment_id: `${slug}:gone`, stale_mark: null }]);
    await deliver("latchkey-refresh", [{ type: "cleanup" }]);
    expect((await withdraw(slug, "asked")).status).toBe(404);
    for (const user of ["gone", "here"]) await project(slug, user);
    for (const user of ["gone", "here", "asked"]) expect(await inD1(slug, user)).toEqual(await inObject(slug, user));
    expect(await listed(slug)).toEqual(["here"]);
    expect(await statesOf(slug, "here")).toMatchObject({ [`${slug}.one`]: "unlocked" });
  });

  it("[fault 14] is true for a row whose object a crash has not made yet: the object is made later", async () => {
    const slug = await course();
    await spread
      .prepare(
        `INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, last_active_at, policy)
       VALUES (?1 || ':ada', ?1, 'ada', ?2, ?2, '{"cohorts":["x"],"practice_mode":false,"overrides":[]}')`,
      )
      .bind(slug, Date.now())
      .run();
    await runCron("* * * * *");
    await deliver("latchkey-refresh", [{ type: "refresh", enrollment_id: `${slug}:ada`, stale_mark: null }]);
    await project(slug, "ada");
    expect(await inD1(slug, "ada")).toEqual(await inObject(slug, "ada"));
    expect((await inD1(slug, "ada"))?.version).toBeGreaterThan(0);
  });

  it("[fault 14] is read from D1 by an object that lost its storage, and coming back makes it true there too", async () => {
    const slug = await course();
    await enroll(slug, "ada");
    await completed(slug, "ada", "one");
    await project(slug, "ada");
    expect((await withdraw(slug, "ada")).status).toBe(200);
    await loseStorage(slug, "ada");
    const back = await read(await enrollOther(slug, "ada"), 200, deltaSchema);
    expect(back).toMatchObject({ created: false, updated: true, progress_seq: 1 });
    expect(await statesOf(slug, "ada")).toMatchObject({ [`${slug}.one`]: "completed", [`${slug}.two`]: "unlocked" });
    expect(await inD1(slug, "ada")).toEqual(await inObject(slug, "ada"));
  });

  it("[fault 14] is kept by the clean-up, which destroys no object with rows pending for D1 or the audit chain", async () => {
    const slug = await course();
    await enroll(slug, "ada");
    await completed(slug, "ada", "one");
    await project(slug, "ada");
    expect((await withdraw(slug, "ada")).status).toBe(200);
    await spread.prepare("UPDATE enrollments SET withdrawn_at = 1 WHERE id = ?").bind(`${slug}:ada`).run();
    await rowsOf(slug, "ada", "INSERT INTO outbox (kind, ref, created_at) VALUES ('mirror', '', 1)");
    await deliver("latchkey-refresh", [{ type: "cleanup" }]);
    expect(await inObject(slug, "ada")).toMatchObject({ status: "withdrawn" });
    expect(await inD1(slug, "ada")).toMatchObject({ status: "withdrawn" });
    await project(slug, "ada");
    await spread.prepare("UPDATE enrollments SET withdrawn_at = 1 WHERE id = ?").bind(`${slug}:ada`).run();
    await deliver("latchkey-refresh", [{ type: "cleanup" }]);
    expect(await inD1(slug, "ada")).toBeNull();
    expect(await enroll(slug, "ada")).toMatchObject({ progress_seq: 0, created: true });
  });

  it("[fault 14] does not become true again for somebody who is being erased", async () => {
    const slug = await course();
    await spread
      .prepare(
        "INSERT INTO erasures (subject, user_id, requested_at, state, step, due_at) VALUES ('s', 'gone-eve', 1, 'running', '', 1)",
      )
      .run();
    expect((await enrollOther(slug, "gone-eve")).status).toBe(404);
    const batch = await call("POST", `${path(slug)}/batch`, {
      token: await author(),
      body: { enrollments: [{ user_id: "gone-eve" }, { user_id: "fay" }] },
    });
    expect(await batch.json()).toMatchObject({ results: [{ outcome: "user_not_found" }, { outcome: "created" }] });
    expect(await inD1(slug, "gone-eve")).toBeNull();
  });
});
