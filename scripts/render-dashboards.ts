import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type DrawnPanel, drawDashboard, type PanelSeries } from "./lib/dashboard-svg.ts";
import { dashboards } from "./lib/dashboards.ts";
import { LoadSimulator } from "./lib/load-simulator.ts";
import { readLocalSecret } from "./lib/local-secrets.ts";
import { type Monitoring, missingTools, startMonitoring } from "./lib/monitoring.ts";
import { fromRoot } from "./lib/paths.ts";
import { applyMigrations, runCron, startRuntime } from "./lib/runtime.ts";

// npm run docs:dashboards [-- --minutes N]
// Draws each dashboard of ops/grafana from real data: Latchkey is used by a few learners under the real Prometheus, and in
// the second half killed and started again. Writes docs/operate/dashboards/*.svg.

const OUT = fromRoot("docs/operate/dashboards");
const LEARNERS = 12;
/** Points of a line. */
const POINTS = 40;
const STEP_S = 2;
const SETTLE_MS = 10_000;
/** The dashboards look back over five minutes; a run of a few minutes would be one slope. */
const WINDOW = "1m";

const matrixSchema = z.object({
  result: z.array(
    z.object({
      metric: z.record(z.string(), z.string()),
      values: z.array(z.tuple([z.number(), z.string()])),
    }),
  ),
});

const missing = missingTools();
if (missing !== null) {
  console.error(
    `The dashboards cannot be drawn; ${missing}. Debian's packages are prometheus and prometheus-alertmanager.`,
  );
  process.exit(1);
}
const { values } = parseArgs({ options: { minutes: { type: "string", default: "5" } } });
const minutes = Number(values.minutes);

const stateDir = mkdtempSync(join(tmpdir(), "latchkey-dashboards-"));
await applyMigrations(stateDir);
const vars = { METRICS_PUSH_SECONDS: "1", SHADOW_SAMPLE_RATE: "0.2" };
let runtime = await startRuntime({ stateDir, vars });
const { port } = new URL(runtime.url);
const secret = readLocalSecret() ?? "";
const metricsToken = readLocalSecret(undefined, "METRICS_TOKEN") ?? "";
const monitoring = await startMonitoring({ target: runtime.url, metricsToken, scrapeSeconds: 2 });
try {
  // Prometheus takes some seconds to know its target; what is counted before is no increase to it.
  await sleep(SETTLE_MS);
  const started = Date.now() / 1_000;
  await use(started);
  const ended = Date.now() / 1_000;
  mkdirSync(OUT, { recursive: true });
  for (const dashboard of dashboards()) {
    const panels: DrawnPanel[] = [];
    for (const { type, title, gridPos, fieldConfig, targets } of dashboard.panels) {
      const series: PanelSeries[] = [];
      for (const { expr, legendFormat } of targets) {
        series.push(...(await linesOf(monitoring, expr, legendFormat, started, ended)));
      }
      panels.push({ kind: type, title, unit: fieldConfig.defaults.unit, ...gridPos, series });
    }
    const killedAt = Math.round(minutes * 0.6 * 10) / 10;
    const subtitle = `${LEARNERS} learners, ${minutes} minutes, killed and started again after ${killedAt}; rates over ${WINDOW}`;
    writeFileSync(join(OUT, `${dashboard.uid}.svg`), drawDashboard(dashboard.title, subtitle, panels));
    console.log(`${dashboard.uid}: ${panels.length} panels`);
  }
} finally {
  await monitoring.stop();
  await runtime.kill();
  rmSync(stateDir, { recursive: true, force: true, maxRetries: 3 });
}
process.exit(0);

/** Learners at work, a cron each half minute, an invalidated course now and then, and one crash. */
async function use(started: number): Promise<void> {
  let day = new LoadSimulator(runtime.url, secret);
  await day.begin(LEARNERS);
  let wasKilled = false;
  for (let turn = 0; ; turn += 1) {
    const passed = (Date.now() / 1_000 - started) / 60;
    if (passed > minutes) break;
    if (!wasKilled && passed > minutes * 0.6) {
      wasKilled = true;
      day.end();
      await runtime.kill();
      await sleep(15_000);
      runtime = await startRuntime({ stateDir, vars, port: Number(port) });
      day = new LoadSimulator(runtime.url, secret);
      await day.begin(LEARNERS);
    }
    await day.round();
    if (turn % 10 === 3) await day.invalidate();
    if (turn % 10 === 5) await runCron(runtime.url, "* * * * *");
    await sleep(1_000 * Math.random());
  }
  day.end();
}

async function linesOf(of: Monitoring, expr: string, legend: string, from: number, to: number): Promise<PanelSeries[]> {
  const step = Math.max(STEP_S, Math.round((to - from) / POINTS));
  const data = await of.ask("/api/v1/query_range", {
    query: expr.replaceAll("[5m]", `[${WINDOW}]`),
    start: String(from),
    end: String(to),
    step: String(step),
  });
  return matrixSchema.parse(data).result.map(({ metric, values: points }) => ({
    name: legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => (metric[label] ?? "").replace("/api/v1", "")).trim(),
    points: points
      .map(([at, value]): [number, number] => [at - from, Number(value)])
      .filter(([, value]) => Number.isFinite(value)),
  }));
}
