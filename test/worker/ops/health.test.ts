import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { DependencyName } from "../../../src/ops/health/dependencies.ts";
import { ReadinessWatch } from "../../../src/ops/health/readiness.ts";
import { refusingBinding, silentBinding } from "../../support/worker/broken-bindings.ts";
import { enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import {
  brokenDatabase,
  brokenObjects,
  callWith,
  readOnlyDatabase,
  recordedDatabase,
  silentDatabase,
} from "../../support/worker/faults.ts";
import { read, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, ladder } from "../../support/worker/learners.ts";
import { fetchBare, scraped } from "../../support/worker/metrics.ts";
import { everywhere, shards } from "../../support/worker/shards.ts";

/** A namespace none of whose objects ever answers. */
function silentObjects(): typeof env.ENROLLMENTS {
  const stub = silentBinding<DurableObjectStub>();
  // SAFETY: the application only turns names into ids and ids into stubs.
  return { idFromName: (name: string) => name, get: () => stub } as unknown as typeof env.ENROLLMENTS;
}

/** Each dependency refusing, and not answering. */
const BROKEN: Record<DependencyName, { refusing: () => Partial<Env>; silent: () => Partial<Env> }> = {
  d1: { refusing: () => ({ DB: brokenDatabase() }), silent: () => ({ DB: silentDatabase() }) },
  d1_writes: {
    refusing: () => ({ DB: readOnlyDatabase().db }),
    silent: () => ({ DB: readOnlyDatabase(env.DB, undefined, () => new Promise<never>(() => {})).db }),
  },
  shards: {
    refusing: () => ({ ...everywhere(brokenDatabase), DB: env.DB }),
    silent: () => ({ ...everywhere(silentDatabase), DB: env.DB }),
  },
  objects: {
    refusing: () => ({ ENROLLMENTS: brokenObjects().namespace }),
    silent: () => ({ ENROLLMENTS: silentObjects() }),
  },
  queue: {
    refusing: () => ({ REFRESH_QUEUE: refusingBinding<Queue>() }),
    silent: () => ({ REFRESH_QUEUE: silentBinding<Queue>() }),
  },
  r2: {
    refusing: () => ({ DOCUMENTS: refusingBinding<R2Bucket>() }),
    silent: () => ({ DOCUMENTS: silentBinding<R2Bucket>() }),
  },
  kv: {
    refusing: () => ({ RECORD_CACHE: refusingBinding<KVNamespace>() }),
    silent: () => ({ RECORD_CACHE: silentBinding<KVNamespace>() }),
  },
};
const NAMES = Object.keys(BROKEN) as DependencyName[];
/** With one shard there is nothing beside the directory that could fail to answer. */
const BREAKABLE = NAMES.filter((name) => name !== "shards" || shards().length > 1);

const look = (watch: ReadinessWatch, bindings: Partial<Env> = {}) => watch.look({ ...env, ...bindings }, Date.now());

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("readiness", () => {
  it("is ok when everything answers", async () => {
    const found = await look(new ReadinessWatch());
    expect(found).toMatchObject({ status: "ok", reasons: [] });
    expect(Object.keys(found.dependencies).sort()).toEqual([...NAMES].sort());
    for (const finding of Object.values(found.dependencies))
      expect(finding).toMatchObject({ ok: true, breaker: "closed" });
  });

  it.each(BREAKABLE)(
    "is degraded, with the reason, while %s refuses or does not answer, and ok afterwards",
    async (name) => {
      for (const way of ["refusing", "silent"] as const) {
        const watch = new ReadinessWatch();
        const found = await look(watch, BROKEN[name][way]());
        expect(found.status, way).toBe("degraded");
        expect(found.reasons).toHaveLength(1);
        const why = way === "silent" ? "no answer within 1000 ms" : "it refused";
        // Of several databases, which ones.
        expect(found.reasons[0]).toMatch(
          new RegExp(`^${name}: ${name === "shards" ? "DB_SHARD_2[DB_SHARD, 0-9]* did not answer" : why}`),
        );
        // A database that answers nothing refuses writes, too.
        const failing = name === "d1" ? ["d1", "d1_writes"] : [name];
        for (const other of NAMES) expect(found.dependencies[other]?.ok, other).toBe(!failing.includes(other));
        // What a fault says of the inside is for the log alone.
        expect(JSON.stringify(found)).not.toMatch(/D1_ERROR|does not answer|cannot be reached/);
        advanceClock(6_000);
        expect(await look(watch)).toMatchObject({ status: "ok" });
      }
    },
  );

  it.each([
    [["d1", "queue", "r2", "kv"], "degraded"],
    [["objects", "queue", "r2", "kv"], "degraded"],
    [["d1", "objects"], "unavailable"],
    [["d1", "objects", "queue", "r2", "kv"], "unavailable"],
  ] as const)("while %j does not answer is %s", async (failing, status) => {
    const bindings = Object.assign({}, ...failing.map((name) => BROKEN[name].refusing()));
    const found = await look(new ReadinessWatch(), bindings);
    expect(found.status).toBe(status);
    expect(found.reasons).toHaveLength(failing.length);
  });

  it("[fault 16] is degraded while D1 answers reads and refuses writes, and does not depend on the objects", async () => {
    advanceClock(60_000);
    const degraded = await (await fetchBare("/ready", { ...everywhere((real) => readOnlyDatabase(real).db) })).json();
    expect(degraded).toMatchObject({
      status: "degraded",
      dependencies: { d1: { ok: true }, d1_writes: { ok: false } },
      reasons: [expect.stringMatching(/^d1_writes: it refused to answer; .*wait until D1 accepts writes again$/)],
    });
    const both = { ...everywhere((real) => readOnlyDatabase(real).db), ENROLLMENTS: brokenObjects().namespace };
    expect((await look(new ReadinessWatch(), both)).status).toBe("degraded");
    advanceClock(60_000);
    expect(
      (await scraped({ ...everywhere((real) => readOnlyDatabase(real).db) })).get(
        'dependency_up{dependency="d1_writes"}',
      ),
    ).toBe(0);
  });

  it("[fault 16] writes one row, at most every fifteen seconds, however often it is requested", async () => {
    const watch = new ReadinessWatch();
    const log: string[] = [];
    const bindings = { ...everywhere((real) => recordedDatabase(log, real)) };
    for (let second = 0; second < 60; second += 1) {
      await look(watch, bindings);
      advanceClock(1_000);
    }
    const writes = log.filter((sql) => sql.includes("write_probes")).length;
    expect(writes).toBeGreaterThanOrEqual(3);
    expect(writes).toBeLessThanOrEqual(4);
    const rows = await env.DB.prepare("SELECT count(*) AS n FROM write_probes").first("n");
    expect(rows).toBe(1);
  });

  it("is unavailable with a secret that is not safe", async () => {
    expect((await look(new ReadinessWatch(), { AUTH_SECRET: "short" })).status).toBe("unavailable");
  });

  it("asks its dependencies at most every five seconds", async () => {
    const watch = new ReadinessWatch();
    let asked = 0;
    const metrics = async () => {
      asked += 1;
      return env.REFRESH_QUEUE.metrics();
    };
    const bindings = { REFRESH_QUEUE: { ...refusingBinding<Queue>(), metrics } };
    for (let second = 0; second < 12; second += 1) {
      await look(watch, bindings);
      advanceClock(1_000);
    }
    expect(asked).toBe(3);
  });

  it("[I10] does not ask a dependency after three failures, tries once after ten seconds, and uses it again", async () => {
    const watch = new ReadinessWatch();
    let asked = 0;
    let isDown = true;
    const metrics = async () => {
      asked += 1;
      if (isDown) throw new Error("down");
      return env.REFRESH_QUEUE.metrics();
    };
    const bindings = { REFRESH_QUEUE: { ...refusingBinding<Queue>(), metrics } };
    const step = async (ms: number) => {
      advanceClock(ms);
      return (await look(watch, bindings)).dependencies.queue;
    };
    for (const breaker of ["closed", "closed", "open"]) expect(await step(5_001)).toMatchObject({ ok: false, breaker });
    expect(await step(5_001)).toMatchObject({
      ok: false,
      breaker: "open",
      detail: "it failed, and is not asked for some seconds",
    });
    expect(asked).toBe(3);
    expect(await step(5_001)).toMatchObject({ ok: false, breaker: "open" }); // tried, and failed
    expect(asked).toBe(4);
    isDown = false;
    expect(await step(5_001)).toMatchObject({ ok: false, breaker: "open" });
    expect(asked).toBe(4);
    expect(await step(5_001)).toMatchObject({ ok: true, breaker: "closed" });
    expect(asked).toBe(5);
  });

  it("does not wait for a check whose request has ended", async () => {
    const watch = new ReadinessWatch();
    const refusing = BROKEN.queue.refusing();
    for (let failure = 0; failure < 3; failure += 1) {
      await look(watch, refusing);
      advanceClock(5_001);
    }
    advanceClock(10_000);
    const lost = look(watch, BROKEN.queue.silent()); // takes a second to fail; meanwhile others ask
    const others = await look(watch);
    expect(others.dependencies.queue).toMatchObject({ ok: false, breaker: "half_open" });
    advanceClock(5_001);
    expect((await look(watch)).dependencies.queue).toMatchObject({ ok: true, breaker: "closed" });
    await lost;
  });
});

describe("/health and /ready", () => {
  const readySchema = z.object({
    status: z.string(),
    reasons: z.array(z.string()),
    dependencies: z.record(z.string(), z.looseObject({ ok: z.boolean(), breaker: z.string() })),
    checked_at: z.iso.datetime(),
  });

  it("are 200 while something can be served, and 503 with Retry-After if nothing can; /health asks no dependency", async () => {
    advanceClock(60_000);
    expect(await read(await fetchBare("/ready"), 200, readySchema)).toMatchObject({ status: "ok" });
    advanceClock(60_000);
    const down = { ...everywhere(brokenDatabase) };
    const degraded = await read(await fetchBare("/ready", down), 200, readySchema);
    expect(degraded).toMatchObject({ status: "degraded", dependencies: { d1: { ok: false } } });
    advanceClock(60_000);
    const nothing = { ...everywhere(brokenDatabase), ENROLLMENTS: brokenObjects().namespace };
    const answer = await fetchBare("/ready", nothing);
    expect(answer.headers.get("retry-after")).toBe("5");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await read(answer, 503, readySchema)).toMatchObject({ status: "unavailable" });
    expect(await (await fetchBare("/health", nothing)).json()).toEqual({ status: "ok" });
  });

  it("[I10] are in the metrics", async () => {
    advanceClock(120_000);
    const found = await scraped({ RECORD_CACHE: refusingBinding<KVNamespace>() });
    expect(found.get('dependency_up{dependency="kv"}')).toBe(0);
    expect(found.get('dependency_up{dependency="d1"}')).toBe(1);
    expect([found.get("service_ready"), found.get("service_degraded")]).toEqual([1, 1]);
  });
});

