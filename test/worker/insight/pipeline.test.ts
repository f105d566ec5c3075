import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { OPTIONS } from "../../../src/insight/model.ts";
import { readPosition, STALLED_MS, startNightlyRun, watchRuns } from "../../../src/insight/runs.ts";
import { snapshotKey } from "../../../src/insight/snapshot.ts";
import { study } from "../../../src/insight/study.ts";
import type { RunRow } from "../../../src/insight/tables.ts";
import { insightMetrics, judgeStep } from "../../../src/insight/watch.ts";
import { runEventSchema } from "../../support/insight/open-lineage.ts";
import { madeUpSchool } from "../../support/insight/school.ts";
import { call, read } from "../../support/worker/http.ts";
import { spread } from "../../support/worker/shards.ts";
import { listen, writtenFor } from "../../support/worker/webhooks.ts";
import {
  admin,
  atRiskSchema,
  author,
  bindings,
  bringSchool,
  DAY_MS,
  deliver,
  models,
  START,
  startRun,
  status,
  statusSchema,
  waiting,
  workOff,
} from "./support.ts";

// Three terms are over at AS_OF, the fourth is half through.
const school = madeUpSchool({ terms: 4, modules: 2, learners: 130, seed: 11, start: START }).sort((a, b) =>
  a.course < b.course ? -1 : 1,
);
const AS_OF = START + (3 * 200 + 50) * DAY_MS;
const running = school.filter(({ period }) => period === "t3");

const row = <T>(sql: string, ...values: unknown[]) =>
  spread
    .prepare(sql)
    .bind(...values)
    .first<T>();

describe("the first data of a deployment", () => {
  it("start one run by themselves, after they did not change for a while", async () => {
    await bringSchool(school.filter(({ period }) => period === "t0"));
    await watchRuns(bindings, Date.now());
    expect(waiting).toHaveLength(0);
    await watchRuns(bindings, Date.now() + 3 * 60_000);
    expect(waiting).toHaveLength(1);
    await watchRuns(bindings, Date.now() + 3 * 60_000);
    expect(waiting).toHaveLength(1);
    await workOff();
    const { runs } = await status();
    expect(runs).toMatchObject([
      { cause: "first data", state: "done", predicted: 0, note: expect.stringMatching(/Two periods/) },
    ]);
    expect(await models()).toEqual([]);
  });
});

