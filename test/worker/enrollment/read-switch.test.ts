import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { isDiverted, READ_SWITCH_AGE_MS, READ_SWITCH_KEY, ReadSwitchMemory } from "../../../src/mirror/read-switch.ts";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder, unlocksSchema } from "../../support/worker/learners.ts";
import { everywhere } from "../../support/worker/shards.ts";

const PATH = "/system/switches/realtime-reads";
const setTo = async (realtime_percent: number, token?: string) =>
  call("PUT", PATH, {
    token: token ?? (await tokenOf("root", "admin")),
    body: { realtime_percent, reason: "a test" },
  });

afterEach(async () => {
  expect((await setTo(0)).status).toBe(200);
});

/** A namespace whose values are these; calls are counted. */
function kvWith(get: () => Promise<unknown>) {
  let asked = 0;
  const namespace = new Proxy(env.SWITCHES, {
    get(target, property) {
      if (property !== "get") return Reflect.get(target, property);
      return () => {
        asked += 1;
        return get();
      };
    },
  });
  return { bindings: { ...env, SWITCHES: namespace }, asked: () => asked };
}

describe("reads sent to the realtime fallback", () => {
  let slug: string;
  let token: string;
  beforeEach(async () => {
    slug = freshSlug("switch");
    token = await tokenOf("ada");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    await completed(slug, "ada", "one");
    await project(slug, "ada");
  });
  const unlocksWith = (bindings: Partial<Env>, query = "") =>
    callWith(bindings, "GET", `/courses/${slug}/unlocks${query}`, { token });

  it("[I2] have the answer of the snapshot, and call no object", async () => {
    const usual = await read(await unlocksWith({}), 200, unlocksSchema);
    expect(usual.snapshot.source).not.toBe("realtime");
    expect((await setTo(100)).status).toBe(200);
    const { namespace, calls } = brokenObjects();
    const answer = await unlocksWith({ ENROLLMENTS: namespace });
    expect(answer.headers.get("x-latchkey-source")).toBe("realtime");
    expect((await read(answer, 200, unlocksSchema)).states).toEqual(usual.states);
    expect(calls()).toBe(0);
    await setTo(0);
    expect((await unlocksWith({})).headers.get("x-latchkey-source")).not.toBe("realtime");
  });

  it("are answered by the object when D1 cannot answer", async () => {
    await setTo(100);
    const answer = await unlocksWith({ ...everywhere(brokenDatabase) });
    expect(answer.headers.get("x-latchkey-source")).toBe("snapshot");
    expect(answer.status).toBe(200);
  });

  it("[I3] include a learner's own write, also if D1 has not seen its min_seq yet", async () => {
    await setTo(100);
    const { progress_seq } = await completed(slug, "ada", "two");
    const answer = await read(await unlocksWith({}, `?min_seq=${progress_seq}`), 200, unlocksSchema);
    expect(answer.states).toMatchObject({ [`${slug}.two`]: "completed" });
  });

  it("[I7] are refused as unavailable, and open nothing, when neither answers", async () => {
    await setTo(100);
    const { namespace } = brokenObjects();
    expect(
      (await problem(await unlocksWith({ ENROLLMENTS: namespace, ...everywhere(brokenDatabase) }), 503)).code,
    ).toBe("unavailable");
  });

  it("do not wait for the read switch: a KV that never answers delays nobody", async () => {
    const { bindings } = kvWith(() => new Promise<never>(() => {}));
    const answer = await callWith(bindings, "GET", `/courses/${slug}/unlocks`, { token, background: "abandon" });
    expect(answer.status).toBe(200);
  });
});

describe("the read switch", () => {
  it("is read and set by admins only, and has four possible shares", async () => {
    const shown = async () => (await call("GET", PATH, { token: await tokenOf("root", "admin") })).json();
    expect((await setTo(50)).status).toBe(200);
    const schema = z.strictObject({ realtime_percent: z.literal(50), reason: z.string(), set_at: z.iso.datetime() });
    expect(schema.parse(await shown()).reason).toBe("a test");
    for (const share of [-10, 5, 20, 101]) expect((await problem(await setTo(share), 400)).code).toBe("invalid_input");
    for (const role of ["learner", "author", "service"] as const) {
      const token = await tokenOf("eve", role);
      expect((await problem(await setTo(100, token), 403)).code).toBe("forbidden");
      expect((await problem(await call("GET", PATH, { token }), 403)).code).toBe("forbidden");
    }
    expect(schema.parse(await shown()).realtime_percent).toBe(50);
  });

  it("sends about its share to D1, always the same enrollments; 50 % includes all enrollments of 10 %", () => {
    const ids = Array.from({ length: 10_000 }, (_, number) => `course-${number % 7}:learner-${number}`);
    const diverted = (percent: number) => new Set(ids.filter((id) => isDiverted(id, percent)));
    const [few, half] = [diverted(10), diverted(50)];
    expect([diverted(0).size, diverted(100).size]).toEqual([0, 10_000]);
    expect(few.size).toBeGreaterThan(800);
    expect(few.size).toBeLessThan(1_200);
    expect(half.size).toBeGreaterThan(4_700);
    expect(half.size).toBeLessThan(5_300);
    expect([...few].filter((id) => !half.has(id))).toEqual([]);
    expect(diverted(10)).toEqual(few);
  });

  it("reaches other isolates at their next look, at most after ten seconds, and is kept while KV does not answer", async () => {
    const stored = { realtime_percent: 10, reason: "set elsewhere", set_at: new Date().toISOString() };
    await env.SWITCHES.put(READ_SWITCH_KEY, JSON.stringify(stored));
    const memory = new ReadSwitchMemory();
    const work: Promise<unknown>[] = [];
    const at = (now: number, bindings: Env = env) => memory.percent(bindings, now, (promise) => work.push(promise));
    expect(at(0)).toBe(0);
    await Promise.all(work);
    expect(at(1)).toBe(10);
    expect(at(READ_SWITCH_AGE_MS - 1)).toBe(10);
    expect(work).toHaveLength(1);
    const down = kvWith(() => Promise.reject(new Error("KV does not answer")));
    expect(at(READ_SWITCH_AGE_MS, down.bindings)).toBe(10);
    await Promise.all(work);
    expect(down.asked()).toBe(1);
    expect(at(READ_SWITCH_AGE_MS + 1)).toBe(10);
  });

  it("is not changed back by an older look-up that returns later", async () => {
    const memory = new ReadSwitchMemory();
    let answer = (_: unknown) => {};
    const slow = kvWith(() => new Promise((resolve) => (answer = resolve)));
    const work: Promise<unknown>[] = [];
    memory.percent(slow.bindings, 0, (promise) => work.push(promise));
    memory.set({ realtime_percent: 100, reason: "now", set_at: null }, 1);
    answer(null);
    await Promise.all(work);
    expect(memory.percent(slow.bindings, 2, (promise) => work.push(promise))).toBe(100);
  });
});
