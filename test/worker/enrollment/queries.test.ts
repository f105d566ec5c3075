import { evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { enroll, freshSlug, objectOf, project, publish } from "../../support/worker/courses.ts";
import {
  brokenDatabase,
  brokenObjects,
  callWith,
  type QueryLog,
  rebind,
  recordedDatabase,
  silentDatabase,
} from "../../support/worker/faults.ts";
import { d1Queries, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, ladder, setClock } from "../../support/worker/learners.ts";
import { everywhere } from "../../support/worker/shards.ts";

/** Older than the catalog may serve a pointer without asking (5 s). */
const PAST_POINTER_AGE_MS = 5_001;

afterEach(() => {
  vi.useRealTimers();
});

/** A course with a learner whose reads are warm, and a recorder of what Worker and object send to D1. */
async function warmLearner(user = "ada") {
  const slug = freshSlug("queries");
  await publish(ladder(slug));
  await enroll(slug, user);
  const log: QueryLog = [];
  const dbs = everywhere((real) => recordedDatabase(log, real));
  await rebind(slug, user, dbs);
  const token = await tokenOf(user);
  return { slug, user, log, dbs, token };
}

describe("D1 queries of the most frequent requests", () => {
  it("are counted: a route that needs D1 is seen by both counters", async () => {
    const { slug, dbs, log, token } = await warmLearner();
    const answer = await callWith(dbs, "GET", `/courses/${slug}`, { token });
    expect(answer.status).toBe(200);
    expect(log).toHaveLength(1);
    expect(d1Queries(answer)).toBe(1);
  });

  it.each(["chapters/", "problems/", "unlocks", "items/ITEM/why", "chapters/?limit=1"])(
    "a warm read of %s sends none, neither from the Worker nor from the object",
    async (list) => {
      const { slug, dbs, log, token } = await warmLearner();
      const path = `/courses/${slug}/${list.replace("ITEM", `${slug}.two`)}`;
      const answer = await callWith(dbs, "GET", path, { token });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ snapshot: { source: "snapshot" } });
      expect(log).toEqual([]);
      expect(d1Queries(answer)).toBe(0);
    },
  );

  it("are not sent by a read of an evicted object, which wakes from its own storage", async () => {
    const { slug, user, dbs, log, token } = await warmLearner();
    await evictDurableObject(objectOf(slug, user));
    await rebind(slug, user, dbs);
    const answer = await callWith(dbs, "GET", `/chapters/${slug}.one/problems/`, { token });
    expect(answer.status).toBe(200);
    expect(log).toEqual([]);
  });

  it.each([
    ["without", () => ({})],
    ["with", () => ({ "idempotency-key": crypto.randomUUID() })],
  ])("a write %s an Idempotency-Key sends none", async (_name, headersOf) => {
    const { slug, dbs, log, token } = await warmLearner();
    const done = await callWith(dbs, "POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, {
      token,
      headers: headersOf(),
    });
    expect(done.status).toBe(200);
    const submitted = await callWith(dbs, "POST", `/problems/${slug}.p1/submissions/`, {
      token,
      headers: headersOf(),
      body: { answer: "4" },
    });
    expect(submitted.status).toBe(201);
    expect(log).toEqual([]);
    expect([d1Queries(done), d1Queries(submitted)]).toEqual([0, 0]);
  });

  it("are not waited for by a write, even when the isolate knows nothing fresh of the course", async () => {
    const { slug, user, token } = await warmLearner();
    const dbs = everywhere(silentDatabase);
    await rebind(slug, user, dbs);
    advanceClock(PAST_POINTER_AGE_MS);
    const done = await callWith(dbs, "POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, {
      token,
      headers: { "idempotency-key": "silent" },
      background: "abandon",
    });
    expect(done.status).toBe(200);
    expect(await done.json()).toMatchObject({ progress_seq: 1, unlocked: [`${slug}.two`] });
  });

  it("are one for a pointer past its hard age, and none before the answer in its soft age", async () => {
    const { slug, dbs, log, token } = await warmLearner();
    const start = Date.now();
    setClock(start + PAST_POINTER_AGE_MS);
    const hard = await callWith(dbs, "GET", `/courses/${slug}/chapters/`, { token });
    expect(d1Queries(hard)).toBe(1);
    expect(log).toHaveLength(1);
    setClock(start + PAST_POINTER_AGE_MS + 2_500);
    const soft = await callWith({ ...everywhere(silentDatabase) }, "GET", `/courses/${slug}/chapters/`, {
      token,
      background: "abandon",
    });
    expect(soft.status).toBe(200);
    expect(d1Queries(soft)).toBe(0);
  });

  it("are two for a cold read after a publish elsewhere: the pointer, and the new outline inside the object", async () => {
    const { slug, user, dbs, log, token } = await warmLearner();
    await publish({ ...ladder(slug), problems: [{ id: `${slug}.extra`, title: "Extra" }] });
    await evictDurableObject(objectOf(slug, user));
    await rebind(slug, user, dbs);
    advanceClock(PAST_POINTER_AGE_MS);
    const answer = await callWith(dbs, "GET", `/courses/${slug}/problems/`, { token });
    expect(await answer.json()).toMatchObject({ snapshot: { source: "recomputed", course_version: 2 } });
    expect(log.length).toBeGreaterThan(0);
    expect(log.length).toBeLessThanOrEqual(2);
  });

  it("are at most two for a read with an outdated pointer and an evicted object", async () => {
    const { slug, user, dbs, log, token } = await warmLearner();
    await evictDurableObject(objectOf(slug, user));
    await rebind(slug, user, dbs);
    advanceClock(PAST_POINTER_AGE_MS);
    const answer = await callWith(dbs, "GET", `/courses/${slug}/unlocks`, { token });
    expect(answer.status).toBe(200);
    expect(log.length).toBeLessThanOrEqual(2);
  });

  it.each([50, 5_000])("are at most three for the fallback with %i items", async (items) => {
    const slug = freshSlug("wide");
    await publish({
      slug,
      title: "Wide",
      chapters: [{ id: `${slug}.c`, title: "C" }],
      problems: Array.from({ length: items - 1 }, (_, n) => ({
        id: `${slug}.p${n}`,
        title: `P${n}`,
        ...(n % 2 === 1 ? { rule: { completed: `${slug}.c` } } : {}),
      })),
    });
    await enroll(slug, "ada");
    await project(slug, "ada");
    const { namespace } = brokenObjects();
    for (const age of [0, PAST_POINTER_AGE_MS]) {
      if (age > 0) advanceClock(age);
      const log: QueryLog = [];
      const bindings = { ...everywhere((real) => recordedDatabase(log, real)), ENROLLMENTS: namespace };
      const answer = await callWith(bindings, "GET", `/courses/${slug}/problems/?limit=1000`, {
        token: await tokenOf("ada"),
      });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ snapshot: { source: "realtime" } });
      expect(log.length).toBeGreaterThan(0);
      expect(log.length).toBeLessThanOrEqual(3);
      expect(d1Queries(answer)).toBe(log.length);
    }
  });

  it("are not needed by warm reads and writes: these work while D1 does not answer", async () => {
    const { slug, user, token } = await warmLearner();
    const dbs = everywhere(brokenDatabase);
    await rebind(slug, user, dbs);
    const read = await callWith(dbs, "GET", `/courses/${slug}/chapters/`, { token });
    const write = await callWith(dbs, "POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, { token });
    expect([read.status, write.status]).toEqual([200, 200]);
  });
});
