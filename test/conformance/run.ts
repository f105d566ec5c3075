import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { allCases } from "./cases/all.ts";
import { fakeTarget, selfCheck } from "./fake/self-check.ts";
import type { Outcome, Target, Verdict } from "./lib/case.ts";
import { firstPort } from "./lib/first-port.ts";
import { markdown, type TargetReport, totals } from "./lib/report.ts";
import { runCases } from "./lib/run-cases.ts";
import { BetterSseTarget } from "./targets/better-sse.ts";
import { ContractTarget } from "./targets/latchkey.ts";
import { EVICT_AFTER, localLatchkey } from "./targets/local-latchkey.ts";
import { NchanTarget } from "./targets/nchan.ts";

const RESULTS = fromRoot("bench/results/conformance.json");
const PAGE = fromRoot("docs/developers/events-conformance.md");
/** In the order of the table; the stand-in, last, is in none. */
const TARGETS = ["latchkey", "latchkey-socket", "nchan", "better-sse", "fake"] as const;
/** Latchkey's two ways to listen. */
const WAYS: ReadonlyMap<string, "stream" | "socket"> = new Map([
  ["latchkey", "stream"],
  ["latchkey-socket", "socket"],
]);
/** Where the peers look for a free port. */
const FIRST_PORT = 9_440;

const HELP = `npm run conformance -- [--target NAME]... [--base-url URL --secret-file FILE] [--only TEXT] [--save]

Asks a server of live events, from outside, for everything docs/developers/events.md promises.

  --target NAME       ${TARGETS.join(", ")}; may be given more than once; default latchkey.
                      latchkey-socket asks the same over WebSockets. Without --base-url Latchkey is built and started here, so that it can be killed too;
                      nchan needs Debian's nginx and libnginx-mod-nchan
  --base-url URL      a Latchkey that is running already
  --secret-file FILE  holds its AUTH_SECRET, as .dev.vars does or alone
  --only TEXT         cases with this text in their group or name
  --quick             without the cases that wait for minutes
  --save              writes bench/results/conformance.json and docs/developers/events-conformance.md
  --self-check        breaks the kit's own stand-in server in every way it can be broken, and expects to notice

Exit code 1 when Latchkey fails a case, or when the self-check goes wrong.`;

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true, default: ["latchkey"] },
    "base-url": { type: "string" },
    "secret-file": { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    "self-check": { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (values["self-check"]) process.exit((await selfCheck(console.log)) ? 0 : 1);

const only = values.only;
const cases = allCases.filter(
  ({ group, name, isSlow }) =>
    (only === undefined || group.includes(only) || name.includes(only)) && !(values.quick && isSlow === true),
);
const reports: TargetReport[] = [];
for (const name of values.target) reports.push(await runTarget(await targetOf(name)));
if (values.save) save(reports);
const failed = reports.filter(({ target }) => WAYS.has(target) || target === "fake");
process.exit(failed.some(({ outcomes }) => outcomes.some(({ verdict }) => verdict === "FAIL")) ? 1 : 0);

async function targetOf(name: string): Promise<Target> {
  if (name === "nchan") return new NchanTarget(await firstPort(FIRST_PORT));
  if (name === "better-sse") return new BetterSseTarget(await firstPort(FIRST_PORT));
  if (name === "fake") return fakeTarget(null);
  const way = WAYS.get(name);
  if (way === undefined) throw new Error(`there is no target "${name}"\n\n${HELP}`);
  const url = values["base-url"];
  if (url === undefined) return localLatchkey(name, way);
  const file = values["secret-file"];
  if (file === undefined) throw new Error("--base-url needs --secret-file, to make tokens with");
  const secret = secretIn(readFileSync(file, "utf8"));
  const options = { url: url.replace(/\/$/, ""), secret, control: null, evictAfter: EVICT_AFTER, way };
  return new ContractTarget(name, options);
}

/** The secret of a file like .dev.vars, or of one that holds nothing else. */
function secretIn(text: string): string {
  return /^\s*AUTH_SECRET\s*=\s*"?([^"\n]+)"?\s*$/m.exec(text)?.[1] ?? text.trim();
}

async function runTarget(target: Target): Promise<TargetReport> {
  console.log(`\n${target.name}`);
  await target.start();
  try {
    const outcomes = await runCases(target, cases, print);
    const report = { target: target.name, outcomes };
    console.log(`${target.name}: ${totals(report)}`);
    return report;
  } finally {
    await target.stop();
  }
}

function print({ group, name, verdict, reason, ms }: Outcome): void {
  const mark: Record<Verdict, string> = { pass: "pass", FAIL: "FAIL", "not offered": "-   " };
  console.log(`  ${mark[verdict]}  ${group}: ${name}${ms > 5_000 ? ` (${Math.round(ms / 1_000)} s)` : ""}`);
  if (reason !== undefined) console.log(`          ${reason}`);
}

/** A run of some targets keeps the other targets' results of the same file. */
function save(fresh: readonly TargetReport[]): void {
  const kept = earlier().filter(({ target }) => fresh.every((report) => report.target !== target));
  const all = TARGETS.slice(0, -1).flatMap((name) => [...fresh, ...kept].filter(({ target }) => target === name));
  mkdirSync(fromRoot("bench/results"), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify({ at: new Date().toISOString(), reports: all }, null, 2)}\n`);
  writeFileSync(PAGE, markdown(all));
}

function earlier(): TargetReport[] {
  const outcome = z.object({
    group: z.string(),
    name: z.string(),
    verdict: z.enum(["pass", "FAIL", "not offered"]),
    ms: z.number(),
  });
  const report = z.object({ target: z.string(), outcomes: z.array(outcome.extend({ reason: z.string().optional() })) });
  let text: string;
  try {
    text = readFileSync(RESULTS, "utf8");
  } catch {
    return [];
  }
  return z
    .object({ reports: z.array(report) })
    .parse(JSON.parse(text))
    .reports.map(({ target, outcomes }) => ({
      target,
      outcomes: outcomes.map(({ reason, ...rest }) => (reason === undefined ? rest : { ...rest, reason })),
    }));
}
