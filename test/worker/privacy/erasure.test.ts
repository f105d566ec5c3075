import { env } from "cloudflare:workers";
import { drizzle } from "drizzle-orm/d1";
import { beforeAll, describe, expect, it } from "vitest";
import { callEnrollment } from "../../../src/enrollment/stub.ts";
import { subjectOf } from "../../../src/identity/index.ts";
import { requestErasure, resumeErasures, runErasure, SETTLE_MS } from "../../../src/privacy/erasure.ts";
import type { PersonalDataSource } from "../../../src/privacy/source.ts";
import { SOURCES } from "../../../src/privacy/sources.ts";
import { deliver, enroll } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { author, service } from "../../support/worker/learners.ts";
import { spread } from "../../support/worker/shards.ts";
import { listen } from "../../support/worker/webhooks.ts";
import { entries, verify } from "../audit/support.ts";
import { PASSWORD, signUp } from "../identity/support.ts";
import {
  admin,
  archiveMessage,
  erase,
  erasureSchema,
  makeCourse,
  makePerson,
  progressOf,
  traces,
  writeSession,
} from "./support.ts";

let slug: string;
beforeAll(async () => {
  slug = await makeCourse();
  await listen(slug, ["enrollment.created", "item.completed", "item.unlocked"]);
});

const HOUR = 3_600_000;

