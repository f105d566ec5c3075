import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { createApi } from "../../../src/api.ts";
import { COUNTED } from "../../../src/platform/metrics/catalog.ts";
import { Meter } from "../../../src/platform/metrics/meter.ts";
import { MAX_SERIES, type MetricsShard } from "../../../src/platform/metrics/shard.ts";
import { METRICS_SHARDS, metricsShardStub } from "../../../src/platform/metrics/stubs.ts";
import { deliver, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { ladder } from "../../support/worker/learners.ts";
import { growth, type Scraped, scraped, scrapeText } from "../../support/worker/metrics.ts";

/** What some work added to the numbers that are counted. */
async function grown(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scraped();
  await work();
  return growth(before, await scraped());
}

/** The pushes that arrive in the place of the shards; `fails` decides of each whether it is refused. */
function shardsOf(fails: (push: number) => boolean | "after" = () => false) {
  let pushes = 0;
  const namespace = new Proxy(env.METRICS, {
    get(target, property) {
      if (property !== "get") return Reflect.get(target, property).bind(target);
      return (id: DurableObjectId) => {
        // SAFETY: the binding holds this very class.
        const stub = target.get(id) as DurableObjectStub<MetricsShard>;
        return {
          add: async (push: Parameters<MetricsShard["add"]>[0]) => {
            pushes += 1;
            const fate = fails(pushes);
            if (fate === true) throw new Error("the shard cannot be reached");
            const answer = await stub.add(push);
            if (fate === "after") throw new Error("the answer was lost");
            return answer;
          },
        };
      };
    },
  });
  return { bindings: { ...env, METRICS: namespace }, pushes: () => pushes };
}

/** A count of one counter in all shards. */
async function total(sample: string): Promise<number> {
  return (await scraped()).get(sample) ?? 0;
}

describe("metrics count", () => {
  it("[I10] reads by the source of their answer, stale ones, and nothing twice", async () => {
    const slug = freshSlug("hits");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const token = await tokenOf("ada");
    const chapters = `/courses/${slug}/chapters/`;
    const read = (path: string) => call("GET", path, { token });
    await read(chapters);
    const warm = await grown(async () => {
      await read(chapters);
      await read(`/courses/${slug}/problems/`);
      await read(`/problems/${slug}.p1`);
    });
    expect(warm['chapter_unlock_snapshot_hits_total{source="snapshot"}']).toBe(1);
    expect(warm['problem_unlock_snapshot_hits_total{source="snapshot"}']).toBe(2);
    await call("POST", `/enrollments/${slug}:ada/stale`, { token: await tokenOf("root", "admin"), body: {} });
    const stale = await grown(() => read(`/courses/${slug}/problems/`));
    expect(stale).toMatchObject({
      'problem_unlock_snapshot_hits_total{source="recomputed"}': 1,
      'problem_unlock_stale_snapshots_total{found_by="read"}': 1,
    });
    await project(slug, "ada");
    const { namespace } = brokenObjects();
    const fallback = await grown(() => callWith({ ENROLLMENTS: namespace }, "GET", chapters, { token }));
    expect(fallback['chapter_unlock_snapshot_hits_total{source="realtime"}']).toBe(1);
    expect(fallback['http_requests_total{method="GET",route="/api/v1/courses/:course/chapters",status="200"}']).toBe(1);
    expect(fallback['http_request_duration_seconds_count{route="/api/v1/courses/:course/chapters"}']).toBe(1);
  });

  it("[I5] completions and unlocks once, however often they are sent", async () => {
    const slug = freshSlug("reach");
    await publish(ladder(slug));
    const begun = await grown(async () => {
      await enroll(slug, "ada");
      await enroll(slug, "ada");
    });
    expect(begun.enrollments_started_total).toBe(1);
    const token = await tokenOf("ada");
    const done = await grown(async () => {
      for (let time = 0; time < 3; time += 1) {
        const headers = time < 2 ? { "idempotency-key": "once" } : {};
        await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, { token, headers });
      }
    });
    expect(done).toMatchObject({ 'items_completed_total{kind="chapter"}': 1, items_unlocked_total: 1 });
    expect(done['items_completed_total{kind="problem"}']).toBeUndefined();
  });

  it("refreshes with their duration by scope, and how far D1 is behind", async () => {
    const slug = freshSlug("times");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const refresh = { type: "refresh", enrollment_id: `${slug}:ada`, stale_mark: null };
    const work = await grown(async () => {
      await deliver("latchkey-refresh", [{ ...refresh, force: true, scope: "problems" }, refresh]);
      await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, { token: await tokenOf("ada") });
      await project(slug, "ada");
    });
    expect(work['problem_unlock_refresh_duration_seconds_count{outcome="recomputed"}']).toBe(1);
    expect(work['chapter_unlock_refresh_duration_seconds_count{outcome="fresh"}']).toBe(1);
    expect(work.unlock_projection_lag_seconds_count).toBeGreaterThanOrEqual(1);
  });

  it("different learners, each once", async () => {
    const before = await total('active_learners{window="24h"}');
    for (let at = 0; at < 40; at += 1) {
      await call("GET", "/courses", { token: await tokenOf(`visitor-${at % 20}`) });
    }
    await call("GET", "/courses", { token: await tokenOf("visiting-author", "author") });
    expect(await total('active_learners{window="24h"}')).toBe(before + 20);
  });

  it("requests as points of Analytics Engine, without anybody's id", async () => {
    const points: AnalyticsEngineDataPoint[] = [];
    const ANALYTICS: AnalyticsEngineDataset = { writeDataPoint: (point) => void (point && points.push(point)) };
    await callWith({ ANALYTICS }, "GET", "/users/somebody", { token: await tokenOf("ada") });
    expect(points).toHaveLength(1);
    expect(points[0]).toMatchObject({
      indexes: ["/api/v1/users/:id"],
      blobs: ["GET", "/api/v1/users/:id", "403", "", "learner"],
    });
    expect(JSON.stringify(points)).not.toMatch(/ada|somebody/);
    // An installation without the dataset answers anyway.
    const without: object = { ANALYTICS: undefined };
    expect((await callWith(without, "GET", "/users/somebody", { token: await tokenOf("ada") })).status).toBe(403);
  });
});

