import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { dashboards } from "../../../scripts/lib/dashboards.ts";
import { missingTools } from "../../../scripts/lib/monitoring.ts";
import { fromRoot } from "../../../scripts/lib/paths.ts";
import { expressions, filesIn, metricsIn, RULE_TESTS, RULES, rules, run } from "../../support/node/monitoring.ts";

const missing = missingTools();
if (missing !== null) console.warn(`Rules, routes and dashboards are not checked by the real tools; ${missing}.`);

const PAGES = fromRoot("docs/operate/alerts");
const alerts = rules().flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const work = mkdtempSync(join(tmpdir(), "latchkey-monitoring-"));
afterAll(() => rmSync(work, { recursive: true }));

const testFileSchema = z.object({
  rule_files: z.array(z.string()),
  tests: z.array(
    z.looseObject({
      name: z.string(),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) }).loose()).length(1),
    }),
  ),
});

describe("each alert", () => {
  it("has a name of its own, an urgency, a sentence and a page; there are not too many alerts", () => {
    expect(alerts.length).toBeGreaterThan(20);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { alert, labels, annotations } of alerts) {
      expect(labels, alert).toEqual({ severity: alert === "Watchdog" ? "none" : expect.stringMatching(/^P[12]$/) });
      expect(annotations, alert).toEqual({
        summary: expect.stringMatching(/^[A-Z]/),
        description: expect.stringMatching(/\.$/),
        runbook_url: `https://latchkey.dev/docs/operate/alerts/${alert}.md`,
      });
    }
  });

  it.each(alerts)(
    "$alert has a page that says what it means, what to look at, what to type, and when it is over",
    ({ alert, annotations }) => {
      const page = readFileSync(join(PAGES, `${alert}.md`), "utf8");
      expect(page.startsWith(`# ${alert}\n`)).toBe(true);
      expect([...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
        "What it means",
        "What to look at",
        "What to type",
        "How to know it worked",
      ]);
      expect(page).toMatch(/```sh\n[^`]+```/);
      expect(annotations.runbook_url).toContain(alert);
      // What it names of others exists.
      for (const [, name = ""] of page.matchAll(/\b((?:[A-Z][a-z]+){2,})\b/g)) {
        const isProse = ["Prometheus", "Alertmanager"].includes(name);
        if (!isProse && existsSync(join(PAGES, `${name}.md`)) === false) expect(name).toMatch(/^(DevTools)?$/);
      }
    },
  );

  it.each(alerts)("$alert has a page that names only addresses which the API has", ({ alert }) => {
    const page = readFileSync(join(PAGES, `${alert}.md`), "utf8");
    const routes = new Set(
      [...readFileSync(fromRoot("docs/developers/routes.md"), "utf8").matchAll(/^\| `(\w+) ([^`]+)`/gm)].map(
        ([, method, path = ""]) => `${method} ${path.replace(/\{\w+\}/g, "<>")}`,
      ),
    );
    for (const line of page.split("\n").filter((one) => one.startsWith("curl") && one.includes("$LATCHKEY"))) {
      const method = /-X (\w+)/.exec(line)?.[1] ?? "GET";
      const path = /\$LATCHKEY(\/[^\s"?]*)/.exec(line)?.[1] ?? "";
      if (["/health", "/ready", "/metrics"].includes(path)) continue;
      const pattern = path.replace(/\/$/, "").replace("<course>:<user>", "<>").replace(/<\w+>/g, "<>");
      expect([...routes], `${method} ${pattern}`).toContain(`${method} ${pattern}`);
    }
  });

  it("is in the list, and each page and line is about an alert that exists", () => {
    const index = readFileSync(join(PAGES, "README.md"), "utf8");
    const listed = [...index.matchAll(/^\| \[(\w+)\]\(\1\.md\)/gm)].map(([, name]) => name);
    expect(listed).toEqual([...alerts.map(({ alert }) => alert)]);
    const pages = readdirSync(PAGES).filter((name) => name !== "README.md");
    expect(pages.sort()).toEqual(alerts.map(({ alert }) => `${alert}.md`).sort());
  });

  it.each(alerts)("$alert has cases in which it fires and cases in which it does not", ({ alert, expr }) => {
    const { tests } = testFileSchema.parse(parse(readFileSync(join(RULE_TESTS, `${alert}.yml`), "utf8")));
    const cases = tests.map(({ name, alert_rule_test: [test] }) => {
      expect(test?.alertname).toBe(alert);
      return { kind: name.split(":")[0], fires: (test?.exp_alerts.length ?? 0) > 0 };
    });
    expect(cases.some(({ fires }) => fires)).toBe(true);
    if (alert === "Watchdog") return;
    for (const kind of ["fires", "quiet", "few", "absent"])
      expect(
        cases.map((one) => one.kind),
        kind,
      ).toContain(kind);
    for (const { kind, fires } of cases) {
      if (kind === "fires") expect(fires).toBe(true);
      if (kind === "quiet") expect(fires).toBe(false);
      // A metric that is missing fires exactly the alerts that are about that.
      if (kind === "absent" && fires) expect(expr).toContain("absent(");
    }
  });
});

