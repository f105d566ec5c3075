import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import type { AuditChain } from "../../../src/audit/chain/object.ts";
import { drainAudit } from "../../../src/audit/outbox.ts";
import { projectEnrollments } from "../../../src/mirror/projection.ts";
import { AUTHOR, enroll, freshSlug, objectOf, project, publish, runCron } from "../../support/worker/courses.ts";
import { brokenDatabase, brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { admin, completed, ladder, override, removeOverride, revoke, service } from "../../support/worker/learners.ts";
import { everywhere } from "../../support/worker/shards.ts";
import { chain, entries, storedEntries, verify } from "./support.ts";

/** Actions recorded about one course, with who did them. */
async function recorded(course: string) {
  await drainAudit(env);
  return (await entries())
    .filter((row) => row.course === course)
    .map(({ action, actor_id, outcome }) => [action, actor_id, outcome]);
}

const about = async (target: string) => {
  await drainAudit(env);
  return (await entries()).filter((row) => row.target_id === target);
};

describe("a privileged action leaves exactly one entry with its actor", () => {
  it("if a course is published, activated or invalidated", async () => {
    const slug = freshSlug("audit");
    await publish(ladder(slug));
    await publish(ladder(slug)); // the same document: nothing was done
    await publish(ladder(slug, { sticky: true }));
    const activate = await call("POST", `/courses/${slug}/versions/1/activate`, {
      token: await tokenOf(AUTHOR, "author"),
      headers: { "x-request-id": "request-of-test" },
    });
    expect(activate.status).toBe(200);
    expect((await call("POST", `/courses/${slug}/stale`, { token: await admin() })).status).toBe(202);
    expect(await recorded(slug)).toEqual([
      ["course.created", AUTHOR, "done"],
      ["course.published", AUTHOR, "done"],
      ["course.published", AUTHOR, "done"],
      ["course.activated", AUTHOR, "done"],
      ["course.doubted", "admin-of-tests", "done"],
    ]);
    expect((await about(slug))[3]).toMatchObject({ request_id: "request-of-test", target_type: "course" });
    expect((await about(slug))[3]?.details).toBe('{"activation":3,"policy":"grandfather","version":1}');
  });

  it("if staff override, remove an override, revoke, set a policy, invalidate, rebuild or withdraw; a learner's own work leaves none", async () => {
    const slug = freshSlug("audit");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    await completed(slug, "ada", "one");
    await override(slug, "ada", "three", { kind: "unlock" });
    await removeOverride(slug, "ada", "three");
    await removeOverride(slug, "ada", "three"); // nothing to remove
    await revoke(slug, "ada", "one");
    const token = await admin();
    for (const [method, path, body] of [
      ["PATCH", `/enrollments/${slug}:ada`, { cohorts: ["vip"] }],
      ["PATCH", `/enrollments/${slug}:ada`, { cohorts: ["vip"] }],
      ["POST", `/enrollments/${slug}:ada/stale`, undefined],
      ["POST", `/enrollments/${slug}:ada/rebuild`, undefined],
      ["DELETE", `/courses/${slug}/enrollments?user_id=ada`, undefined],
    ] as const) {
      const answer = await call(method, path, { token, ...(body === undefined ? {} : { body }) });
      expect(answer.status, `${method} ${path}`).toBe(200);
    }
    await project(slug, "ada");
    const rows = (await recorded(slug)).slice(2);
    expect(rows.map(([action, actor]) => [action, actor]).sort()).toEqual(
      [
        ["override.set", AUTHOR],
        ["override.removed", AUTHOR],
        ["progress.revoked", AUTHOR],
        ["policy.changed", "admin-of-tests"],
        ["enrollment.doubted", "admin-of-tests"],
        ["enrollment.rebuilt", "admin-of-tests"],
        ["enrollment.withdrawn", "admin-of-tests"],
      ].sort(),
    );
    const texts = JSON.stringify((await entries()).filter(({ course }) => course === slug));
    expect(texts).not.toContain("for the test"); // reasons stay where they can be erased
    await enroll(slug, "ada");
    expect((await call("DELETE", `/courses/${slug}/enrollments`, { token: await tokenOf("ada") })).status).toBe(200);
    await project(slug, "ada");
    expect(await recorded(slug)).toHaveLength(9);
  });

  it("if a user is created, gets another role, is banned or unbanned", async () => {
    const token = await admin();
    const created = await call("POST", "/users", {
      token,
      body: { email: `${crypto.randomUUID()}@example.org`, name: "Audited Person", role: "learner" },
    });
    const { id, email } = JSON.parse(await created.text());
    const change = async (body: object) =>
      expect((await call("PATCH", `/users/${id}`, { token, body })).status).toBe(200);
    await change({ role: "author" });
    await change({ ban: { reason: "secret reason" } });
    await change({ ban: null });
    await change({ name: "Another Name" });
    await problem(await call("PATCH", "/users/nobody-here", { token, body: { role: "admin" } }), 404);
    const rows = await about(id);
    expect(rows.map(({ action, actor_id }) => [action, actor_id])).toEqual([
      ["user.created", "admin-of-tests"],
      ["user.role_changed", "admin-of-tests"],
      ["user.banned", "admin-of-tests"],
      ["user.unbanned", "admin-of-tests"],
      ["user.renamed", "admin-of-tests"],
    ]);
    expect(rows[1]?.details).toBe('{"from_role":"learner","to_role":"author"}');
    expect(await about("nobody-here")).toEqual([]);
    expect(JSON.stringify(rows)).not.toMatch(new RegExp(`secret reason|Audited|${email}`));
    // An entry can never be changed, so what is stored knows nobody by an id that would have to be erased.
    expect(JSON.stringify(await storedEntries())).not.toMatch(new RegExp(`${id}|admin-of-tests`));
  });

  it("if a dead letter is replayed, or translations of others are deleted; deleting one's own leaves none", async () => {
    const letter = crypto.randomUUID();
    await env.DB.prepare(
      "INSERT INTO dead_letters (id, queue, body, attempts, failed_at) VALUES (?, 'latchkey-refresh', ?, 4, 1)",
    )
      .bind(letter, JSON.stringify({ type: "sweep", scope: "problems" }))
      .run();
    const options = { token: await admin(), headers: { "idempotency-key": letter } };
    for (let i = 0; i < 2; i += 1) {
      expect((await call("POST", `/system/dead-letters/${letter}/replay`, options)).status).toBe(202);
    }
    expect((await about(letter)).map(({ action }) => action)).toEqual(["dead_letter.replayed"]);
    const event = crypto.randomUUID();
    await env.DB.prepare(
      `INSERT INTO event_log (id, user_id, at, type, level, priority, roles, data)
       VALUES (?, 'ada', 1, 'system.notification', 'info', 'normal', NULL, '{"title":"again"}')`,
    )
      .bind(event)
      .run();
    const replayed = await call("POST", `/events/archive/${event}/replay`, { token: await service() });
    expect(replayed.status).toBe(200);
    expect((await about(event)).map(({ action, actor_id }) => [action, actor_id])).toEqual([
      ["event.replayed", "service-of-tests"],
    ]);
    const session = "ada:audited";
    expect((await call("DELETE", `/translation/sessions/${session}`, { token: await service() })).status).toBe(200);
    expect((await call("DELETE", `/translation/sessions/${session}`, { token: await tokenOf("ada") })).status).toBe(
      200,
    );
    expect((await about(session)).map(({ action }) => action)).toEqual(["translation.deleted"]);
  });
});

describe("[I1] a crash between a change and its entry", () => {
  // SAFETY: whatever the class, every call of it fails.
  const gone = () => brokenObjects().namespace as unknown as DurableObjectNamespace<AuditChain>;

  it("in D1: the entry waits in the outbox with the change, and the cron moves it into the chain once", async () => {
    const slug = freshSlug("audit");
    await publish(ladder(slug));
    await recorded(slug);
    const created = ["course.created", "course.published"];
    const broken = await callWith({ AUDIT_CHAINS: gone() }, "POST", `/courses/${slug}/stale`, { token: await admin() });
    expect(broken.status).toBe(202);
    const pending = await env.DB.prepare("SELECT count(*) AS n FROM audit_outbox").first<{ n: number }>();
    expect(pending?.n).toBe(1);
    await drainAudit({ ...env, AUDIT_CHAINS: gone() });
    expect((await entries()).filter((row) => row.course === slug)).toHaveLength(created.length);
    await evictDurableObject(chain());
    await runCron("* * * * *");
    await runCron("* * * * *");
    expect((await entries()).filter((row) => row.course === slug).map(({ action }) => action)).toEqual([
      ...created,
      "course.doubted",
    ]);
  });

  it("in an enrollment: its outbox keeps the entry until the chain has it, whatever D1 and the object do", async () => {
    const slug = freshSlug("audit");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const path = `/enrollments/${slug}:ada/overrides/${slug}.three`;
    const options = { token: await admin(), body: { kind: "unlock", reason: "crash" } };
    expect((await callWith({ AUDIT_CHAINS: gone() }, "PUT", path, options)).status).toBe(200);
    await evictDurableObject(objectOf(slug, "ada"));
    await evictDurableObject(chain());
    // D1 does not answer, the chain does: the entry does not wait for D1.
    const id = `${slug}:ada`;
    expect((await projectEnrollments({ ...env, ...everywhere(brokenDatabase) }, [id])).has(id)).toBe(false);
    const sets = async () => (await entries()).filter((row) => row.enrollment === id && row.action === "override.set");
    expect(await sets()).toHaveLength(1);
    await vi.waitFor(async () => {
      await project(slug, "ada");
      const inspected = await objectOf(slug, "ada").inspect();
      expect(inspected.ok && inspected.value.outbox.rows).toBe(0);
    }, 10_000);
    expect(await sets()).toHaveLength(1);
    expect((await verify()).breaks).toEqual([]);
  });

  it("before the entry: an order that cannot be recorded is not carried out", async () => {
    const path = "/translation/sessions/ada:kept";
    const refused = await callWith({ AUDIT_CHAINS: gone() }, "DELETE", path, { token: await service() });
    await problem(refused, 503);
    expect(await about("ada:kept")).toEqual([]);
  });
});
