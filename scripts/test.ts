import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryFolder } from "./lib/memory-folder.ts";
import { NODE, ROOT, VITEST } from "./lib/paths.ts";
import { addTotals, describeTotals, NO_TESTS, readTotals, type Totals } from "./lib/test-totals.ts";
import { wranglerEnvironment } from "./lib/wrangler.ts";

// npm test [-- --project unit] [-- --totals FILE] [-- filter ...]
// Runs the test projects and ends with one line of totals. On a machine with two processors or more they run in two lanes
// beside each other: a runtime uses one processor. A lane that is free takes the next project, so that both end at about
// the same time. The first lane is shown as it goes, the second project by project.

/** The longest first. */
const PROJECTS = ["alone", "worker", "system", "restore", "calm", "unit"];
const LANES = 2;
/** Run only when asked for by name: they take minutes, or need a browser on the machine. */
const ON_REQUEST = ["browser", "slow-beside", "long", "slow"];
/** Cut in two halves where no file is named, so that both lanes have as much to do. */
const HALVED = ["browser"];
/** Kills, releases and whole servers under load: whatever ran beside them would disturb them. */
const BY_THEMSELVES = ["slow"];
/** Names that projects had before. */
const FORMER: Record<string, string> = { drill: "slow" };

/** Longer than any file of tests takes on a slow machine. */
const STALL_MS = 330_000;
/** A file of pages has dozens of looks, and says nothing until all of them are seen. */
const BROWSER_STALL_MS = 1_200_000;

const { values, positionals } = parseArgs({
  options: { project: { type: "string", multiple: true }, totals: { type: "string" } },
  allowPositionals: true,
});
const chosen = values.project?.map((name) => FORMER[name] ?? name) ?? PROJECTS;
const known = [...PROJECTS, ...ON_REQUEST];
const unknown = chosen.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`There is no test project "${unknown.join('", "')}"; there are ${known.join(", ")}.`);
  process.exit(2);
}

const reports = mkdtempSync(join(tmpdir(), "latchkey-test-"));
const temporary = temporaryFolder("latchkey-");
process.once("exit", temporary.remove);
let totals: Totals = NO_TESTS;
const lines: string[] = [];
const waiting = known.filter((name) => chosen.includes(name) && !BY_THEMSELVES.includes(name)).flatMap(parts);
const lanes = Math.min(LANES, availableParallelism(), waiting.length);
await Promise.all(Array.from({ length: lanes }, (_, index) => run(waiting, index === 0 ? "shown" : "kept")));
await run(chosen.filter((name) => BY_THEMSELVES.includes(name)).flatMap(parts), "shown");

/** One run of a project: the whole, or a share of its files. */
interface Part {
  project: string;
  /** `1/2` */
  shard: string | null;
}

function parts(project: string): Part[] {
  const isHalved = HALVED.includes(project) && positionals.length === 0 && availableParallelism() > 1;
  return isHalved ? ["1/2", "2/2"].map((shard) => ({ project, shard })) : [{ project, shard: null }];
}

/** One lane: takes one project after the other. @param output whether it is shown as it comes, or when each has ended. */
async function run(projects: Part[], output: "shown" | "kept"): Promise<void> {
  for (let part = projects.shift(); part !== undefined; part = projects.shift()) {
    const kept: Buffer[] = [];
    const name = part.shard === null ? part.project : `${part.project} ${part.shard}`;
    const heading = `\n=== ${name} ===\n`;
    if (output === "shown") process.stdout.write(heading);
    const started = performance.now();
    const report = join(reports, `${name.replace(/[ /]/g, "-")}.json`);
    const code = await vitest(part, report, output === "kept" ? kept : null);
    if (output === "kept") process.stdout.write(Buffer.concat([Buffer.from(heading), ...kept]));
    const own = readTotals(readReport(report), code, positionals.length > 0);
    totals = addTotals(totals, own);
    lines.push(`${name.padEnd(12)} ${describeTotals(own)} in ${seconds(started)}`);
  }
}
rmSync(reports, { recursive: true, force: true });

console.log(`\n=== all ===\n${lines.join("\n")}`);
console.log(describeTotals(totals));
if (values.totals !== undefined) writeFileSync(values.totals, `${totals.passed} ${totals.failed} ${totals.skipped}\n`);
process.exit(totals.failed === 0 ? 0 : 1);

/**
 * Runs one project. The runner of tests inside workerd can wait without end for an isolate that has gone; a run that says
 * nothing for so long is ended and begun once more, and says so.
 */
async function vitest(part: Part, report: string, kept: Buffer[] | null): Promise<number> {
  const first = await attempt(part, report, kept);
  if (first !== "stalled") return first;
  console.error(`\nThe runner said nothing for too long and was ended; "${part.project}" begins anew.\n`);
  const second = await attempt(part, report, kept);
  return second === "stalled" ? 1 : second;
}

/** @param kept where the output goes instead of to the terminal. */
function attempt({ project, shard }: Part, report: string, kept: Buffer[] | null): Promise<number | "stalled"> {
  const filter = positionals.length > 0 ? [...positionals, "--passWithNoTests"] : [];
  if (shard !== null) filter.push(`--shard=${shard}`);
  const reporters = [
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    `--reporter=${join(ROOT, "scripts/lib/ended-reporter.ts")}`,
  ];
  // The Worker's tests start a runtime too; what holds for wrangler (no telemetry, no look-ups) holds for them. Colours
  // stay as the caller has them.
  const env = {
    ...wranglerEnvironment(),
    NO_COLOR: process.env.NO_COLOR,
    FORCE_COLOR: process.env.FORCE_COLOR,
    LATCHKEY_TEST_TOTALS: report,
    // Slow tests hold large data sets, and show what holds on a disk.
    ...(BY_THEMSELVES.includes(project) ? {} : { TMPDIR: temporary.path }),
  };
  // A group of its own, so that ending it ends the runtimes it has started.
  const child = spawn(NODE, [VITEST, "run", "--project", project, ...reporters, ...filter], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const end = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The whole group has ended by itself.
    }
  };
  const interrupted = () => {
    end();
    process.exit(130);
  };
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  let hasStalled = false;
  const stall = () => {
    hasStalled = true;
    end();
  };
  const stallMs = project === "browser" ? BROWSER_STALL_MS : STALL_MS;
  let timer = setTimeout(stall, stallMs);
  const heard = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
    clearTimeout(timer);
    timer = setTimeout(stall, stallMs);
    if (kept === null) to.write(chunk);
    else kept.push(chunk);
  };
  child.stdout.on("data", heard(process.stdout));
  child.stderr.on("data", heard(process.stderr));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted);
      process.off("SIGTERM", interrupted);
      end(); // a runner that was ended leaves its runtime behind
      resolve(hasStalled ? "stalled" : (code ?? 1));
    });
  });
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null; // vitest ended before it could write one: readTotals counts that as a failure
  }
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}
