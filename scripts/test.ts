import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryFolder } from "./lib/memory-folder.ts";
import { NODE, ROOT, VITEST } from "./lib/paths.ts";
import { addTotals, CHANNEL, describeTotals, ENDED_EARLY, NO_TESTS, Progress, type Totals } from "./lib/test-totals.ts";
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

/** Longer than any one test takes on a slow machine, and than a runtime takes to start. */
const STALL_MS = 330_000;
/** The tests inside the runtime that `npm test` runs are short. */
const SHORT_STALL_MS = 150_000;
const SHORT = ["alone", "worker", "restore", "calm"];
/** Runs in a row that end no file, after which a project has failed. */
const FUTILE_RUNS = 2;

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

const temporary = temporaryFolder("latchkey-");
process.once("exit", temporary.remove);
let totals: Totals = NO_TESTS;
const lines: string[] = [];
/** What failed, named once more at the end: a log may be long, or cut. */
const failures: string[] = [];
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
    const progress = new Progress();
    const own = await vitest(part, progress, output === "kept" ? kept : null);
    if (output === "kept") process.stdout.write(Buffer.concat([Buffer.from(heading), ...kept]));
    totals = addTotals(totals, own);
    failures.push(...progress.failed);
    if (own.failed > progress.failed.length) failures.push(`${name}: outside of its tests`);
    lines.push(`${name.padEnd(12)} ${describeTotals(own)} in ${seconds(started)}`);
  }
}

console.log(`\n=== all ===\n${lines.join("\n")}`);
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(describeTotals(totals));
if (values.totals !== undefined) {
  const counts = `${totals.passed} ${totals.failed} ${totals.skipped}`;
  writeFileSync(values.totals, [counts, ...failures, ""].join("\n"));
}
process.exit(totals.failed === 0 ? 0 : 1);

/**
 * Runs one project. The runner of tests inside workerd can wait without end for an isolate that has gone; a run that says
 * nothing for so long is ended, says so, and begins once more with the files that have not ended.
 */
async function vitest(part: Part, progress: Progress, kept: Buffer[] | null): Promise<Totals> {
  let files = positionals;
  for (let futile = 0; futile < FUTILE_RUNS; ) {
    const before = progress.ended;
    const code = await attempt(part, files, progress, kept);
    if (code !== "stalled" && code !== ENDED_EARLY) return progress.totals(code, positionals.length > 0);
    const remaining = progress.remaining();
    if (remaining?.length === 0) return progress.totals(0, false);
    files = remaining ?? positionals;
    futile = progress.ended > before ? 0 : futile + 1;
    progress.anew();
    console.error(`\nThe runner stood still and was ended; "${part.project}" goes on with:`);
    console.error(`${remaining?.join("\n") ?? "all its files"}\n`);
  }
  return progress.totals(1, false);
}

/** @param kept where the output goes instead of to the terminal. */
function attempt(
  { project, shard }: Part,
  files: readonly string[],
  progress: Progress,
  kept: Buffer[] | null,
): Promise<number | "stalled"> {
  const filter = files.length > 0 ? [...files, "--passWithNoTests"] : [];
  // The files that are left of a share are named, and are all to run.
  if (shard !== null && progress.remaining() === null) filter.push(`--shard=${shard}`);
  const reporters = ["--reporter=default", `--reporter=${join(ROOT, "scripts/lib/ended-reporter.ts")}`];
  // The Worker's tests start a runtime too; what holds for wrangler (no telemetry, no look-ups) holds for them. Colours
  // stay as the caller has them.
  const env = {
    ...wranglerEnvironment(),
    NO_COLOR: process.env.NO_COLOR,
    FORCE_COLOR: process.env.FORCE_COLOR,
    // Slow tests hold large data sets, and show what holds on a disk.
    ...(BY_THEMSELVES.includes(project) ? {} : { TMPDIR: temporary.path }),
  };
  // A group of its own, so that ending it ends the runtimes it has started.
  const child = spawn(NODE, [VITEST, "run", "--project", project, ...reporters, ...filter], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
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
  const timer = setTimeout(stall, SHORT.includes(project) ? SHORT_STALL_MS : STALL_MS);
  const heard = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
    timer.refresh();
    if (kept === null) to.write(chunk);
    else kept.push(chunk);
  };
  child.stdout?.on("data", heard(process.stdout));
  child.stderr?.on("data", heard(process.stderr));
  child.stdio[CHANNEL]?.on("data", (chunk: Buffer) => {
    timer.refresh();
    progress.hear(chunk);
  });
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

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}