describe("an erasure", () => {
  it("[I8] leaves nothing of the user anywhere, and everything of another", async () => {
    const [ada, eve] = [await makePerson(slug), await makePerson(slug)];
    const before = await traces(eve);
    // The scan finds what is there: every place that must be empty afterwards is full now.
    expect(await traces(ada)).toEqual(before);
    expect(before).toEqual([
      "D1 accounts",
      "D1 audit_people",
      "D1 dead_letters",
      "D1 divergences",
      "D1 enrollments",
      "D1 event_log",
      "D1 files",
      "D1 freshness",
      "D1 idempotency_keys",
      "D1 progress",
      "D1 sessions",
      "D1 submissions",
      "D1 translation_sessions",
      "D1 translation_tasks",
      "D1 unlock_events",
      "D1 user_courses",
      "D1 users",
      "D1 verifications",
      "D1 webhook_pages",
      "R2 files",
      "audit chain object",
      "channel object",
      "enrollment object",
      "journal object",
    ]);
    const audited = (await entries()).filter((entry) => entry.enrollment === `${slug}:${ada.id}`);
    expect(audited.map(({ action }) => action)).toEqual(["override.set"]);
    const begun = await read(await erase(ada.id), 202, erasureSchema);
    expect(begun.requested_by).toBe("privacy-admin");
    expect((await progressOf(ada.id)).state).toBe("settling");
    // The id itself is needed until the second pass.
    expect(await traces(ada)).toEqual(["D1 erasures"]);
    await resumeErasures(env, Date.now() + SETTLE_MS + 1_000);
    const done = await progressOf(ada.id);
    expect([done.state, done.steps.every((step) => step.done), done.finished_at === null]).toEqual([
      "done",
      true,
      false,
    ]);
    expect(await traces(ada)).toEqual([]);
    expect(await traces(eve)).toEqual(before);
    // What was recorded about them stays, as it was signed, under a name that leads to nobody.
    const kept = await entries();
    expect(kept.filter(({ hash }) => hash === audited[0]?.hash)).toHaveLength(1);
    const pseudonym = kept.find(({ hash }) => hash === audited[0]?.hash)?.enrollment?.split(":")[1];
    expect(pseudonym).toMatch(/^~[0-9a-f]{24}$/);
    expect(kept.filter((entry) => entry.target_id === pseudonym).map(({ action }) => action)).toEqual(["user.erased"]);
    expect((await verify()).breaks).toEqual([]);
  });

  it("[I5] is not undone by late messages, staff, services or the user's own tokens", async () => {
    const ada = await makePerson(slug);
    await erase(ada.id);
    await resumeErasures(env, Date.now() + SETTLE_MS + 1_000);
    const enrollment_id = `${slug}:${ada.id}`;
    await deliver("latchkey-events", [archiveMessage(ada.id, ada.marker)]);
    await deliver("latchkey-projection", [{ type: "project", enrollment_id }]);
    await deliver("latchkey-refresh", [{ type: "refresh", enrollment_id, stale_mark: 1, force: true }]);
    await deliver("latchkey-events-dead", [archiveMessage(ada.id, ada.marker)]);
    const event = { key: ada.marker, to: { user: ada.id }, type: "system.notification", data: { title: ada.marker } };
    const told = await call("POST", "/events/publish", { token: await service(), body: { events: [event] } });
    expect(await told.json()).toMatchObject({ results: [{ status: "duplicate", id: null }] });
    expect((await problem(await writeSession(ada.id, ada.marker, await service()), 404)).code).toBe("user_not_found");
    const back = await call("POST", `/courses/${slug}/enrollments`, {
      token: await author(),
      body: { user_id: ada.id },
    });
    expect((await problem(back, 404)).code).toBe("user_not_found");
    const twin = { id: ada.id, email: "other@example.org", name: "Other", role: "learner" };
    expect((await problem(await call("POST", "/users", { token: await admin(), body: twin }), 409)).code).toBe(
      "user_exists",
    );
    const own = await call("POST", `/courses/${slug}/enrollments`, { token: ada.token, body: {} });
    expect((await problem(own, 401)).code).toBe("unauthenticated");
    const free = await call("POST", `/courses/${slug}/enrollments`, { token: await tokenOf(ada.id), body: {} });
    expect((await problem(free, 401)).code).toBe("unauthenticated");
    expect(await traces(ada)).toEqual([]);
  });

  it("[I5] does not let an enrollment start again from rows in D1, and keeps nothing of a late write", async () => {
    const ada = await makePerson(slug);
    await erase(ada.id);
    const id = `${slug}:${ada.id}`;
    await spread
      .prepare("INSERT INTO enrollments (id, course_slug, user_id, enrolled_at) VALUES (?, ?, ?, 1)")
      .bind(id, slug, ada.id)
      .run();
    await spread
      .prepare("INSERT INTO progress (enrollment_id, item_id, completed_at, seq) VALUES (?, ?, 1, 1)")
      .bind(id, `${slug}.one`)
      .run();
    const rebuilt = await callEnrollment(env, id, (stub) => stub.rebuild());
    expect(rebuilt).toMatchObject({ ok: false, refusal: { code: "not_enrolled" } });
    // What a delivery under way brought after the first pass is found by the second.
    await resumeErasures(env, Date.now() + SETTLE_MS + 1_000);
    expect(await traces(ada)).toEqual([]);
  });

  it.each(SOURCES.map(({ name }) => name))("[I1] continues after a crash in %s", async (name) => {
    const ada = await makePerson(slug);
    const now = Date.now();
    const subject = await subjectOf(ada.id);
    let crashes = 0;
    // The step's work is done, and the runtime dies before that is written down; the next time it dies before the work.
    const sources: PersonalDataSource[] = SOURCES.map((source) => ({
      ...source,
      erase: async (bindings, user) => {
        if (source.name !== name || crashes >= 2) return source.erase(bindings, user);
        crashes += 1;
        if (crashes === 1) await source.erase(bindings, user);
        throw new Error(`crashed with ${ada.id}`);
      },
    }));
    await requestErasure(drizzle(env.DB), ada.id, null, now);
    await runErasure(env, subject, now, sources);
    const failed = await progressOf(ada.id);
    expect([failed.state, failed.attempts, failed.error]).toEqual(["running", 1, "Error: crashed with …"]);
    expect(failed.steps.find((step) => !step.done)?.name).toBe(name);
    await runErasure(env, subject, now, sources);
    expect(crashes).toBe(1); // it waits before it tries again
    await resumeErasures(env, now + HOUR, sources);
    await resumeErasures(env, now + 2 * HOUR, sources);
    expect([crashes, (await progressOf(ada.id)).state]).toEqual([2, "settling"]);
    await resumeErasures(env, now + 3 * HOUR, sources);
    expect(await traces(ada)).toEqual([]);
  });

  it("[I5] requested again changes nothing", async () => {
    const { user } = await signUp();
    await erase(user.id);
    const first = await progressOf(user.id);
    expect((await erase(user.id)).status).toBe(202);
    expect(await progressOf(user.id)).toEqual(first);
    await resumeErasures(env, Date.now() + SETTLE_MS + 1_000);
    const done = await progressOf(user.id);
    expect((await erase(user.id)).status).toBe(202);
    expect(await progressOf(user.id)).toEqual(done);
  });

  it("leaves an author's courses, under a name that leads to nobody", async () => {
    const owner = `author-${crypto.randomUUID()}`;
    const own = `own-${crypto.randomUUID().slice(0, 8)}`;
    const token = await tokenOf(owner, "author");
    expect((await call("POST", "/courses", { token, body: { slug: own, title: "Mine" } })).status).toBe(201);
    expect((await erase(owner)).status).toBe(202);
    const row = await spread
      .prepare("SELECT owner_id FROM courses WHERE slug = ?")
      .bind(own)
      .first<{ owner_id: string }>();
    expect(row?.owner_id).toMatch(/^erased-[0-9a-f]{24}$/);
  });
});