describe("the number of metric series", () => {
  it("[I10] does not grow with users, courses, addresses or methods, and no label names one of them", async () => {
    const slug = freshSlug("tenant");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    const token = await tokenOf("ada");
    const storm = async (at: number) => {
      await call("GET", `/courses/${slug}-${at}/chapters/`, { token });
      await call("GET", `/nowhere/${at}/${slug}`, { token });
      await callWith({}, ["PROPFIND", "LOCK", "COPY"][at % 3] ?? "", `/courses/${slug}`, { token });
      await callWith({}, "GET", `/../../robots-${at}.txt`, { token });
    };
    await storm(0);
    const before = (await scraped()).size;
    for (let at = 1; at <= 30; at += 1) await storm(at);
    const text = await scrapeText();
    expect((await scraped()).size).toBe(before);
    // As words of their own: the random id of the build may hold the same letters ("9ada").
    const words = new Set(text.split(/[^A-Za-z0-9]+/));
    for (const secret of ["ada", "robots", "PROPFIND", "nowhere"]) expect(words).not.toContain(secret);
    expect(text).not.toContain(slug);
    const routes = new Set((await createApi().whole()).routes.map(({ path }) => path));
    for (const [, route] of text.matchAll(/route="([^"]*)"/g)) expect(routes).toContain(route);
    const names = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, name]) => name));
    const allowed =
      "dependency environment found_by kind le method outcome queue route section shard source status tag";
    expect([...names].sort().filter((name) => !allowed.split(" ").includes(name ?? ""))).toEqual([
      "version",
      "what",
      "why",
      "window",
    ]);
  });

  it("is limited in an isolate and in a shard, and dropped series are counted", async () => {
    const shard = metricsShardStub(env, METRICS_SHARDS); // one that is never summed
    const name = (at: number): [string, number] => [`http_requests_total\tGET\t/r${at}\t200`, 1];
    for (let push = 0; push < 6; push += 1) {
      const series = Array.from({ length: 1_000 }, (_, at) => name(push * 1_000 + at));
      await shard.add({ isolate: "flood", seq: push + 1, series, learners: null });
    }
    const totals = await shard.totals();
    if (!totals.ok) throw new Error("no totals");
    const sums = new Map(totals.value.series.map(({ key, tally }) => [key, tally]));
    expect(sums.size).toBe(MAX_SERIES + 1);
    expect(sums.get("metrics_dropped_total")).toBe(1_000);
    const { bindings } = shardsOf();
    const meter = new Meter();
    const before = await total("metrics_dropped_total");
    for (let at = 0; at < 2_500; at += 1) meter.count("dependency_checks_total", [`d${at % 3}`, `o${at}`]);
    // Only the counter of drops is of interest here, so nothing else may reach the shards that are summed.
    vi.spyOn(console, "error").mockImplementation(() => {});
    await meter.push({ ...bindings, METRICS: dropOnly() }, Date.now());
    vi.restoreAllMocks();
    expect(await total("metrics_dropped_total")).toBe(before + 500);
  });
});

