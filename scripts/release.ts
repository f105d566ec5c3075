import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ENVIRONMENTS, environmentOf, PARTS, type Part } from "./lib/environments.ts";
import { ROOT } from "./lib/paths.ts";
import { CHECK_LIMITS } from "./lib/release/check.ts";
import { Cloudflare } from "./lib/release/cloudflare.ts";
import { figuresByVersion, together } from "./lib/release/figures.ts";
import { Probes } from "./lib/release/probes.ts";
import { readProject } from "./lib/release/project.ts";
import { explain, type Outside, type ReleasePlan, ReleaseRefused, release, shown } from "./lib/release/release.ts";
import { smoke } from "./lib/release/smoke.ts";
import { overrides } from "./lib/release/versions.ts";
import { runWrangler } from "./lib/wrangler.ts";

const HELP = `Releases this commit gradually, and goes back by itself if it is worse than the present version.

  npm run release -- --env staging|production --url https://… [options]

  --url URL              where the service answers
  --metrics-url URL      Prometheus text for the release check (default: /metrics at --url); METRICS_TOKEN opens it
  --step-minutes N       time at 10 %, at 50 % and at 100 % (default 10)
  --look-seconds N       how often the release check looks (default 10)
  --min-requests N       requests the new version must have answered in a step (default ${CHECK_LIMITS.minRequests})
  --max-error-share N    share of bad answers that is always allowed (default ${CHECK_LIMITS.maxErrorShare})
  --max-latency-ratio N  times the old version's 95th percentile that is allowed (default ${CHECK_LIMITS.maxLatencyRatio})
  --probes N             test requests to each version in each check (default 10); they notice what a Worker cannot count
                         itself, such as exceptions that nobody catches
  --checked              types, lint and tests have passed already (in CI, for this very commit)
  --allow-uncommitted    for tests
  --entry FILE           another main module of the edge; for tests
  --report FILE          writes the report as JSON
  --help                 this text

Needs CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN. If SMOKE_TOKEN is set to the bearer token of a learner, the
smoke test also reads the list of courses. Exit: 0 released, 1 rolled back, 2 refused (nothing was changed for users).

It runs in this order: refusals, checks, D1 migrations (after a check of the applied ones), upload of an immutable
version of both Workers, smoke test at 0 %, then 10, 50 and 100 % of the requests, the back first. Ctrl-C rolls back. See docs/operate/release.md.`;

/** Requests that read figures wait this long, milliseconds. */
const FIGURES_TIMEOUT_MS = 15_000;
const CHECKS = [["check:types"], ["lint"], ["test"]];

const { values } = parseArgs({
  options: {
    env: { type: "string" },
    url: { type: "string" },
    "metrics-url": { type: "string" },
    "step-minutes": { type: "string", default: "10" },
    "look-seconds": { type: "string", default: "10" },
    "min-requests": { type: "string", default: String(CHECK_LIMITS.minRequests) },
    "max-error-share": { type: "string", default: String(CHECK_LIMITS.maxErrorShare) },
    "max-latency-ratio": { type: "string", default: String(CHECK_LIMITS.maxLatencyRatio) },
    probes: { type: "string", default: "10" },
    checked: { type: "boolean", default: false },
    "allow-uncommitted": { type: "boolean", default: false },
    entry: { type: "string" },
    report: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help === true) {
  console.log(HELP);
  process.exit(0);
}

const amount = z.coerce.number().positive();
const asked = z
  .object({
    env: z.enum(ENVIRONMENTS),
    url: z.url(),
    step: amount,
    look: amount,
    min: amount,
    share: amount.max(1),
    ratio: amount,
    probes: z.coerce.number().int().min(0),
  })
  .safeParse({
    env: values.env,
    url: values.url?.replace(/\/$/, ""),
    step: values["step-minutes"],
    look: values["look-seconds"],
    min: values["min-requests"],
    share: values["max-error-share"],
    ratio: values["max-latency-ratio"],
    probes: values.probes,
  });
if (!asked.success) {
  console.error(`${z.prettifyError(asked.error)}\n\n${HELP}`);
  process.exit(2);
}
const { env, url, step, look, min, share, ratio, probes } = asked.data;

/** Ctrl-C is a fault like any other: it leads back. A second one ends the process where it stands. */
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
}

async function command(file: string, args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const child = spawn(file, [...args], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exit) => resolve(exit ?? 1));
  });
  return { code, stdout };
}

