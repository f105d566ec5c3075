import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { dashboards } from "../../scripts/lib/dashboards.ts";
import { LoadSimulator, readMetrics } from "../../scripts/lib/load-simulator.ts";
import { readLocalSecret } from "../../scripts/lib/local-secrets.ts";
import { type Monitoring, missingTools, startMonitoring } from "../../scripts/lib/monitoring.ts";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import { expressions, metricsIn, run } from "../support/node/monitoring.ts";
import { until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

const missing = missingTools();
if (missing !== null) console.warn(`The monitoring is not run; ${missing}.`);

const vectorSchema = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
});

/**
 * What no fresh installation can report: nothing was backed up, nothing predicted, no date has passed for problems
 * alone, no provider signs people in, no directory sends them.
 */
const NOT_YET = /^(backup_|ml_|problem_unlock_refresh_|identity_provider_failures$|directory_silent_days$)/;
/** Longer than Prometheus takes to know its target: until then nothing is up. */
const FOR_SECONDS = 12;
/** Alerts arrive within seconds; a busy machine gets ample time. */
const PATIENCE_MS = 60_000;

describe.skipIf(missing !== null)("Latchkey under the real Prometheus and Alertmanager", () => {
  let stateDir: string;
  let runtime: Runtime;
  let monitoring: Monitoring;
  let day: LoadSimulator;
  let token: string;
  let scraped: string;

  const start = (port?: number) =>
    startRuntime({ stateDir, vars: { METRICS_PUSH_SECONDS: "0.2" }, ...(port === undefined ? {} : { port }) });
  /** The value of an expression that has one; null while it has none. */
  const numberOf = async (query: string): Promise<number | null> => {
    const { result } = vectorSchema.parse(await monitoring.ask("/api/v1/query", { query }));
    return result[0] === undefined ? null : Number(result[0].value[1]);
  };
  const has = (receiver: string, alert: string, status = "firing") =>
    monitoring.received.find((one) => one.receiver === receiver && one.alert === alert && one.status === status);

  beforeAll(async () => {
    stateDir = await freshState();
    runtime = await start();
    const secret = readLocalSecret() ?? "";
    token = readLocalSecret(undefined, "METRICS_TOKEN") ?? "";
    monitoring = await startMonitoring({
      target: runtime.url,
      metricsToken: token,
      scrapeSeconds: 2,
      forSeconds: FOR_SECONDS,
    });
    day = new LoadSimulator(runtime.url, secret);
    await day.begin(4);
    for (let round = 0; round < 4; round += 1) await day.round();
    await day.invalidate();
    await day.flush();
    await runCron(runtime.url, "* * * * *");
    await until("projections and refreshes to be counted", PATIENCE_MS, async () => {
      await day.round();
      scraped = await readMetrics(runtime.url, token);
      return ["unlock_projection_lag_seconds_count", "chapter_unlock_refresh_duration_seconds_count"].every((name) =>
        scraped.includes(`\n${name}`),
      );
    });
    scraped = await readMetrics(runtime.url, token);
  });

  afterAll(async () => {
    day?.end();
    await monitoring?.stop();
    await runtime?.kill();
    removeState(stateDir);
  });

  it("reports in one scrape every metric that a dashboard or a rule names, in a form that promtool accepts", () => {
    expect(run("promtool", ["check", "metrics"], scraped)).toBe("");
    const samples = new Set([...scraped.matchAll(/^([a-z]\w*)[{ ]/gm)].map(([, name]) => name));
    const declared = new Set([...scraped.matchAll(/^# TYPE (\w+) /gm)].map(([, name = ""]) => name));
    const named = [...new Set(expressions().flatMap(metricsIn))];
    expect(named.length).toBeGreaterThan(30);
    const missing = named.filter((name) => !samples.has(name));
    for (const name of missing) {
      expect(name).toMatch(NOT_YET);
      expect(declared).toContain(name.replace(/_(bucket|sum|count)$/, ""));
    }
  });

  it("fills every panel of every dashboard, with known exceptions", async () => {
    const targets = dashboards().flatMap(({ title, panels }) =>
      panels.flatMap((panel) => panel.targets.map(({ expr }) => ({ expr, name: `${title}: ${panel.title}: ${expr}` }))),
    );
    expect(targets.length).toBeGreaterThan(30);
    let empty = ["nothing was asked yet"];
    // A rate needs two scrapes of its own series, and a series begins when it is first counted: each panel has its moment.
    const full = async () => {
      await day.round();
      const found: string[] = [];
      for (const { expr, name } of targets) {
        const { result } = vectorSchema.parse(await monitoring.ask("/api/v1/query", { query: expr }));
        if (result.length === 0 && !/backup_|ml_|problem_unlock_refresh_/.test(name)) found.push(name);
      }
      empty = found;
      return empty.length === 0;
    };
    // What is still empty in the end is named by the expectation, not by the wait.
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await full()) && Date.now() < deadline) await sleep(50);
    expect(empty).toEqual([]);
  });

  it("sends to the right receivers that it works, and that there was never a backup", async () => {
    await until("the heartbeat and the ticket", PATIENCE_MS, () =>
      Boolean(has("heartbeat", "Watchdog") && has("ticket", "BackupUnknown")),
    );
    expect(has("ticket", "BackupUnknown")?.annotations.runbook_url).toContain("/alerts/BackupUnknown.md");
    expect(has("pager", "BackupUnknown")).toBeUndefined();
    // A busy machine may be slow; nothing else is wrong.
    const others = monitoring.received.filter(
      ({ alert }) => !/^(Watchdog|BackupUnknown|ReadsSlow|MetricsMissing)$/.test(alert),
    );
    expect(
      others.map(({ receiver, alert, annotations }) => `${receiver} ${alert}: ${annotations.description}`),
    ).toEqual([]);
  });

  it("[I1] wakes somebody when it is killed, sends no alerts that only follow from this, says when it is back, and continues its counts", async () => {
    const total = 'sum(http_requests_total{route!="/metrics"})';
    await sleep(1_500); // the last counts are pushed
    const before = (await numberOf(total)) ?? 0;
    expect(before).toBeGreaterThan(20);
    const { port } = new URL(runtime.url);
    await runtime.kill();
    await until("the pager", PATIENCE_MS, () => has("pager", "ServiceDown") !== undefined);
    expect(has("pager", "ServiceDown")?.annotations).toMatchObject({
      summary: "Latchkey cannot be scraped",
      runbook_url: "https://latchkey.dev/docs/operate/alerts/ServiceDown.md",
    });
    // A P2 that follows is held back; a P1 that comes after it is not.
    await monitoring.raise([
      { labels: { alertname: "DeadLetters", severity: "P2" } },
      { labels: { alertname: "UnlockDivergence", severity: "P1" } },
    ]);
    await until("the other P1", PATIENCE_MS, () => has("pager", "UnlockDivergence") !== undefined);
    await sleep(2_500);
    expect(has("ticket", "DeadLetters")).toBeUndefined();
    runtime = await start(Number(port));
    await until("that it is over", PATIENCE_MS, () => has("pager", "ServiceDown", "resolved") !== undefined);
    await until("what was counted before", PATIENCE_MS, async () => ((await numberOf(total)) ?? 0) >= before);
  });
});