describe("a run", () => {
  let listener = "";
  beforeAll(async () => {
    listener = await listen(null, ["learner.at_risk"]);
    await bringSchool(school.filter(({ period }) => period !== "t0"));
    await startRun(AS_OF);
    await workOff();
  }, 60_000);

  it("makes the same model from the database as the command makes from the facts", async () => {
    const { report } = await study(
      school.filter(({ period }) => period !== "t3"),
      { train: ["t0", "t1"], test: ["t2"] },
      OPTIONS,
    );
    const [model] = await models();
    expect(model).toMatchObject({
      hash: report.model_hash,
      alias: "champion",
      metrics: {
        train: ["t0", "t1"],
        test: ["t2"],
        cut_offs: report.cut_offs.map(({ share, model: judged }) => ({ share, model: judged })),
      },
    });
    const run = (await status()).runs.find(({ cause }) => cause.startsWith("asked"));
    expect(run?.cleaning?.score_missing).toBeGreaterThan(0);
    expect(run?.cleaning).toMatchObject({ item_unknown: 0, submission_duplicate: 0, learner_excluded: 0 });
  });

  it("predicts for learners in running courses, with reasons and advice in both languages", async () => {
    const course = running[0];
    if (course === undefined) throw new Error("no course");
    const path = `/courses/${course.course}/insight/at-risk?limit=5`;
    const page = await read(await call("GET", path, { token: await author() }), 200, atRiskSchema);
    expect(page.results).toHaveLength(5);
    const probabilities = page.results.map(({ probability_of_passing }) => probability_of_passing);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => a - b));
    for (const prediction of page.results) {
      expect(prediction).toMatchObject({ kind: "live", day: 50, is_at_risk: true, outcome: null });
      expect(prediction.reasons).toHaveLength(3);
      expect(prediction.advice).toMatch(/\.$/);
    }
    const next = await call("GET", `${path}&cursor=${page.next_cursor}`, { token: await author() });
    const second = await read(next, 200, atRiskSchema);
    expect(second.results[0]?.probability_of_passing).toBeGreaterThanOrEqual(probabilities[4] ?? 1);
    const seen = new Set([...page.results, ...second.results].map(({ enrollment_id }) => enrollment_id));
    expect(seen.size).toBe(5 + second.results.length);
    const chinese = await read(await call("GET", `${path}&lang=zh`, { token: await author() }), 200, atRiskSchema);
    expect(chinese.results[0]?.summary).toMatch(/风险/);
    const left = course.learners.filter(({ withdrawn }) => withdrawn !== null && withdrawn <= 50);
    expect(left.length).toBeGreaterThan(0);
    for (const { user } of left) {
      expect(
        await row("SELECT 1 FROM insight_predictions WHERE enrollment_id = ?", `${course.course}:${user}`),
      ).toBeNull();
    }
  });

  it("notifies other systems once of each learner at risk, and of nobody else", async () => {
    const risky = async () => {
      const sql =
        "SELECT enrollment_id FROM insight_predictions WHERE kind = 'live' AND latest = 1 AND probability < 0.5";
      const { results } = await spread.prepare(sql).all<{ enrollment_id: string }>();
      return results.map(({ enrollment_id }) => enrollment_id).sort();
    };
    const told = async () => (await writtenFor(listener)).map(({ about }) => about).sort();
    expect((await risky()).length).toBeGreaterThan(0);
    expect(await told()).toEqual(await risky());
    await startRun(AS_OF);
    await workOff();
    expect(await told()).toEqual(await risky());
  });

  it("says for each feature how much today's learners differ from those it learnt from", async () => {
    const drift = (await status()).runs.find(({ cause }) => cause.startsWith("asked"))?.drift ?? [];
    expect(drift.length).toBe(37);
    // The same kind of learners: no mean has moved by more than half a deviation.
    for (const { shift } of drift) expect(Math.abs(shift)).toBeLessThan(0.5);
  });

  it("shows for the tested period what it would have predicted, and how often that was right", async () => {
    const { weeks } = await status();
    const backtests = weeks.filter(({ kind }) => kind === "backtest");
    const total = backtests.reduce((sum, week) => sum + week.total, 0);
    const correct = backtests.reduce((sum, week) => sum + week.correct, 0);
    const [model] = await models();
    const cutOffs = z
      .array(z.object({ model: z.looseObject({ count: z.number(), accuracy: z.object({ value: z.number() }) }) }))
      .parse(model?.metrics.cut_offs);
    expect(total).toBe(cutOffs.reduce((sum, { model: { count } }) => sum + count, 0));
    expect(correct).toBe(
      Math.round(cutOffs.reduce((sum, { model: { count, accuracy } }) => sum + count * accuracy.value, 0)),
    );
  });

  it("can be traced from a prediction back to its snapshot, whose hashes are checked", async () => {
    const enrollment = await row<{ id: string }>(
      "SELECT enrollment_id AS id FROM insight_predictions WHERE kind = 'live' ORDER BY enrollment_id LIMIT 1",
    );
    const lineage = z.object({
      events: z.array(runEventSchema),
      snapshot: z.object({ sha256: z.string(), parts: z.number() }),
      verified: z.record(z.string(), z.boolean()),
    });
    const path = `/enrollments/${enrollment?.id}/insight/lineage`;
    const walked = await read(await call("GET", path, { token: await author() }), 200, lineage);
    expect(Object.values(walked.verified)).toEqual([true, true, true, true]);
    const jobs = ["insight.collect", "insight.train", "insight.predict"];
    expect(walked.events.map(({ job, eventType }) => `${job.name} ${eventType}`)).toEqual(
      jobs.flatMap((job) => [`${job} START`, `${job} COMPLETE`]),
    );
    // Of each run one event begins it and one ends it, as the specification demands; all belong to runs of the pipeline.
    expect(new Set(walked.events.map(({ run }) => run.runId)).size).toBe(jobs.length);
    for (const { run } of walked.events) expect(run.facets?.parent?.job.name).toBe("insight");
    // Each job takes what the one before has made; the last one makes the prediction.
    const of = (job: string) => walked.events.find((event) => event.job.name === job);
    expect(of("insight.train")?.inputs[0]?.name).toBe(of("insight.collect")?.outputs[0]?.name);
    expect(of("insight.predict")?.inputs[0]?.name).toBe(of("insight.train")?.outputs[0]?.name);
    expect(of("insight.predict")?.outputs[0]?.name).toContain(enrollment?.id);
    expect(of("insight.collect")?.outputs[0]?.name).toBe(snapshotKey(walked.snapshot.sha256));

    // Somebody changes one character of one part: the walk says so.
    const manifest = await env.DOCUMENTS.get(snapshotKey(walked.snapshot.sha256));
    const { courses } = z
      .object({ courses: z.array(z.object({ parts: z.array(z.object({ sha256: z.string() })) })) })
      .parse(await manifest?.json());
    const key = snapshotKey(courses[0]?.parts[0]?.sha256 ?? "");
    const text = (await (await env.DOCUMENTS.get(key))?.text()) ?? "";
    await env.DOCUMENTS.put(key, text.replace("0", "1"));
    const broken = await read(await call("GET", path, { token: await author() }), 200, lineage);
    expect(broken.verified).toMatchObject({ manifest: true, parts: false });
    await env.DOCUMENTS.put(key, text);
  });

  it("names nobody in its snapshot", async () => {
    const { objects } = await env.DOCUMENTS.list({ prefix: "insight/snapshots/" });
    expect(objects.length).toBeGreaterThan(4);
    for (const { key } of objects) expect(await (await env.DOCUMENTS.get(key))?.text()).not.toMatch(/u\d-\d{4}/);
  });

  it("[I5] repeated gives the same model and the same predictions; one that was killed continues with the same result", async () => {
    const before = await spread.prepare("SELECT enrollment_id, day, probability FROM insight_predictions").all();
    const [first] = await models();
    const id = await startRun(AS_OF);
    // Every step arrives twice, and after each third one the message that asks for the next is lost.
    for (let step = 1; waiting.length > 0; step += 1) {
      const body = waiting.shift();
      expect(await deliver(body)).toBe(true);
      expect(await deliver(body)).toBe(true);
      expect(waiting.length).toBeLessThanOrEqual(1);
      if (step % 3 !== 0 || waiting.length === 0) continue;
      waiting.length = 0;
      await watchRuns(bindings, Date.now() + STALLED_MS - 10_000);
      expect(waiting).toHaveLength(0);
      await watchRuns(bindings, Date.now() + STALLED_MS + 10_000);
      expect(waiting).toHaveLength(1);
    }
    expect(await row("SELECT state FROM insight_runs WHERE id = ?", id)).toEqual({ state: "done" });
    expect(await models()).toHaveLength(1);
    expect((await models())[0]).toMatchObject({ hash: first?.hash, alias: "champion" });
    const after = await spread.prepare("SELECT enrollment_id, day, probability FROM insight_predictions").all();
    expect(after.results).toEqual(before.results);
    expect((await env.DOCUMENTS.list({ prefix: `insight/runs/` })).objects).toEqual([]);
  });

  it("[I10] that fails repeatedly is given up, says why, and the next night begins a new one", async () => {
    await startNightlyRun(bindings, AS_OF);
    await startNightlyRun(bindings, AS_OF + 3_600_000);
    expect(waiting).toHaveLength(1);
    const body = waiting.shift();
    /** Whose calls all fail, but the probe: it takes writes, and yet this step cannot be done. */
    const bad = {
      ...bindings,
      DOCUMENTS: new Proxy(env.DOCUMENTS, {
        get: () => (key: unknown) =>
          String(key).endsWith("probe") ? Promise.resolve(null) : Promise.reject(new Error("a damaged table")),
      }),
    };
    const stateOf = (cause: string) => row("SELECT state, error FROM insight_runs WHERE cause = ?", cause);
    const night = (at: number) => `night ${new Date(at).toISOString().slice(0, 10)}`;
    for (const attempts of [1, 2, 3]) expect(await deliver(body, attempts, bad)).toBe(false);
    expect(await stateOf(night(AS_OF))).toEqual({ state: "running", error: null });
    await deliver(body, 4, bad);
    expect(await stateOf(night(AS_OF))).toEqual({ state: "failed", error: "Error: a damaged table" });
    await startNightlyRun(bindings, AS_OF + DAY_MS);
    await workOff();
    expect(await stateOf(night(AS_OF + DAY_MS))).toEqual({ state: "done", error: null });
  });

  it("[fault 16] [I10] is not given up because of an outage: it waits, and the minute cron continues it", async () => {
    const at = AS_OF + 2 * DAY_MS;
    await startNightlyRun(bindings, at);
    const body = waiting.shift();
    const down = {
      ...bindings,
      DOCUMENTS: new Proxy(env.DOCUMENTS, { get: () => () => Promise.reject(new Error("R2 does not answer")) }),
    };
    const state = () =>
      row("SELECT state, error FROM insight_runs WHERE cause = ?", `night ${new Date(at).toISOString().slice(0, 10)}`);
    for (let outage = 0; outage < 3; outage += 1) {
      for (const attempts of [1, 2, 3, 4]) await deliver(body, attempts, down);
    }
    expect(await state()).toEqual({ state: "running", error: null });
    expect(await deliver(body)).toBe(true);
    await workOff();
    expect(await state()).toEqual({ state: "done", error: null });
  });

  it("does not promote a model that is worse than the champion", async () => {
    // Training outcomes of one term are thrown together at random: what can be learnt from them is little.
    const [champion] = await models();
    await spread
      .prepare(
        "UPDATE insight_learners SET passed = length(enrollment_id || registered) % 2 = abs(registered) % 2 WHERE course_slug LIKE '%-t1'",
      )
      .run();
    await startRun(AS_OF);
    await workOff();
    const registered = await models();
    const challenger = registered.find(({ alias }) => alias === "challenger");
    expect(challenger?.decision).toMatch(/champion|plain/);
    expect(challenger?.hash).not.toBe(champion?.hash);
    expect(registered.find(({ alias }) => alias === "champion")?.hash).toBe(champion?.hash);
    // And the champion goes on predicting.
    expect(await row("SELECT count(DISTINCT model_hash) AS models FROM insight_predictions")).toEqual({ models: 1 });
  });

  it("about the past does not replace a champion that has learnt from the tested period", async () => {
    const champion = (await models()).find(({ alias }) => alias === "champion");
    await startRun(START + (2 * 200 + 50) * DAY_MS);
    await workOff();
    const registered = await models();
    expect(registered.find(({ alias }) => alias === "champion")?.hash).toBe(champion?.hash);
    expect(registered.find(({ alias }) => alias === "challenger")?.decision).toContain("was trained on t1 already");
  });

  it("compares outcomes with predictions when they arrive, counts them by week, and raises the alarm when most were wrong", async () => {
    const before = await status();
    expect(before.ml_eval_total).toBe(0);
    expect(before.alarm).toMatchObject({ code: "insight_labels_few", priority: "P2" });
    const end = START + (3 * 200 + 120) * DAY_MS;
    await startRun(end);
    await workOff();
    const joined = await status();
    const live = await row<{ n: number }>("SELECT count(*) AS n FROM insight_predictions WHERE kind = 'live'");
    expect(joined.ml_eval_total).toBe(live?.n);
    expect(joined.ml_correct_total / joined.ml_eval_total).toBeGreaterThan(0.7);
    // Were they all wrong, and there were more of them, administrators would be notified.
    await spread.prepare("UPDATE insight_accuracy SET total = 500, correct = 250 WHERE kind = 'live'").run();
    const run = await row<RunRow>("SELECT * FROM insight_runs ORDER BY started_at DESC LIMIT 1");
    if (run === null) throw new Error("no run");
    await judgeStep(bindings, { ...run, as_of: end }, { ...readPosition(run), courses: [] }, Date.now());
    expect((await insightMetrics(bindings, end)).alarm).toMatchObject({ code: "insight_accuracy_low", priority: "P1" });
    const history = await call("GET", "/events/history?limit=1000", { token: await admin() });
    expect(await history.text()).toContain("insight_accuracy_low");
  });
});

describe("the status of early warning", () => {
  it("is for admins", async () => {
    expect((await call("GET", "/insight/status", { token: await author() })).status).toBe(403);
    expect(statusSchema.safeParse(await status()).success).toBe(true);
  });
});
