import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ImportRun } from "../../bench/replay/import-run.ts";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import { runEventSchema } from "../support/insight/open-lineage.ts";
import { enrollmentRows } from "../support/node/answers.ts";
import { type ApiClient, clientOf } from "../support/node/api.ts";
import { until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

/** Not part of the product; see its README. */
const DATA = fromRoot("../shared/data/oulad");
/** LATCHKEY_LONG=1 takes all 21,333 enrollments and kills the runtime in the midst of the run: eighteen minutes. */
const IS_LONG = process.env.LATCHKEY_LONG === "1";
/** Two small presentations of two terms: what makes a training and a test period. */
const PRESENTATIONS = IS_LONG ? presentationsOf(DATA) : ["EEE-2013J", "EEE-2014B"];
const ONLY = ["--only", PRESENTATIONS.join(",")];
/** Of 2014B three quarters have passed on this day. */
const THREE_QUARTERS = "2014-07-31T23:59:59Z";
/** A run takes a minute with everything; one that was killed is taken up again after five. */
const PATIENCE_MS = 15 * 60_000;
const POLL_MS = 500;

/** Engines differ in the last bit of exp. */
const figure = z.number().transform((value) => Math.round(value * 1e9) / 1e9);
const estimate = z.object({ value: figure, low: figure, high: figure });
const judged = z.object({ count: z.int(), majority: figure, accuracy: estimate, auc: estimate, brier: figure });
const cutOff = z.object({ share: z.number(), model: judged, plain: judged });
const reportSchema = z.looseObject({ model_hash: z.string(), cut_offs: z.array(cutOff) });
const modelsSchema = z.object({
  results: z.array(
    z.looseObject({
      hash: z.string(),
      alias: z.string().nullable(),
      metrics: z.looseObject({ cut_offs: z.array(cutOff) }),
    }),
  ),
});
const statusSchema = z.looseObject({
  runs: z.array(
    z.looseObject({
      id: z.string(),
      state: z.string(),
      step: z.string(),
      error: z.string().nullable(),
      predicted: z.int(),
    }),
  ),
  weeks: z.array(z.object({ kind: z.string(), week_start: z.string(), total: z.int(), correct: z.int() })),
  ml_eval_total: z.int(),
});
const atRiskSchema = z.object({
  results: z
    .array(z.looseObject({ enrollment_id: z.string(), kind: z.string(), day: z.int(), summary: z.string().min(1) }))
    .min(1),
});
const lineageSchema = z.object({
  events: z.array(runEventSchema),
  snapshot: z.looseObject({ parts: z.int() }),
  verified: z.record(z.string(), z.boolean()),
});

/** Names like AAA-2013J, of the dataset's courses. */
function presentationsOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const [, ...lines] = readFileSync(join(folder, "courses.csv"), "utf8").trim().split(/\r?\n/);
  return lines.map((line) => line.split(",").slice(0, 2).join("-"));
}

describe.skipIf(!existsSync(DATA))("early warning on real data, through the real system", () => {
  let stateDir: string;
  let runtime: Runtime;
  let client: ApiClient;

  beforeAll(async () => {
    stateDir = await freshState();
    await start();
  });
  afterAll(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  async function start(): Promise<void> {
    runtime = await startRuntime({ stateDir, logFile: join(stateDir, "runtime.log") });
    client = await clientOf(runtime.url, "operator", "admin");
  }

  async function completedInD1(): Promise<number> {
    let sum = 0;
    for (const presentation of PRESENTATIONS) {
      const rows = await enrollmentRows(client, presentation.toLowerCase());
      sum += rows.reduce((own, { completed_count }) => own + completed_count, 0);
    }
    return sum;
  }

  const status = async () => statusSchema.parse((await client.get("/api/v1/insight/status")).body);

  /** Starts a run and follows it to its end; the minute's cron comes as it does in production. */
  async function run(asOf?: string, killAt?: string) {
    const { body } = await client.post("/api/v1/insight/runs", asOf === undefined ? {} : { as_of: asOf });
    const { run_id } = z.object({ run_id: z.string() }).parse(body);
    let killed = false;
    let lastCron = Date.now();
    await until(`the end of run ${run_id}`, PATIENCE_MS, async () => {
      await sleep(POLL_MS);
      const found = (await status()).runs.find(({ id }) => id === run_id);
      if (found?.error != null) throw new Error(found.error);
      if (!killed && found?.step === killAt && killAt !== undefined) {
        killed = true;
        await runtime.kill();
        await start();
      }
      if (Date.now() - lastCron > 60_000) {
        lastCron = Date.now();
        await runCron(runtime.url, "* * * * *");
      }
      return found?.state === "done";
    });
    expect(killed).toBe(killAt !== undefined);
    return (await status()).runs.find(({ id }) => id === run_id);
  }

  it(
    "[I5] makes the same model and the same figures from imported facts as the command makes from the files",
    async () => {
      const imported = await new ImportRun(["oulad", DATA, "--url", runtime.url, ...ONLY], (line) => console.info(line))
        .ended;
      const options = ["--data", DATA, "--json", "--as-stored", ...ONLY];
      const { stdout } = await promisify(execFile)(process.execPath, [fromRoot("scripts/insight.ts"), ...options], {
        maxBuffer: 16_000_000,
      });
      const report = reportSchema.parse(JSON.parse(stdout));
      // Facts reach D1 shortly after they were acknowledged.
      await until("every fact in D1", PATIENCE_MS, async () => (await completedInD1()) >= imported.facts.sent);
      await run(undefined, IS_LONG ? "train:1" : undefined);
      const { results } = modelsSchema.parse((await client.get("/api/v1/insight/models")).body);
      const champion = results.find(({ hash }) => hash === report.model_hash);
      console.info(`imported ${JSON.stringify(imported)}; model ${report.model_hash}`);
      expect(results.map(({ hash }) => hash)).toEqual([report.model_hash]);
      expect(champion?.alias).toBe("champion");
      expect(champion?.metrics.cut_offs).toEqual(report.cut_offs);
    },
    4 * PATIENCE_MS,
  );

  it(
    "warns about learners in the middle of a real course, can be traced, and is compared with the outcomes after the course",
    async () => {
      const during = await run(THREE_QUARTERS);
      expect(during?.predicted).toBeGreaterThan(500);
      const { results } = atRiskSchema.parse((await client.get("/api/v1/courses/eee-2014b/insight/at-risk")).body);
      for (const { kind, day } of results) expect({ kind, day }).toEqual({ kind: "live", day: 180 });
      const path = `/api/v1/enrollments/${results[0]?.enrollment_id}/insight/lineage`;
      const lineage = lineageSchema.parse((await client.get(path)).body);
      expect(Object.values(lineage.verified)).toEqual([true, true, true, true]);
      expect(lineage.events.length).toBe(6);
      expect((await status()).ml_eval_total).toBe(0);
      await run();
      const judged = await status();
      const live = judged.weeks.filter(({ kind }) => kind === "live");
      console.info(JSON.stringify(live));
      expect(judged.ml_eval_total).toBe(during?.predicted);
      expect(live.reduce((sum, { correct }) => sum + correct, 0) / judged.ml_eval_total).toBeGreaterThan(0.7);
    },
    4 * PATIENCE_MS,
  );
});
