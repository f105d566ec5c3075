import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fromRoot } from "../scripts/lib/paths.ts";
import { backupBench } from "./backup.ts";
import { backupChangesBench } from "./backup-changes.ts";
import { classBench } from "./class.ts";
import { completionBench } from "./completion.ts";
import { engineBench } from "./engine.ts";
import { eventsBench } from "./events.ts";
import { insightBench } from "./insight.ts";
import type { Bench, BenchOutcome, Table } from "./lib/bench.ts";
import { buildOf } from "./lib/builds.ts";
import { fileSystemOf, hasProgram } from "./lib/machine.ts";
import { drawChart } from "./lib/svg.ts";
import { pagesBench } from "./pages.ts";
import { peersBench } from "./peers.ts";
import { readBench } from "./read.ts";
import { recordsBench } from "./records.ts";
import { refreshBench } from "./refresh.ts";
import { replayBench } from "./replay-bench.ts";
import { startBench } from "./start.ts";
import { writeBench } from "./write.ts";

/** In the order in which they run. */
const BENCHES: readonly Bench[] = [
  engineBench,
  startBench,
  readBench,
  writeBench,
  completionBench,
  refreshBench,
  peersBench,
  classBench,
  eventsBench,
  replayBench,
  recordsBench,
  backupBench,
  backupChangesBench,
  insightBench,
  pagesBench,
];
const RESULTS = fromRoot("bench/results");
const PICTURES = fromRoot("docs/design/bench");

/** What the rounds have measured so far, a file for each bench: a fault in the last round loses no round. */
const ROUNDS = fromRoot("node_modules/.cache/latchkey/rounds");

const HELP = `npm run bench -- [--only NAME] [--against COMMIT] [--quick] [--no-save]

${BENCHES.map(({ name, about }) => `  ${name.padEnd(10)}${about}`).join("\n")}

  --only NAME   this one only; may be given more than once
  --against COMMIT
                also measures the build of that commit, in turn with this one: ${benchesAgainst()}
  --quick       small sizes and short loads: does it run?, nothing more; saves nothing
  --no-save     writes neither bench/results nor docs/design/bench

Loads are made by wrk (Debian's package wrk). Exit code 1 when a figure that was asked for is not reached.`;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    against: { type: "string" },
    quick: { type: "boolean", default: false },
    "no-save": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const unknown = (values.only ?? []).filter((name) => BENCHES.every((bench) => bench.name !== name));
if (unknown.length > 0) {
  console.error(`There is no bench "${unknown.join('", "')}".\n\n${HELP}`);
  process.exit(2);
}
const chosen = BENCHES.filter(({ name }) => values.only === undefined || values.only.includes(name));
const isSaved = !values.quick && !values["no-save"];

const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  loadBefore: loadavg().map((value) => Math.round(value * 100) / 100),
  /** Where all state lies while it is measured: memory is faster than a disk. */
  stateOn: fileSystemOf(tmpdir()),
};
console.log(
  `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}, load ${machine.loadBefore}, state on ${machine.stateOn}`,
);
if (values.quick) console.log("Quick: the figures mean nothing.");
if (!hasProgram("wrk")) {
  console.error("Loads are made by wrk, which is not here. It is Debian's package wrk.");
  process.exit(2);
}
for (const bench of chosen) {
  const missing = bench.missing?.() ?? null;
  if (missing !== null) console.log(`${bench.name}: ${missing}`);
}
const against = values.against === undefined ? null : await buildOf(values.against);
if (against !== null) console.log(`Beside it: the build of ${against.name}`);

let isMissed = false;
let hasFailed = false;
for (const bench of chosen) {
  console.log(`\n=== ${bench.name}: ${bench.about}`);
  const started = performance.now();
  const say = (line: string) => {
    process.stderr.write(`${((performance.now() - started) / 1_000).toFixed(0).padStart(5)} s  ${line}\n`);
  };
  const rounds = join(ROUNDS, `${bench.name}.jsonl`);
  rmSync(rounds, { force: true });
  const keep = (part: string, measured: unknown) => {
    mkdirSync(ROUNDS, { recursive: true });
    appendFileSync(rounds, `${JSON.stringify({ part, measured })}\n`);
  };
  let outcome: BenchOutcome;
  try {
    outcome = await bench.run({ quick: values.quick, say, against, keep });
  } catch (error) {
    // The others are still worth measuring.
    console.error(error);
    console.error(`${bench.name} did not end. What its rounds have measured is in ${rounds}`);
    hasFailed = true;
    continue;
  }
  print(outcome);
  isMissed ||= outcome.targets.some(({ met }) => !met);
  if (isSaved) save(bench.name, outcome, Math.round((performance.now() - started) / 1_000));
}
// Small sizes say nothing about targets.
process.exit(hasFailed || (isMissed && !values.quick) ? 1 : 0);

/** The benches that measure two builds, by name. */
function benchesAgainst(): string {
  return BENCHES.filter(({ isComparing }) => isComparing === true)
    .map(({ name }) => name)
    .join(", ");
}

function print({ tables, targets, notes }: BenchOutcome): void {
  for (const table of tables) console.log(`\n${textOf(table)}`);
  if (targets.length > 0) console.log();
  for (const { what, asked, measured, met } of targets) {
    console.log(`${met ? "met    " : "NOT MET"}  ${what}: ${measured}; asked: ${asked}`);
  }
  for (const note of notes) console.log(`- ${note}`);
}

function textOf({ title, columns, rows }: Table): string {
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => (row[at] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [title, line(columns), ...rows.map(line)].join("\n");
}

/** One result file per bench, the newest: what is in the repository is what its documents speak of. */
function save(name: string, { charts, ...rest }: BenchOutcome, seconds: number): void {
  mkdirSync(RESULTS, { recursive: true });
  mkdirSync(PICTURES, { recursive: true });
  const result = {
    bench: name,
    at: new Date().toISOString(),
    seconds,
    machine,
    against: against?.name ?? null,
    ...rest,
    charts,
  };
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  for (const chart of charts) writeFileSync(join(PICTURES, `${chart.file}.svg`), drawChart(chart));
}