describe.skipIf(missing !== null)("the real tools", () => {
  it("promtool accepts the rules and the configuration", () => {
    expect(run("promtool", ["check", "rules", ...filesIn(RULES)])).not.toContain("FAILED");
    cpSync(fromRoot("ops/prometheus"), work, { recursive: true });
    writeFileSync(join(work, "latchkey-metrics-token"), "a token");
    expect(run("promtool", ["check", "config", join(work, "prometheus.yml")])).toContain("3 rule files found");
  });

  it("promtool shows that every alert fires for its cause, and only then", { timeout: 120_000 }, () => {
    const files = filesIn(RULE_TESTS);
    expect(files).toHaveLength(alerts.length);
    const output = run("promtool", ["test", "rules", ...files]);
    expect(output.match(/SUCCESS/g)).toHaveLength(files.length);
  });

  it("promtool notices a changed threshold", () => {
    cpSync(fromRoot("ops/prometheus"), work, { recursive: true });
    const file = join(work, "rules/p2.yml");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(
        'unlock_refresh_lag_seconds{job="latchkey"} > 180',
        'unlock_refresh_lag_seconds{job="latchkey"} > 18000',
      ),
    );
    expect(() => run("promtool", ["test", "rules", join(work, "tests/RefreshLag.yml")])).toThrow(/FAILED/);
  });

  it("amtool accepts the routes, and each urgency reaches its receiver", () => {
    const config = fromRoot("ops/alertmanager/alertmanager.yml");
    expect(run("amtool", ["check-config", config])).toContain("SUCCESS");
    const receivers = { P1: "pager", P2: "ticket", none: "heartbeat" } as const;
    for (const { alert, labels } of [...alerts, { alert: "Unknown", labels: { severity: "P9" } }]) {
      const expected = Reflect.get(receivers, labels.severity ?? "") ?? "ticket";
      const args = ["config", "routes", "test", `--config.file=${config}`, `--verify.receivers=${expected}`];
      expect(() => run("amtool", [...args, `alertname=${alert}`, `severity=${labels.severity}`]), alert).not.toThrow();
    }
  });

  it("promtool can parse every expression of every dashboard", () => {
    const recorded = expressions().map((expr, at) => ({ record: `check:${at}`, expr }));
    const file = join(work, "expressions.yml");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "expressions", rules: recorded }] }));
    expect(run("promtool", ["check", "rules", file])).toContain(`${recorded.length} rules found`);
  });
});

describe("dashboards", () => {
  it("are those for learning, service and pipeline, and use the provisioned data source", () => {
    const uids = z
      .object({ datasources: z.array(z.object({ uid: z.string() }).loose()) })
      .parse(parse(readFileSync(fromRoot("ops/grafana/provisioning/datasources/latchkey.yaml"), "utf8")))
      .datasources.map(({ uid }) => uid);
    expect(dashboards().map(({ uid }) => uid)).toEqual(["latchkey-business", "latchkey-pipeline", "latchkey-service"]);
    for (const { panels, uid } of dashboards()) {
      expect(new Set(panels.map(({ id }) => id)).size, uid).toBe(panels.length);
      for (const { datasource, targets } of panels) {
        for (const of of [datasource, ...targets.map((target) => target.datasource)]) expect(uids).toContain(of.uid);
      }
      // No panel covers another, and none leaves the grid.
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
      );
      expect(new Set(cells).size, uid).toBe(cells.length);
      for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
  });

  it("name their metrics in a form that the check against a scrape finds", () => {
    expect(
      metricsIn('histogram_quantile(0.9, sum by (le, route) (rate(a_bucket{x="y"}[5m]))) > 2 and on () up{j="k"} == 1'),
    ).toEqual(["a_bucket"]);
    expect(new Set(expressions().flatMap(metricsIn)).size).toBeGreaterThan(30);
  });
});
