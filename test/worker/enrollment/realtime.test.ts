import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { deliver, enroll, fireAlarm, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, brokenObjects, callWith, loseStorage, rebind, rowsOf } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  complete,
  completed,
  deltaSchema,
  ladder,
  override,
  pageSchema,
  revoke,
  statesOf,
  submit,
  unlocks,
  unlocksSchema,
  whySchema,
} from "../../support/worker/learners.ts";
import { everywhere, spread } from "../../support/worker/shards.ts";

async function learner(options: Parameters<typeof ladder>[1] = {}) {
  const slug = freshSlug("faults");
  await publish(ladder(slug, options));
  await enroll(slug, "ada");
  return { slug, token: await tokenOf("ada") };
}

describe("while D1 does not answer", () => {
  it("[I1] reads are answered, writes are acknowledged, and everything reaches D1 later", async () => {
    const { slug, token } = await learner();
    await project(slug, "ada");
    const dbs = everywhere(brokenDatabase);
    await rebind(slug, "ada", dbs);
    const write = `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`;
    const done = await callWith(dbs, "POST", write, { token });
    expect(done.status).toBe(200);
    const list = await callWith(dbs, "GET", `/courses/${slug}/chapters/`, { token });
    const rows = (await read(list, 200, pageSchema)).results;
    expect(rows.map((row) => row.status)).toEqual(["completed", "unlocked", "locked", "locked"]);
    expect(await rowsOf(slug, "ada", "SELECT 1 FROM outbox")).not.toEqual([]);
    await project(slug, "ada");
    expect(await rowsOf(slug, "ada", "SELECT 1 FROM outbox")).toEqual([]);
    const row = await spread
      .prepare("SELECT completed_at FROM progress WHERE enrollment_id = ? AND item_id = ?")
      .bind(`${slug}:ada`, `${slug}.one`)
      .first<{ completed_at: number }>();
    expect(row?.completed_at).toBeTypeOf("number");
  });

  it("[I1][I10] a projection that D1 refuses is retried by the queue and loses nothing", async () => {
    const { slug } = await learner();
    await completed(slug, "ada", "one");
    const pending = await rowsOf(slug, "ada", "SELECT count(*) AS n FROM outbox");
    const { consumeProjections } = await import("../../../src/mirror/projection.ts");
    const { createMessageBatch } = await import("cloudflare:test");
    const body = { type: "project", enrollment_id: `${slug}:ada` };
    const batch = createMessageBatch("latchkey-projection", [{ id: "dark", timestamp: new Date(), attempts: 1, body }]);
    await consumeProjections(batch, { ...env, ...everywhere(brokenDatabase) });
    expect(await rowsOf(slug, "ada", "SELECT count(*) AS n FROM outbox")).toEqual(pending);
    const again = await project(slug, "ada");
    expect(again.explicitAcks).toHaveLength(1);
    expect(await rowsOf(slug, "ada", "SELECT count(*) AS n FROM outbox")).toEqual([{ n: 0 }]);
  });
});