/** The shards, which receive dropped counts alone. */
function dropOnly(): typeof env.METRICS {
  return new Proxy(env.METRICS, {
    get(target, property) {
      if (property !== "get") return Reflect.get(target, property).bind(target);
      return (id: DurableObjectId) => ({
        add: (push: Parameters<MetricsShard["add"]>[0]) =>
          (target.get(id) as DurableObjectStub<MetricsShard>).add({
            ...push,
            series: push.series.filter(([key]) => key === "metrics_dropped_total"),
          }),
      });
    },
  });
}

describe("a push of metrics", () => {
  const SAMPLE = "events_delivered_total";

  it("[I5] that fails, or whose answer is lost, is counted once", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const before = await total(SAMPLE);
    const meter = new Meter();
    const { bindings, pushes } = shardsOf((push) => (push === 1 ? true : push === 2 ? "after" : false));
    let now = Date.now();
    meter.count("events_delivered_total", [], 5);
    for (const more of [1, 10, 100]) {
      await meter.push(bindings, now);
      meter.count("events_delivered_total", [], more);
      now += 1_000;
    }
    await meter.push(bindings, now);
    vi.restoreAllMocks();
    expect(pushes()).toBeGreaterThanOrEqual(4);
    expect(await total(SAMPLE)).toBe(before + 116);
  });

  it("[I5] that is sent twice counts once, and the counts survive the shard", async () => {
    const shard = metricsShardStub(env, 0);
    const before = await total(SAMPLE);
    const push = { isolate: crypto.randomUUID(), seq: 1, series: [[SAMPLE, 7] as [string, number]], learners: null };
    expect(await shard.add(push)).toMatchObject({ value: { counted: true } });
    await evictDurableObject(shard);
    expect(await shard.add(push)).toMatchObject({ value: { counted: false } });
    expect(await total(SAMPLE)).toBe(before + 7);
  });

  it("happens once for many requests, and no request waits for it, even if it never ends", async () => {
    let pushes = 0;
    const METRICS = new Proxy(env.METRICS, {
      get: (target, property) =>
        property === "get"
          ? () => ({
              add: () => {
                pushes += 1;
                return new Promise<never>(() => {});
              },
            })
          : Reflect.get(target, property).bind(target),
    });
    const bindings: object = { METRICS, METRICS_PUSH_SECONDS: "0.05" };
    const token = await tokenOf("ada");
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => callWith(bindings, "GET", "/courses", { token })),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await vi.waitFor(() => expect(pushes).toBe(1), 10_000);
    await callWith(bindings, "GET", "/courses", { token });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(pushes).toBe(1); // the first is still under way: the next waits until it is taken for lost
  });

  it("puts durations into buckets whose upper bounds are included", async () => {
    const meter = new Meter();
    const [first = 0, second = 0] = COUNTED.unlock_projection_lag_seconds.buckets;
    const before = await scraped();
    for (const seconds of [first, first + 0.001, second, 1e9])
      meter.observe("unlock_projection_lag_seconds", [], seconds);
    await meter.push(env, Date.now());
    const bucket = (samples: Scraped, le: string) =>
      samples.get(`unlock_projection_lag_seconds_bucket{le="${le}"}`) ?? 0;
    const after = await scraped();
    const by = (le: string) => bucket(after, le) - bucket(before, le);
    expect([by(String(first)), by(String(second)), by("3600"), by("+Inf")]).toEqual([1, 3, 3, 4]);
  });

  it("in the format of another release does no harm", async () => {
    const shard = metricsShardStub(env, 1);
    await runInDurableObject(shard, (instance: MetricsShard) =>
      instance.add({
        isolate: crypto.randomUUID(),
        seq: 1,
        series: [
          ["gone_total", 1],
          ["events_delivered_total\textra", 1],
          ["event_delivery_lag_seconds", [1, 2]],
        ],
        learners: { hour: 1, sketch: new Uint8Array(4) },
      }),
    );
    const text = await scrapeText();
    expect(text).not.toContain("gone_total");
    expect(text).not.toContain("extra");
  });
});
