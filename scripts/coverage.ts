import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { relative } from "node:path";
import { z } from "zod";
import { fromRoot, NODE, ROOT, VITEST } from "./lib/paths.ts";
import { wranglerEnvironment } from "./lib/wrangler.ts";

// npm run coverage
// Runs the unit and Worker tests with their lines counted, and fails when too few were reached. Counting makes code several
// times slower, so a test may run out of time here that passes otherwise: whether tests pass is `npm test`'s question.

/** Least share of lines, percent: of everything, and of rooms whose faults would open or close the wrong thing. */
const LEAST_OVERALL = 85;
const LEAST_OF_ROOM: Record<string, number> = { unlock: 95, enrollment: 95 };
/** Times the tests get while they are counted, milliseconds. */
const TEST_TIMEOUT_MS = 180_000;
const HOOK_TIMEOUT_MS = 60_000;

const SUMMARY = fromRoot("coverage/coverage-summary.json");
const linesSchema = z.looseObject({ lines: z.looseObject({ covered: z.int(), total: z.int() }) });

function measure(): Promise<number> {
  const timeouts = [`--testTimeout=${TEST_TIMEOUT_MS}`, `--hookTimeout=${HOOK_TIMEOUT_MS}`];
  const args = [
    "run",
    "--coverage",
    "--coverage.reportOnFailure",
    "--project",
    "unit",
    "--project",
    "worker",
    "--project",
    "alone",
    "--project",
    "calm",
    "--project",
    "restore",
    "--project",
    "long",
  ];
  const child = spawn(NODE, [VITEST, ...args, ...timeouts], {
    cwd: ROOT,
    env: wranglerEnvironment(),
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

/** The room of a file below src: its folder, or the file itself. */
function roomOf(file: string): string {
  return relative(fromRoot("src"), file).split("/")[0] ?? file;
}

rmSync(SUMMARY, { force: true });
const code = await measure();
const summary = z.record(z.string(), linesSchema).parse(JSON.parse(readFileSync(SUMMARY, "utf8")));
const rooms = new Map<string, { covered: number; total: number }>();
for (const [file, { lines }] of Object.entries(summary)) {
  for (const name of file === "total" ? ["everything"] : [roomOf(file)]) {
    const room = rooms.get(name) ?? { covered: 0, total: 0 };
    rooms.set(name, { covered: room.covered + lines.covered, total: room.total + lines.total });
  }
}
const missed: string[] = [];
for (const [name, { covered, total }] of [...rooms].sort(([a], [b]) => a.localeCompare(b))) {
  const share = (100 * covered) / Math.max(1, total);
  const least = name === "everything" ? LEAST_OVERALL : (LEAST_OF_ROOM[name] ?? 0);
  if (share < least) missed.push(name);
  console.log(
    `${name.padEnd(14)}${share.toFixed(1).padStart(6)} % of ${total} lines${least === 0 ? "" : `, at least ${least}`}`,
  );
}
if (code !== 0)
  console.log("\nSome tests failed or ran out of time while they were counted; `npm test` says whether they pass.");
console.log(missed.length === 0 ? "\nenough lines were reached" : `\ntoo few lines were reached: ${missed.join(", ")}`);
process.exit(missed.length === 0 ? 0 : 1);