describe("while the object does not answer", () => {
  const faults = [
    ["plain", {}, 1],
    ["retryable", { retryable: true }, 3],
    ["overloaded", { retryable: true, overloaded: true }, 1],
  ] as const;

  it.each(faults)(
    "[I7] a %s fault falls back to D1 with the states of the snapshot",
    async (_name, fault, attempts) => {
      const { slug, token } = await learner();
      await completed(slug, "ada", "one");
      await submit(slug, "ada", "p1", "5");
      await override(slug, "ada", "three", { kind: "unlock" });
      await project(slug, "ada");
      const { namespace, calls } = brokenObjects(fault);
      const broken = (path: string) => callWith({ ENROLLMENTS: namespace }, "GET", path, { token });
      const fallback = await read(await broken(`/courses/${slug}/unlocks`), 200, unlocksSchema);
      expect(calls()).toBe(attempts);
      const healthy = await unlocks(slug, "ada");
      expect(fallback.snapshot.source).toBe("realtime");
      expect(fallback.states).toEqual(healthy.states);
      expect(fallback.snapshot.progress_seq).toBe(healthy.snapshot.progress_seq);
      for (const list of [
        `/courses/${slug}/chapters/`,
        `/courses/${slug}/problems/`,
        `/chapters/${slug}.one/problems/`,
      ]) {
        const real = await read(await broken(list), 200, pageSchema);
        const own = await read(await call("GET", list, { token }), 200, pageSchema);
        expect(real.results).toEqual(own.results);
        expect(real.snapshot.source).toBe("realtime");
      }
      const why = `/courses/${slug}/items/${slug}.p3/why`;
      const { snapshot: _a, ...expected } = await read(await call("GET", why, { token }), 200, whySchema);
      const { snapshot: _b, ...given } = await read(await broken(why), 200, whySchema);
      expect(given).toEqual(expected);
      expect(given.is_locked).toBe(true);
    },
  );

  it("[I3] a read never shows a state before its min_seq: 503 with Retry-After until D1 has caught up", async () => {
    const { slug, token } = await learner();
    await project(slug, "ada");
    const { progress_seq } = await completed(slug, "ada", "one");
    const { namespace } = brokenObjects();
    const path = `/courses/${slug}/unlocks?min_seq=${progress_seq}`;
    const early = await callWith({ ENROLLMENTS: namespace }, "GET", path, { token });
    expect(early.headers.get("retry-after")).toBe("2");
    expect((await problem(early, 503)).code).toBe("unavailable");
    await project(slug, "ada");
    expect((await callWith({ ENROLLMENTS: namespace }, "GET", path, { token })).status).toBe(200);
  });

  it("[I7] a read never opens what staff locked, what was revoked, or what a relock closed", async () => {
    const { slug, token } = await learner();
    for (const chapter of ["one", "two"]) await completed(slug, "ada", chapter);
    await override(slug, "ada", "one", { kind: "lock" });
    await revoke(slug, "ada", "two");
    const { namespace } = brokenObjects();
    const seen = async () => {
      const answer = await callWith({ ENROLLMENTS: namespace }, "GET", `/courses/${slug}/unlocks`, { token });
      return (await read(answer, 200, unlocksSchema)).states;
    };
    expect(await seen()).toMatchObject({ [`${slug}.p2`]: "locked", [`${slug}.three`]: "locked" });
    const detail = await callWith({ ENROLLMENTS: namespace }, "GET", `/courses/${slug}/chapters/${slug}.one`, {
      token,
    });
    const text = await detail.text();
    expect([detail.status, text.includes("Content of one")]).toEqual([403, false]);
    const relocked = ladder(slug);
    const [first, second, ...rest] = relocked.chapters ?? [];
    if (first === undefined || second === undefined) throw new Error("the ladder has chapters");
    await publish(
      { ...relocked, chapters: [first, { ...second, rule: { cohort: "nobody" } }, ...rest] },
      { policy: "relock" },
    );
    const after = await callWith({ ENROLLMENTS: namespace }, "GET", `/courses/${slug}/chapters/`, { token });
    const rows = (await read(after, 200, pageSchema)).results;
    expect(rows.find((row) => row.id === `${slug}.two`)?.is_locked).toBe(true);
  });

  it("the past, people who are not enrolled, and writes are refused", async () => {
    const { slug, token } = await learner();
    await project(slug, "ada");
    const { namespace } = brokenObjects();
    const past = await callWith({ ENROLLMENTS: namespace }, "GET", `/courses/${slug}/unlocks?at=2020-01-01T00:00:00Z`, {
      token,
    });
    expect((await problem(past, 503)).code).toBe("unavailable");
    const stranger = await callWith({ ENROLLMENTS: namespace }, "GET", `/courses/${slug}/unlocks`, {
      token: await tokenOf("eve"),
    });
    expect((await problem(stranger, 404)).code).toBe("not_enrolled");
    const path = `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`;
    const write = await callWith({ ENROLLMENTS: namespace }, "POST", path, { token });
    expect((await problem(write, 503)).code).toBe("unavailable");
  });

  it("and D1 does not answer either, reads are 503", async () => {
    const { slug, token } = await learner();
    const { namespace } = brokenObjects();
    const bindings = { ENROLLMENTS: namespace, ...everywhere(brokenDatabase) };
    const answer = await callWith(bindings, "GET", `/courses/${slug}/chapters/`, { token });
    expect((await problem(answer, 503)).code).toBe("unavailable");
  });
});