describe("[I7] [I10] under load, while a dependency does not answer", () => {
  const READERS = 30;
  const WRITERS = 10;

  /** Readers of one course at once, and writers of whom each completes a chapter; statuses by how many there were. */
  async function load(slug: string, bindings: Partial<Env>, completes: string) {
    const tally = (answers: readonly Response[]) => {
      const statuses = answers.map(({ status }) => status);
      return Object.fromEntries([...new Set(statuses)].map((one) => [one, statuses.filter((s) => s === one).length]));
    };
    const paths = [
      `/courses/${slug}/chapters/`,
      `/courses/${slug}/problems/`,
      `/courses/${slug}/items/${slug}.two/why`,
    ];
    const reads = Array.from({ length: READERS }, async (_, at) => {
      const token = await tokenOf(`away-${at % WRITERS}`);
      const answer = await callWith(bindings, "GET", paths[at % paths.length] ?? "", { token });
      const text = await answer.text();
      // Never more open than it is: the third chapter rests on the second, which nobody has completed.
      if (at % 3 === 0 && answer.status === 200) expect(text).toMatch(/"id":"[^"]+\.three"[^}]*"status":"locked"/);
      return answer;
    });
    const writes = Array.from({ length: WRITERS }, async (_, at) => {
      const token = await tokenOf(`away-${at}`);
      const path = `/courses/${slug}/chapters/${slug}.${completes}/mark_as_completed/`;
      const answer = await callWith(bindings, "POST", path, { token });
      if (answer.status === 503) expect(answer.headers.get("retry-after")).toBe("1");
      await answer.body?.cancel();
      return answer;
    });
    return { reads: tally(await Promise.all(reads)), writes: tally(await Promise.all(writes)) };
  }

  async function school(): Promise<string> {
    const slug = freshSlug("away");
    await publish(ladder(slug));
    for (let at = 0; at < WRITERS; at += 1) await enroll(slug, `away-${at}`);
    await project(slug, "away-0");
    return slug;
  }

  const fine = { reads: { 200: READERS }, writes: { 200: WRITERS } };

  it.each(["d1", "d1_writes", "queue", "r2", "kv"] as const)(
    "of %s, learners notice nothing, whether it refuses or does not answer",
    async (name) => {
      const slug = await school();
      await load(slug, {}, "one");
      for (const way of ["refusing", "silent"] as const) {
        expect(await load(slug, BROKEN[name][way](), "one"), way).toEqual(fine);
      }
      expect(await load(slug, {}, "one")).toEqual(fine);
    },
  );

  it("of the objects: reads are answered from D1, writes get 503, and both work again with the next request", async () => {
    const slug = await school();
    for (let at = 0; at < WRITERS; at += 1) await project(slug, `away-${at}`);
    const failing = await load(slug, BROKEN.objects.refusing(), "one");
    expect(failing).toEqual({ reads: { 200: READERS }, writes: { 503: WRITERS } });
    expect(await load(slug, {}, "one")).toEqual(fine);
  });

  it("of objects and D1: nothing is opened, and everybody gets 503", async () => {
    const slug = await school();
    const both = { ...BROKEN.objects.refusing(), ...everywhere(brokenDatabase) };
    expect(await load(slug, both, "one")).toEqual({ reads: { 503: READERS }, writes: { 503: WRITERS } });
    expect(await load(slug, {}, "one")).toEqual(fine);
  });
});