describe("the erasure of a user who acted on others", () => {
  it("leaves an admin's erasures, under a name that leads to nobody", async () => {
    const [boss, { user }] = [await signUp(), await signUp()];
    const promotion = { token: await admin(), body: { role: "admin" } };
    expect((await call("PATCH", `/users/${boss.user.id}`, promotion)).status).toBe(200);
    await erase(user.id, { token: await tokenOf(boss.user.id, "admin") });
    expect((await progressOf(user.id)).requested_by).toBe(boss.user.id);
    await erase(boss.user.id);
    expect((await progressOf(user.id)).requested_by).toMatch(/^erased-[0-9a-f]{24}$/);
  });
});

describe("[I8] the right to erase", () => {
  it("is the user's with their password, and an admin's for others", async () => {
    const { user, access_token: token } = await signUp();
    expect((await problem(await erase(user.id, { token }), 400)).errors?.[0]?.path).toBe("password");
    const wrong = await erase(user.id, { token, body: { password: "wrong horse battery" } });
    expect((await problem(wrong, 401)).code).toBe("invalid_credentials");
    for (const role of ["learner", "author", "service"] as const) {
      const other = await erase(user.id, { token: await tokenOf("eve", role), body: { password: PASSWORD } });
      expect((await problem(other, 403)).code).toBe("forbidden");
      expect(
        (await problem(await call("GET", `/erasures/${user.id}`, { token: await tokenOf("eve", role) }), 403)).code,
      ).toBe("forbidden");
    }
    expect((await call("GET", `/users/${user.id}`, { token })).status).toBe(200);
    const own = await read(await erase(user.id, { token, body: { password: PASSWORD } }), 202, erasureSchema);
    expect(own.requested_by).toBeNull();
    expect((await problem(await call("GET", `/users/${user.id}`, { token }), 401)).code).toBe("unauthenticated");
  });

  it("is not an admin's for themselves, and not for an unknown person", async () => {
    expect((await problem(await erase("privacy-admin"), 403)).code).toBe("forbidden");
    expect((await problem(await erase(`nobody-${crypto.randomUUID()}`), 404)).code).toBe("user_not_found");
    expect((await problem(await call("GET", "/erasures/nobody", { token: await admin() }), 404)).code).toBe(
      "user_not_found",
    );
  });

  it("includes a person without an account here who has data here", async () => {
    const guest = `guest-${crypto.randomUUID()}`;
    await enroll(slug, guest);
    expect((await erase(guest)).status).toBe(202);
    expect((await progressOf(guest)).state).toBe("settling");
  });
});