describe("an object that is reset", () => {
  it("[I1][I5] during concurrent writes: repeats with their keys leave each fact once", async () => {
    const { slug, token } = await learner();
    await completed(slug, "ada", "one");
    const attempt = (key: number) =>
      call("POST", `/problems/${slug}.p1/submissions/`, {
        token,
        headers: { "idempotency-key": `retry-${key}` },
        body: { answer: "4" },
      });
    const keys = [0, 1, 2, 3, 4, 5];
    const first = keys.map((key) => attempt(key));
    await abortAllDurableObjects();
    await Promise.allSettled(first);
    const answers: object[] = [];
    for (const key of keys) {
      const answer = await attempt(key);
      answers.push(await read(answer, 201, deltaSchema));
    }
    for (const [key, before] of answers.entries()) {
      const again = await attempt(key);
      expect(again.headers.get("idempotency-replayed")).toBe("true");
      expect(await again.json()).toEqual(before);
    }
    expect(await rowsOf(slug, "ada", "SELECT count(*) AS n FROM submissions")).toEqual([{ n: keys.length }]);
    const log = await rowsOf(slug, "ada", "SELECT count(*) AS n FROM fact_log WHERE kind = 'completed'");
    expect(log).toEqual([{ n: 2 }]);
  });

  it("[I1] by eviction keeps states, sequences, stored answers and the outbox", async () => {
    const { slug } = await learner();
    const headers = { "idempotency-key": "kept" };
    const first = await (await complete(slug, "ada", "one", { headers })).json();
    const before = await unlocks(slug, "ada");
    const pending = await rowsOf(slug, "ada", "SELECT * FROM outbox");
    await evictDurableObject(objectOf(slug, "ada"));
    expect(await rowsOf(slug, "ada", "SELECT * FROM outbox")).toEqual(pending);
    expect(await unlocks(slug, "ada")).toEqual(before);
    const again = await complete(slug, "ada", "one", { headers });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await again.json()).toEqual(first);
  });

  it("[I1][I6] without its storage is rebuilt from D1 as it was, and announces nothing twice", async () => {
    const { slug, token } = await learner();
    for (const chapter of ["one", "two"]) await completed(slug, "ada", chapter);
    await submit(slug, "ada", "p1", "4");
    const pending = await read(await submit(slug, "ada", "p2", "an essay"), 201, deltaSchema);
    await override(slug, "ada", "four", { kind: "unlock" });
    await project(slug, "ada");
    const events = () =>
      spread.prepare("SELECT * FROM unlock_events WHERE enrollment_id = ? ORDER BY version").bind(`${slug}:ada`).all();
    const announced = (await events()).results;
    const before = await unlocks(slug, "ada");
    await loseStorage(slug, "ada");
    const after = await unlocks(slug, "ada");
    expect(after.states).toEqual(before.states);
    expect(after.snapshot.progress_seq).toBe(before.snapshot.progress_seq);
    expect(after.snapshot.policy_seq).toBe(before.snapshot.policy_seq);
    expect(after.snapshot.version).toBeGreaterThan(before.snapshot.version);
    await project(slug, "ada");
    expect((await events()).results).toEqual(announced);
    // The next write goes on from there, and a submission that waited for its verdict still does.
    const next = await read(await complete(slug, "ada", "three"), 200, deltaSchema);
    expect(next.progress_seq).toBe(before.snapshot.progress_seq + 1);
    const verdict = await call("POST", `/submissions/${String(pending.submission_id)}/verdict`, {
      token: await tokenOf("grader", "service"),
      body: { passed: true, score: 80 },
    });
    expect(verdict.status).toBe(200);
    expect((await statesOf(slug, "ada"))[`${slug}.p2`]).toBe("completed");
    expect(token).toBeTypeOf("string");
  });

  it("[I10] while an alarm job throws sets its alarm again and loses nothing", async () => {
    const { slug } = await learner();
    await completed(slug, "ada", "one");
    const send = async () => {
      throw new Error("the queue does not answer");
    };
    // SAFETY: the object only sends.
    await rebind(slug, "ada", { PROJECTION_QUEUE: { send } as unknown as Queue });
    await runInDurableObject(objectOf(slug, "ada"), (_instance, state) => {
      state.storage.sql.exec("INSERT INTO due_times VALUES ('outbox', 0, 0)");
    });
    await fireAlarm(slug, "ada");
    const due = await rowsOf(slug, "ada", "SELECT failures FROM due_times WHERE name = 'outbox'");
    expect(due[0]?.failures).toBeGreaterThanOrEqual(1);
    expect(await rowsOf(slug, "ada", "SELECT 1 FROM outbox")).not.toEqual([]);
    expect(await fireAlarm(slug, "ada")).toBe(true);
    expect(
      (await deliver("latchkey-projection", [{ type: "project", enrollment_id: `${slug}:ada` }])).explicitAcks,
    ).toHaveLength(1);
  });
});
