import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { WITHDRAWN_RETENTION_MS } from "../../../src/enrollment/withdrawn.ts";
import { EVENT_PAGE, EVENT_RETENTION_MS, FINDING_RETENTION_MS } from "../../../src/mirror/prune.ts";
import { ANSWER_RETENTION_MS } from "../../../src/platform/http/limits.ts";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { everywhere } from "../../support/worker/shards.ts";
import {
  all,
  bindingsWith,
  collectingQueue,
  consume,
  once,
  pair,
  rowOf,
  run,
  watchedDatabase,
  watchedObjects,
} from "./support.ts";

const REFRESH = "latchkey-refresh";
const MINUTE = 60_000;

async function withdrawn(slug: string, user: string, agoMs: number): Promise<void> {
  await enroll(slug, user);
  const token = await tokenOf(user);
  await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed`, { token });
  await project(slug, user);
  expect((await call("DELETE", `/courses/${slug}/enrollments`, { token })).status).toBe(200);
  await project(slug, user);
  await run("UPDATE enrollments SET withdrawn_at = ? WHERE id = ?", Date.now() - agoMs, `${slug}:${user}`);
}

/** Runs the clean-up to its end. @returns how many pages it took. */
async function cleanUp(replaced: Partial<Env> = {}): Promise<number> {
  for (let pages = 1; ; pages += 1) {
    const { queue, sent } = collectingQueue();
    const result = await consume(REFRESH, [{ type: "cleanup" }], bindingsWith({ REFRESH_QUEUE: queue, ...replaced }));
    expect(result.acked).toEqual(["m0"]);
    if (sent.length === 0) return pages;
    expect(sent.map(({ body }) => body)).toEqual([{ type: "cleanup" }]);
    expect(pages).toBeLessThan(20);
  }
}

/** Tables inside an enrollment object, and its alarm. */
function storageOf(slug: string, user: string) {
  return runInDurableObject(objectOf(slug, user), async (_instance, state) => ({
    tables: state.storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray()
      .map((row) => row.name),
    alarm: await state.storage.getAlarm(),
  }));
}

const traces = (slug: string, user: string) =>
  Promise.all(
    ["progress", "submissions", "unlock_events"].map(async (table) => {
      const rows = await all(`SELECT 1 FROM ${table} WHERE enrollment_id = ?`, `${slug}:${user}`);
      return rows.length;
    }),
  );

describe("the nightly clean-up", () => {
  it("destroys enrollments withdrawn more than 30 days ago, and keeps later and active ones", async () => {
    const slug = freshSlug("clean");
    await publish(pair(slug));
    await withdrawn(slug, "old", WITHDRAWN_RETENTION_MS + MINUTE);
    await withdrawn(slug, "young", WITHDRAWN_RETENTION_MS - MINUTE);
    await enroll(slug, "active");
    await cleanUp();
    expect(await storageOf(slug, "old")).toEqual({ tables: [], alarm: null });
    expect(await all("SELECT id FROM enrollments WHERE id = ?", `${slug}:old`)).toEqual([]);
    expect(await traces(slug, "old")).toEqual([0, 0, 0]);
    expect((await storageOf(slug, "young")).tables).toContain("facts");
    expect((await traces(slug, "young"))[0]).toBe(1);
    expect(await rowOf(slug, "active")).toMatchObject({ status: "active" });
    // Whoever was destroyed starts again; whoever came back in time finds everything.
    expect(await enroll(slug, "old")).toMatchObject({ progress_seq: 0 });
    expect(await enroll(slug, "young")).toMatchObject({ progress_seq: 1 });
  });

  it("[I10] continues after an object that cannot be destroyed, and destroys it the next night", async () => {
    const slug = freshSlug("clean");
    await publish(pair(slug));
    const longAgo = Date.now() - WITHDRAWN_RETENTION_MS - MINUTE;
    // More than a page of 50; the first of all is the one that fails.
    await run(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
       INSERT INTO enrollments (id, course_slug, user_id, enrolled_at, status, withdrawn_at)
       SELECT ?1 || ':u' || i, ?1, 'u' || i, 1, 'withdrawn', ?2 + i FROM n`,
      slug,
      longAgo - 1_000,
    );
    const ill = `${slug}:u1`;
    const objects = watchedObjects(async (id) => {
      if (id === ill) throw new Error("its storage fails");
    });
    await cleanUp({ ENROLLMENTS: objects });
    expect(await all("SELECT id FROM enrollments WHERE course_slug = ?", slug)).toEqual([{ id: ill }]);
    await cleanUp();
    expect(await all("SELECT id FROM enrollments WHERE course_slug = ?", slug)).toEqual([]);
  });

  it("[I1] never destroys the object of a learner who comes back at that moment", async () => {
    const slug = freshSlug("clean");
    await publish(pair(slug));
    await withdrawn(slug, "back", WITHDRAWN_RETENTION_MS + MINUTE);
    const comeBack = once(async () => {
      await enroll(slug, "back");
    });
    const objects = watchedObjects(async (id, method) => {
      if (id === `${slug}:back` && method === "destroy") await comeBack();
    });
    await cleanUp({ ENROLLMENTS: objects });
    expect(await rowOf(slug, "back")).toMatchObject({ status: "active" });
    expect((await traces(slug, "back"))[0]).toBe(1);
    const answer = await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("back") });
    expect(await answer.json()).toMatchObject({
      states: { [`${slug}.one`]: "completed" },
      snapshot: { progress_seq: 1 },
    });
  });

  it("[I1] keeps the rows of a learner who comes back after the object is destroyed and before its rows are", async () => {
    const slug = freshSlug("clean");
    await publish(pair(slug));
    await withdrawn(slug, "back", WITHDRAWN_RETENTION_MS + MINUTE);
    const comeBack = once(async () => {
      await enroll(slug, "back");
    });
    const before = async (sql: string) => {
      if (sql.includes("DELETE FROM progress")) await comeBack();
    };
    await cleanUp(everywhere((real) => watchedDatabase(before, real)));
    expect((await traces(slug, "back"))[0]).toBe(1);
    const answer = await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("back") });
    expect(await answer.json()).toMatchObject({ states: { [`${slug}.one`]: "completed" } });
  });

  it("removes old rows of every kind and keeps the newer ones, page after page", async () => {
    const now = Date.now();
    const rows = EVENT_PAGE + 500;
    const events = (prefix: string, at: number, count: number) =>
      run(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3)
         INSERT INTO unlock_events (enrollment_id, version, unlocked, locked, cause, announced_at)
         SELECT ?1, i, '[]', '[]', 'progress', ?2 FROM n`,
        prefix,
        at,
        count,
      );
    await events("old:events", now - EVENT_RETENTION_MS - MINUTE, rows);
    await events("new:events", now - EVENT_RETENTION_MS + MINUTE, 3);
    const each = async (name: string, age: (retention: number) => number) => {
      await run(
        "INSERT INTO idempotency_keys (scope, key, body_hash, created_at) VALUES ('s', ?, 'h', ?)",
        name,
        now - age(ANSWER_RETENTION_MS),
      );
      const letter =
        "INSERT INTO dead_letters (id, queue, body, attempts, failed_at, replayed_at) VALUES (?, 'q', '1', 4, ?, ?)";
      await run(letter, name, 1, now - age(FINDING_RETENTION_MS));
      await run(letter, `${name}-open`, now - age(FINDING_RETENTION_MS), null);
      await run(
        "INSERT INTO divergences (id, enrollment_id, snapshot, differences, detected_at) VALUES (?, 'e', '{}', '[]', ?)",
        name,
        now - age(FINDING_RETENTION_MS),
      );
      await run(
        "INSERT INTO users (id, name, email, created_at, updated_at) VALUES (?1, 'n', ?1 || '@example.org', 1, 1)",
        name,
      );
      await run(
        "INSERT INTO sessions (id, token, user_id, expires_at, created_at, updated_at) VALUES (?1, ?1, ?1, ?2, 1, 1)",
        name,
        now - age(0),
      );
      await run(
        "INSERT INTO verifications (id, identifier, value, expires_at, created_at, updated_at) VALUES (?1, 'i', 'v', ?2, 1, 1)",
        name,
        now - age(0),
      );
    };
    await each("old", (retention) => retention + MINUTE);
    await each("new", (retention) => retention - MINUTE);
    expect(await cleanUp()).toBe(2);
    const left = (table: string, column: string) =>
      all<{ name: string }>(`SELECT DISTINCT ${column} AS name FROM ${table} ORDER BY 1`).then((found) =>
        found.map((row) => row.name).filter((name) => /^(old|new)(?![a-z])/.test(name)),
      );
    expect(await left("unlock_events", "enrollment_id")).toEqual(["new:events"]);
    expect(await left("idempotency_keys", "key")).toEqual(["new"]);
    // A dead letter nobody has replayed stays for three months; see outage.test.ts.
    expect(await left("dead_letters", "id")).toEqual(["new", "new-open", "old-open"]);
    expect(await left("divergences", "id")).toEqual(["new"]);
    expect(await left("sessions", "id")).toEqual(["new"]);
    expect(await left("verifications", "id")).toEqual(["new"]);
  });
});
