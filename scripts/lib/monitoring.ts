import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import { z } from "zod";
import { fromRoot } from "./paths.ts";
import { freePort, LOCAL_ADDRESS } from "./ports.ts";

/** Debian's packages `prometheus` and `prometheus-alertmanager`. */
const TOOLS = ["promtool", "amtool", "prometheus", "prometheus-alertmanager"];
/** How long a server may take to be ready, and how often it is asked, milliseconds. */
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

/** Why the monitoring cannot be run here, or null where all its tools are installed. */
export function missingTools(): string | null {
  const missing = TOOLS.filter((tool) => spawnSync("which", [tool]).status !== 0);
  return missing.length === 0 ? null : `not installed: ${missing.join(", ")}`;
}

const notificationSchema = z.object({
  status: z.enum(["firing", "resolved"]),
  alerts: z.array(
    z.looseObject({
      status: z.enum(["firing", "resolved"]),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
});

/** One alert as it reached a receiver. */
interface Received {
  receiver: string;
  alert: string;
  status: "firing" | "resolved";
  annotations: Record<string, string>;
}

export interface MonitoringOptions {
  /** Address of the Latchkey to look at, without a trailing slash. */
  target: string;
  metricsToken: string;
  /** Time between two scrapes and evaluations, seconds. */
  scrapeSeconds?: number;
  /** Replaces how long a condition must hold before its alert fires, seconds; as in the rules when left out. */
  forSeconds?: number;
}

export interface Monitoring {
  /** Every alert that has reached the webhook, in order. */
  readonly received: readonly Received[];
  /** The answer to a query of Prometheus' API; `path` begins with `/api/v1/`. */
  ask(path: string, parameters: Record<string, string>): Promise<unknown>;
  /** Sends Alertmanager alerts that no rule has raised. */
  raise(alerts: readonly { labels: Record<string, string> }[]): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the real Prometheus and Alertmanager on this machine with the configuration below ops/, of which only addresses,
 * the token and (when asked for) times differ, and a webhook that writes down what arrives.
 */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const directory = mkdtempSync(join(tmpdir(), "latchkey-monitoring-"));
  const ports = { prometheus: await freePort(), alertmanager: await freePort(), webhook: await freePort() };
  const received: Received[] = [];
  const webhook = await listen(ports.webhook, received);
  writeConfiguration(directory, ports, options);
  const children = [
    start("prometheus-alertmanager", [
      `--config.file=${directory}/alertmanager.yml`,
      `--storage.path=${directory}/alertmanager-data`,
      `--web.listen-address=${LOCAL_ADDRESS}:${ports.alertmanager}`,
      "--cluster.listen-address=",
    ]),
    start("prometheus", [
      `--config.file=${directory}/prometheus.yml`,
      `--storage.tsdb.path=${directory}/prometheus-data`,
      `--web.listen-address=${LOCAL_ADDRESS}:${ports.prometheus}`,
      // What fires before Alertmanager is found would else be sent a minute later.
      "--rules.alert.resend-delay=1s",
    ]),
  ];
  const prometheus = `http://${LOCAL_ADDRESS}:${ports.prometheus}`;
  const alertmanager = `http://${LOCAL_ADDRESS}:${ports.alertmanager}`;
  const stop = async () => {
    await Promise.all(children.map(end));
    webhook.closeAllConnections();
    await new Promise((resolve) => webhook.close(resolve));
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await Promise.all([untilReady(`${prometheus}/-/ready`), untilReady(`${alertmanager}/-/ready`)]);
  } catch (fault) {
    await stop();
    throw fault;
  }
  return {
    received,
    async ask(path, parameters) {
      const answer = await fetch(`${prometheus}${path}?${new URLSearchParams(parameters)}`);
      const { status, data, error } = z
        .object({ status: z.string(), data: z.unknown(), error: z.string().optional() })
        .parse(await answer.json());
      if (status !== "success") throw new Error(`${parameters.query}: ${error}`);
      return data;
    },
    async raise(alerts) {
      const answer = await fetch(`${alertmanager}/api/v2/alerts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(alerts),
      });
      if (!answer.ok) throw new Error(`alertmanager: ${answer.status} ${await answer.text()}`);
    },
    stop,
  };
}

function writeConfiguration(
  directory: string,
  ports: { alertmanager: number; webhook: number },
  { target, metricsToken, scrapeSeconds = 1, forSeconds }: MonitoringOptions,
): void {
  const { protocol, host } = new URL(target);
  cpSync(fromRoot("ops/prometheus/rules"), join(directory, "rules"), { recursive: true });
  mkdirSync(join(directory, "prometheus-data"));
  if (forSeconds !== undefined) {
    for (const name of readdirSync(join(directory, "rules"))) {
      const file = join(directory, "rules", name);
      writeFileSync(file, readFileSync(file, "utf8").replace(/^(\s+for:) \w+$/gm, `$1 ${forSeconds}s`));
    }
  }
  const prometheus = parseDocument(readFileSync(fromRoot("ops/prometheus/prometheus.yml"), "utf8"));
  for (const time of ["scrape_interval", "scrape_timeout", "evaluation_interval"]) {
    prometheus.setIn(["global", time], `${scrapeSeconds}s`);
  }
  prometheus.setIn(
    ["alerting", "alertmanagers", 0, "static_configs", 0, "targets", 0],
    `${LOCAL_ADDRESS}:${ports.alertmanager}`,
  );
  prometheus.setIn(["scrape_configs", 0, "scheme"], protocol.replace(":", ""));
  prometheus.setIn(["scrape_configs", 0, "static_configs", 0, "targets", 0], host);
  writeFileSync(join(directory, "prometheus.yml"), String(prometheus));
  writeFileSync(join(directory, "latchkey-metrics-token"), metricsToken, { mode: 0o600 });
  const alertmanager = readFileSync(fromRoot("ops/alertmanager/alertmanager.yml"), "utf8");
  writeFileSync(
    join(directory, "alertmanager.yml"),
    alertmanager
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, `http://${LOCAL_ADDRESS}:${ports.webhook}`)
      // Whoever waits for an alert here waits seconds.
      .replaceAll(/(group_wait|group_interval): \w+/g, "$1: 1s"),
  );
}

/** Receives what Alertmanager sends; the path of the address is the receiver's name. */
async function listen(port: number, received: Received[]): Promise<Server> {
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const { alerts } = notificationSchema.parse(JSON.parse(text));
    for (const { status, labels, annotations } of alerts) {
      received.push({ receiver: (request.url ?? "").slice(1), alert: labels.alertname ?? "", status, annotations });
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(port, LOCAL_ADDRESS, resolve));
  return server;
}

function start(tool: string, args: readonly string[]): ChildProcess {
  const child = spawn(tool, args, { stdio: "ignore" });
  // Whoever started it may die without stopping it.
  process.once("exit", () => child.kill("SIGKILL"));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(killer);
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const isReady = await fetch(url).then(
      (answer) => answer.ok,
      () => false, // nobody listens yet
    );
    if (isReady) return;
    await sleep(POLL_MS);
  }
  throw new Error(`${url} did not become ready`);
}