async function git(...args: string[]): Promise<string> {
  const { code, stdout } = await command("git", args);
  if (code !== 0) throw new ReleaseRefused(`git ${args.join(" ")} ended with ${code}`);
  return stdout;
}

async function wrangler(args: readonly string[], part: Part = "edge"): Promise<void> {
  const { code, output } = await runWrangler([...args, "--env", environmentOf(env, part) ?? ""]);
  if (code !== 0) throw new Error(`wrangler ${args.join(" ")} ended with ${code}:\n${output.trim()}`);
}

const uploadedSchema = z.looseObject({ type: z.literal("version-upload"), version_id: z.string() });

/** wrangler writes what it has done into a file of JSON lines; its words for people are not read. */
async function upload(plan: ReleasePlan, part: Part): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-release-"));
  const file = join(folder, "output.ndjson");
  try {
    process.env.WRANGLER_OUTPUT_FILE_PATH = file;
    const entry = values.entry === undefined || part === "back" ? [] : [values.entry];
    await wrangler(["versions", "upload", ...entry, "--tag", plan.tag, "--message", plan.message], part);
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    const uploaded = lines.map((line) => uploadedSchema.safeParse(JSON.parse(line))).find((line) => line.success);
    if (uploaded === undefined) throw new Error("wrangler did not say which version it has uploaded");
    return uploaded.data.version_id;
  } finally {
    delete process.env.WRANGLER_OUTPUT_FILE_PATH;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the service has counted of itself. @throws when it has no figures, or none by version. */
async function readMetrics() {
  const headers: Record<string, string> =
    process.env.METRICS_TOKEN === undefined ? {} : { authorization: `Bearer ${process.env.METRICS_TOKEN}` };
  const address = values["metrics-url"] ?? `${url}/metrics`;
  const answer = await fetch(address, { headers, signal: AbortSignal.timeout(FIGURES_TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}: the release check has no figures`);
  const figures = figuresByVersion(await answer.text());
  if (figures.size === 0) console.log(`${address} has no figures by version: judged by probes alone`);
  if (figures.size === 0 && probes === 0) throw new Error("the release check has no figures");
  return figures;
}

try {
  const project = readProject(env);
  const commit = (await git("rev-parse", "--short=12", "HEAD")).trim();
  const subject = (await git("log", "-1", "--format=%s")).trim();
  const plan: ReleasePlan = {
    project,
    tag: commit,
    message: `${commit} ${subject}`.slice(0, 100),
    stepMs: step * 60_000,
    lookMs: look * 1_000,
    limits: { ...CHECK_LIMITS, minRequests: min, maxErrorShare: share, maxLatencyRatio: ratio },
  };
  const started = performance.now();
  const prober = new Probes(url, project.scripts, probes);
  const outside: Outside = {
    cloudflare: Cloudflare.fromEnvironment(process.env),
    uncommitted: async () =>
      values["allow-uncommitted"] ? [] : (await git("status", "--porcelain")).split("\n").filter((line) => line !== ""),
    async check() {
      if (values.checked) return;
      for (const script of CHECKS) {
        const { code } = await command("npm", ["run", "--silent", ...script]);
        if (code !== 0) throw new ReleaseRefused(`npm run ${script.join(" ")} fails`);
      }
    },
    applyMigrations: (database) => wrangler(["d1", "migrations", "apply", database, "--remote"]),
    upload: (part) => upload(plan, part),
    async applyTriggers() {
      for (const part of PARTS) await wrangler(["triggers", "deploy"], part);
    },
    smoke: (version) => smoke(url, { versions: overrides(project.scripts, version), token: process.env.SMOKE_TOKEN }),
    figures: async (versions) => together(await readMetrics(), await prober.look(versions)),
    sleep: (ms) => sleep(ms, undefined, { signal: stop.signal }),
    now: () => performance.now(),
    say: (text) => console.log(`[${((performance.now() - started) / 1_000).toFixed(1).padStart(6)} s] ${text}`),
  };
  const report = await release(plan, outside);
  if (values.report !== undefined) writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\n${report.outcome}: ${shown(report.version)}${report.reason === "" ? "" : ` (${report.reason})`}`);
  process.exit(report.outcome === "released" ? 0 : 1);
} catch (fault) {
  console.error(`\nNot released, and nothing was changed for users. ${explain(fault)}`);
  process.exit(2);
}
