import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { COUNTED } from "../../../src/platform/metrics/catalog.ts";
import { deliver, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { ladder } from "../../support/worker/learners.ts";
import { fetchBare, growth, scraped, scrapeText } from "../../support/worker/metrics.ts";
import { everywhere, spread } from "../../support/worker/shards.ts";
import { flush, ownerWithSession, put, taskOf } from "../records/support.ts";

/** Runs with the log of expected faults kept quiet. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  try {
    return await work();
  } finally {
    log.mockRestore();
  }
}

describe("/metrics", () => {
  it("[I8] is shown to nobody without its own token", async () => {
    const wrong = `${env.METRICS_TOKEN.slice(0, -1)}${env.METRICS_TOKEN.endsWith("A") ? "B" : "A"}`;
    const admin = await tokenOf("root", "admin");
    for (const authorization of [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      `Bearer ${wrong}`,
      `Basic ${env.METRICS_TOKEN}`,
      `Bearer ${admin}`,
      `Bearer ${env.AUTH_SECRET}`,
      env.METRICS_TOKEN,
    ]) {
      const answer = await fetchBare("/metrics", {}, authorization === undefined ? {} : { authorization });
      expect(await problem(answer, 401), String(authorization)).toMatchObject({ code: "unauthenticated" });
    }
    const right = await fetchBare("/metrics", {}, { authorization: `bearer ${env.METRICS_TOKEN}` });
    expect(right.status).toBe(200);
    expect(right.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(right.headers.get("cache-control")).toBe("no-store");
    // Its token opens nothing else.
    const elsewhere = await call("GET", "/system/metrics", { token: env.METRICS_TOKEN });
    await problem(elsewhere, 401);
  });

  it("refuses everybody while its token is missing, short or well known", async () => {
    for (const METRICS_TOKEN of ["", "short", "a".repeat(40), "change-me-0123456789-0123456789-0123456789"]) {
      const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
      const answer = await quietly(() => fetchBare("/metrics", { METRICS_TOKEN }, headers));
      expect(await problem(answer, 503)).toMatchObject({ code: "unavailable" });
    }
  });

  it("names every metric with its help and type, each once, and repeats no sample", async () => {
    const lines = (await scrapeText()).trimEnd().split("\n");
    const heads = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2] ?? "");
    expect(new Set(heads).size).toBe(heads.length);
    for (const name of Object.keys(COUNTED)) expect(heads).toContain(name);
    const samples = lines.filter((line) => !line.startsWith("#")).map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(samples).size).toBe(samples.length);
    for (const sample of samples) expect(sample).toMatch(/^[a-z_0-9]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})?$/);
  });

  it("[I1] [I10] has the numbers of the journals of records: acknowledged, waiting, stored", async () => {
    const owner = await ownerWithSession("metrics");
    await flush(owner);
    const before = await scraped();
    await put(owner, "tasks", [taskOf(owner, 1), taskOf(owner, 2), taskOf(owner, 3)]);
    await put(owner, "tasks", [taskOf(owner, 1)]);
    const waiting = await scraped();
    expect(growth(before, waiting)).toMatchObject({
      items_acked_total: 3,
      items_duplicate_total: 1,
      buffer_pending_items: 3,
    });
    expect(waiting.get("items_persisted_total")).toBe(before.get("items_persisted_total"));
    await flush(owner);
    const stored = await scraped();
    expect(growth(waiting, stored)).toMatchObject({ items_persisted_total: 3, buffer_pending_items: -3 });
    expect(stored.get("buffer_last_flush_timestamp_seconds")).toBeGreaterThan(Date.now() / 1_000 - 60);
  });

  it("[I10] shows stale snapshots with their age, marks, and dead letters", async () => {
    const slug = freshSlug("late");
    await publish(ladder(slug));
    await enroll(slug, "ada");
    await project(slug, "ada");
    const before = await scraped();
    await spread
      .prepare(
        "UPDATE freshness SET is_stale = 1, stale_scope = 'course', stale_since = ?, stale_mark = 1 WHERE course_slug = ?",
      )
      .bind(Date.now() - 500_000, slug)
      .run();
    await deliver("latchkey-refresh-dead", [{ type: "warm" }]);
    const after = await scraped();
    expect(growth(before, after)).toMatchObject({ unlock_stale_snapshots: 1, dlq_items: 1 });
    expect(after.get("unlock_refresh_lag_seconds")).toBeGreaterThanOrEqual(500);
  });

  it("[I10] shows erasures and uploads that have not ended, and leaves out unknown values", async () => {
    const before = await scraped();
    await spread.batch([
      spread
        .prepare(
          "INSERT INTO erasures (subject, user_id, requested_at, state, step, due_at) VALUES ('s', 'u', ?1, 'running', '', ?1)",
        )
        .bind(Date.now() - 100_000),
      spread.prepare(
        "INSERT INTO files (id, owner, key, name, type, size, state, created_at) VALUES ('f', 'o', 'k', 'n', 't', 1, 'pending', 1)",
      ),
    ]);
    const text = await scrapeText();
    const after = await scraped();
    expect(growth(before, after)).toMatchObject({ erasures_pending: 1, files_pending: 1 });
    expect(after.get("erasures_oldest_age_seconds")).toBeGreaterThanOrEqual(100);
    // No backup and no prediction is not the same as one at the beginning of time.
    for (const name of [
      "backup_last_success_timestamp_seconds",
      "backup_last_verified_timestamp_seconds",
      "ml_eval_total",
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
      expect(after.has(name)).toBe(false);
    }
  });

  it("[I10] has what can be read while a section does not answer, and says that the section is missing", async () => {
    const down = await quietly(() => scraped({ ...everywhere(brokenDatabase) }));
    expect(down.get('metrics_section_up{section="unlock"}')).toBe(0);
    expect(down.has("dlq_items")).toBe(false);
    expect(down.get('metrics_section_up{section="queues"}')).toBe(1);
    expect(down.get('metrics_section_up{section="counted"}')).toBe(1);
    // Sums without a journal would look as if records had been lost.
    const { namespace } = brokenObjects();
    const JOURNALS = namespace as unknown as typeof env.JOURNALS;
    const unread = await quietly(() => scraped({ JOURNALS }));
    expect(unread.has("items_acked_total")).toBe(false);
    expect(unread.get("buffer_failing_journals")).toBe(16);
    const METRICS = namespace as unknown as typeof env.METRICS;
    const uncounted = await quietly(() => scraped({ METRICS }));
    expect(uncounted.get('metrics_section_up{section="counted"}')).toBe(0);
    expect(uncounted.get('metrics_section_up{section="records"}')).toBe(1);
  });

  it("reads stored data at most every five seconds", async () => {
    await scraped();
    let statements = 0;
    const DB = new Proxy(env.DB, {
      get(target, property) {
        if (property === "prepare") statements += 1;
        const value: unknown = Reflect.get(target, property);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const headers = { authorization: `Bearer ${env.METRICS_TOKEN}` };
    for (let time = 0; time < 5; time += 1) await (await fetchBare("/metrics", { DB }, headers)).text();
    expect(statements).toBe(0);
    await scraped({ DB });
    expect(statements).toBeGreaterThan(0);
  });
});

describe("GET /system/metrics", () => {
  const view = z.object({
    read_at: z.iso.datetime(),
    metrics: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        samples: z.array(
          z.object({
            labels: z.record(z.string(), z.string()),
            value: z.number().optional(),
            count: z.number().optional(),
          }),
        ),
      }),
    ),
  });

  it("is the same in JSON, for administrators only", async () => {
    const text = await scraped();
    const json = await read(await call("GET", "/system/metrics", { token: await tokenOf("root", "admin") }), 200, view);
    expect(json.metrics.find(({ name }) => name === "build_info")?.samples[0]?.labels.environment).toBe("local");
    for (const { name, type, samples } of json.metrics) {
      for (const { labels, value, count } of samples) {
        const pairs = Object.entries(labels).map(([label, of]) => `${label}="${of}"`);
        const sample = `${name}${type === "histogram" ? "_count" : ""}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`}`;
        expect(text.get(sample), sample).toBe(type === "histogram" ? count : value);
      }
    }
    for (const role of ["learner", "author", "service"] as const) {
      await problem(await call("GET", "/system/metrics", { token: await tokenOf("eve", role) }), 403);
    }
    await problem(await callWith({}, "GET", "/system/metrics"), 401);
  });
});
