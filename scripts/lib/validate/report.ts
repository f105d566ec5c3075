import { type Chart, cell } from "../../../bench/lib/bench.ts";
import { drawChart } from "../../../bench/lib/svg.ts";
import type { PhaseResult, Validation } from "./run.ts";

/** One demand, and whether it was met. */
export interface Demand {
  what: string;
  seen: string;
  met: boolean;
}

/** Everything the validation demands, with what was seen. */
export function demandsOf(validation: Validation): Demand[] {
  const { wrongCount, reconciled, before, after, drainedAfter, plan } = validation;
  const grown = (key: "deadLetters" | "divergences") =>
    before === null || after === null ? null : Math.max(0, after[key] - before[key]);
  const none = (what: string, count: number | null): Demand => ({
    what,
    seen: count === null ? "the service does not say" : String(count),
    met: count === 0,
  });
  return [
    ...validation.phases.flatMap(demandsOfPhase),
    none("answers that contradict what was acknowledged", wrongCount),
    {
      what: "every learner's acknowledged progress is there at the end",
      seen: `${reconciled.right} of ${reconciled.asked}`,
      met: reconciled.asked > 0 && reconciled.right === reconciled.asked,
    },
    {
      what: `all waiting work is done within ${plan.drainMs / 1_000} s`,
      seen: drainedAfter === null ? "never" : `${drainedAfter.toFixed(0)} s`,
      met: drainedAfter !== null,
    },
    none("new dead letters", grown("deadLetters")),
    none("new divergences between snapshot and D1", grown("divergences")),
  ];
}

function demandsOfPhase({ phase, tally }: PhaseResult): Demand[] {
  const { maxErrorShare, readP95, writeP95 } = phase.targets;
  const share = tally.requests === 0 ? 1 : tally.failed / tally.requests;
  const p95 = (kind: "read" | "write", limit: number): Demand => {
    const seen = tally.latencies[kind].quantile(0.95);
    return { what: `${phase.name}: 95 % of ${kind}s within ${limit} ms`, seen: `${seen} ms`, met: seen <= limit };
  };
  return [
    {
      what: `${phase.name}: at most ${percent(maxErrorShare)} of the requests fail`,
      seen: `${percent(share)} (${tally.failed} of ${tally.requests})`,
      met: share <= maxErrorShare,
    },
    p95("read", readP95),
    p95("write", writeP95),
  ];
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(3))} %`;
}

/** The curves of a run as SVG: rate and failures, and the reads' 95th percentile. */
export function chartsOf({ phases }: Validation): { load: string; latency: string } {
  const points = phases.flatMap((phase) => phase.points);
  const curve = (name: string, y: (point: (typeof points)[number]) => number) => ({
    name,
    points: points.map((point) => ({ x: point.at / 60, y: y(point) })),
  });
  const chart = (title: string, label: string, series: Chart["series"]): string =>
    drawChart({ file: "", title, x: { label: "minutes" }, y: { label }, series });
  return {
    load: chart("Requests of the validation", "a second", [
      curve("requests", (point) => point.requestsPerSecond),
      curve("failed", (point) => point.failedPerSecond),
    ]),
    latency: chart("95th percentile of reads", "ms", [curve("reads", (point) => point.readP95)]),
  };
}

/** The report as Markdown; its pictures lie beside it. */
export function renderReport(validation: Validation, target: string): string {
  const demands = demandsOf(validation);
  const isPassed = demands.every(({ met }) => met);
  const { phases, startedAt, plan, learners, completions, wrong } = validation;
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
  const sources = (phase: PhaseResult) =>
    [...phase.tally.sources].map(([source, count]) => `${source} ${count}`).join(", ");
  return `# Validation of ${target}

Started ${startedAt.toISOString()}, ${cell(Math.round(seconds / 6) / 10)} minutes in three phases, ${plan.rate} requests a second in
ordinary days, ${learners} learners, ${completions} completions sent. **${isPassed ? "Passed" : "Not passed"}**:
${demands.filter(({ met }) => met).length} of ${demands.length} requirements met.

${table(
  ["requirement", "measured", "met"],
  demands.map(({ what, seen, met }) => [what, seen, met ? "yes" : "**no**"]),
)}

![Requests a second](load.svg)
![95th percentile of reads](latency.svg)

${table(
  ["phase", "minutes", "requests", "failed", "around faults", "reads p50 / p95 / p99 ms", "writes p50 / p95 / p99 ms"],
  phases.map(({ phase, seconds: length, tally }) => [
    phase.name,
    (length / 60).toFixed(1),
    String(tally.requests),
    String(tally.failed),
    String(tally.underFault),
    ...(["read", "write"] as const).map((kind) =>
      [0.5, 0.95, 0.99].map((share) => tally.latencies[kind].quantile(share)).join(" / "),
    ),
  ]),
)}

${phases
  .map((result) => {
    const { phase, events, worst, tally } = result;
    const statuses = [...tally.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    return `## ${phase.name}

${phase.purpose}.

- answers by status: ${statuses.join(", ")} (0 is none); reads by source: ${sources(result)}
- most that was seen waiting: ${worst.stale} stale snapshots, ${worst.marking} courses being marked, ${worst.queued} messages
${events.map(({ at, text }) => `- after ${at} s: ${text}`).join("\n")}`;
  })
  .join("\n\n")}
${wrong.length === 0 ? "" : `\n## What was wrong\n\n${wrong.map((text) => `- ${text}`).join("\n")}\n`}`;
}
