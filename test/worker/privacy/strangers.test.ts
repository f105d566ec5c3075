import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { isKnown } from "../../../src/privacy/known.ts";
import { SOURCES } from "../../../src/privacy/sources.ts";
import { brokenDatabase, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { service } from "../../support/worker/learners.ts";
import { everywhere, spread } from "../../support/worker/shards.ts";
import { entries } from "../audit/support.ts";
import { upload } from "../files/support.ts";
import { admin, erase, makeCourse, progressOf, writeSession } from "./support.ts";

let slug: string;
beforeAll(async () => {
  slug = await makeCourse();
});

/** Somebody of another identity provider, of whom one place knows something and no other. */
const PLACES: Record<string, (user: string) => Promise<unknown>> = {
  "a file": (user) => upload(new TextEncoder().encode("hello"), { user }),
  "bytes without a row": (user) => env.FILES.put(`u/${user}/0190d2f0c0de4a00b1e500000000cafe`, "left over"),
  "a record that waits in the journal": async (user) => writeSession(user, "waits", await tokenOf(user)),
  "a live event": async (user) => {
    const event = { key: user, to: { user }, type: "system.notification", data: { title: "only here" } };
    return call("POST", "/events/publish", { token: await service(), body: { events: [event] } });
  },
  preferences: async (user) =>
    call("PUT", "/events/preferences", {
      token: await tokenOf(user),
      body: { min_level: "info", min_priority: "low", muted_types: ["system.error"] },
    }),
  "an archived event": (user) =>
    spread
      .prepare(
        `INSERT INTO event_log (id, user_id, at, type, level, priority, data) VALUES (?, ?, 1, 'system.error', 'info', 'low', '{}')`,
      )
      .bind(crypto.randomUUID(), user)
      .run(),
  "a registration in early warning": (user) =>
    spread
      .prepare(
        `INSERT INTO insight_learners (enrollment_id, course_slug, user_id, registered, attempts, credits)
       VALUES (?, ?, ?, 0, 0, 0.0)`,
      )
      .bind(`${slug}:${user}`, slug, user)
      .run(),
  "progress without a registration": (user) =>
    spread
      .prepare("INSERT INTO progress (enrollment_id, item_id, completed_at, seq) VALUES (?, ?, 1, 1)")
      .bind(`${slug}:${user}`, `${slug}.one`)
      .run(),
  "a kept answer": (user) =>
    spread
      .prepare(
        "INSERT INTO idempotency_keys (scope, key, body_hash, status, body, created_at) VALUES (?, 'k', '', 200, '{}', 1)",
      )
      .bind(`${user} POST /api/v1/somewhere`)
      .run(),
  "a dead letter": (user) =>
    spread
      .prepare("INSERT INTO dead_letters (id, queue, body, attempts, failed_at) VALUES (?, 'q', ?, 4, 1)")
      .bind(crypto.randomUUID(), JSON.stringify({ user_id: user }))
      .run(),
  "the audit log": async (user) =>
    call("GET", `/storage/files?user_id=${user}`, { token: await tokenOf("lists-files", "admin") }),
};

const lines = async (answer: Response) =>
  (await answer.text())
    .trim()
    .split("\n")
    .map((line) => z.looseObject({ kind: z.string() }).parse(JSON.parse(line)));

describe("[fault 6] somebody without an account", () => {
  it.each(Object.entries(PLACES))("who has data in %s only is exported, banned and erased", async (_, leave) => {
    const user = `outsider-${crypto.randomUUID().slice(0, 8)}`;
    await leave(user);
    const exported = await call("POST", `/users/${user}/export`, { token: await admin() });
    expect(exported.status).toBe(200);
    expect((await lines(exported)).at(-1)?.kind).toBe("end");

    const ban = { ban: { reason: "too loud" } };
    const banned = await call("PATCH", `/users/${user}`, { token: await admin(), body: ban });
    expect(await banned.json()).toMatchObject({ id: user, email: null, ban: { reason: "too loud", until: null } });
    const read = await call("GET", `/users/${user}`, { token: await admin() });
    expect(await read.json()).toMatchObject({ id: user, ban: { reason: "too loud" } });

    const begun = await erase(user);
    expect(begun.status, await begun.text()).toBe(202);
    expect((await progressOf(user)).state).toBe("settling");
    expect(await spread.prepare("SELECT count(*) AS n FROM outside_bans WHERE user_id = ?").bind(user).first("n")).toBe(
      0,
    );
    for (const source of SOURCES) expect(await source.holds(env, user), source.name).toBe(false);
  });

  it("cannot read or write while banned", async () => {
    const user = `outsider-${crypto.randomUUID().slice(0, 8)}`;
    await upload(new TextEncoder().encode("hello"), { user });
    const set = async (ban: object | null) => {
      const answer = await call("PATCH", `/users/${user}`, { token: await admin(), body: { ban } });
      expect(answer.status).toBe(200);
    };
    await set({ reason: "too loud" });
    const options = async () => ({ token: await tokenOf(user), body: {} });
    expect((await problem(await call("POST", `/courses/${slug}/enrollments`, await options()), 401)).code).toBe(
      "unauthenticated",
    );
    await problem(await call("GET", "/courses", { token: await tokenOf(user) }), 401);
    await set(null);
    // What was refused a moment ago is accepted for up to a minute elsewhere; here the next write asks again.
    const actions = (await entries()).filter(({ target_id }) => target_id === user).map(({ action }) => action);
    expect(actions).toEqual(["user.banned", "user.unbanned"]);
    const author = await tokenOf(user, "author");
    const course = { slug: `by-${user}`, title: "By somebody outside" };
    expect((await call("POST", "/courses", { token: author, body: course })).status).toBe(201);
  });

  it("can only be banned, and other changes are refused with the reason", async () => {
    const user = `outsider-${crypto.randomUUID().slice(0, 8)}`;
    await upload(new TextEncoder().encode("hello"), { user });
    const body = { role: "author", ban: { reason: "too loud" } };
    const { errors } = await problem(await call("PATCH", `/users/${user}`, { token: await admin(), body }), 400);
    expect(errors).toMatchObject([{ path: "role", rule: "no_account" }]);
    expect((await call("GET", `/users/${user}`, { token: await admin() })).status).toBe(404);
  });

  it("and without data stays unknown, also when requested again with a key", async () => {
    const user = `nobody-${crypto.randomUUID().slice(0, 8)}`;
    const headers = { "idempotency-key": crypto.randomUUID() };
    for (let time = 0; time < 2; time += 1) {
      const body = { ban: { reason: "too loud" } };
      await problem(await call("PATCH", `/users/${user}`, { token: await admin(), body, headers }), 404);
      await problem(await call("POST", `/users/${user}/export`, { token: await admin() }), 404);
      await problem(await erase(user), 404);
    }
    expect(await isKnown(env, user)).toBe(false);
  });

  it("is not called unknown while a place does not answer", async () => {
    const user = `nobody-${crypto.randomUUID().slice(0, 8)}`;
    const answer = await callWith({ ...everywhere(brokenDatabase) }, "POST", `/users/${user}/export`, {
      token: await admin(),
    });
    await problem(answer, 503);
  });
});

const view = z.looseObject({ email: z.string() });
describe("somebody with an account", () => {
  it("is shown with their address", async () => {
    const email = `${crypto.randomUUID()}@example.org`;
    const body = { email, name: "Somebody", role: "learner" };
    expect((await read(await call("POST", "/users", { token: await admin(), body }), 201, view)).email).toBe(email);
  });
});
