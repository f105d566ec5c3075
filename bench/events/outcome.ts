import { type BenchOutcome, type Chart, cell, type Point, spread, spreadCell, type Table } from "../lib/bench.ts";
import { type Measured, quantile } from "./rig.ts";
import type { Frozen, Live, Restart, Sizes, Stage } from "./scenarios.ts";

/** Every run of one server. */
export interface Results {
  name: string;
  canResume: boolean;
  live: Live[];
  restart: Restart[];
  frozen: Frozen[];
}

const KB = 1_024;
const MB = 1_024 * 1_024;
/** A rate is held only while its texts arrive: a backlog that is served at the end makes the same average. */
const LAST_MS = 2_000;

/** Tables, pictures and targets of all runs. */
export function outcomeOf(results: readonly Results[], sizes: Sizes): BenchOutcome {
  const most = sizes.stages.at(-1) ?? 0;
  const own = results[0];
  if (own === undefined) throw new Error("nothing was measured");
  return {
    tables: [
      connecting(results, sizes),
      delivery(results, sizes, most),
      broadcasts(results, sizes, most),
      idle(results, most),
      restarts(results),
      frozen(results, sizes),
    ],
    charts: charts(results, sizes),
    targets: targets(own, sizes, most),
    notes: [
      "Server on one core, two reading processes and the publisher on the other; each text carries when it was due, so delays of publisher and reader count.",
      "Latchkey is published to in batches every 10 ms and stores each event before it is sent; nchan keeps texts in memory, better-sse keeps none. State lies in the directory for temporary files.",
      "Resident memory and CPU are workerd's, nginx's and Node's alone; per stream, Latchkey's includes the user's object with its SQLite database, which elsewhere sleeps.",
      "After the kill, publishers repeat what was not answered; lost is what never arrived although its publisher was told that it was taken.",
      "The local runtime plays the part of the edge in one process: figures of one core, not of the platform.",
    ],
  };
}

function connecting(results: readonly Results[], sizes: Sizes): Table {
  return {
    title: "Opening streams, 50 at a time",
    columns: ["", "streams", "a second", "token p50 / p95 / p99 ms", "connect p50 / p95 / p99 ms", "failed"],
    rows: results.flatMap((result) =>
      sizes.stages.map((streams) => {
        const stages = stagesOf(result, streams);
        return [
          result.name,
          cell(streams),
          over(stages, ({ perSecond }) => perSecond),
          result.name === "latchkey" ? quantiles(stages.map(({ tokenMs }) => tokenMs)) : "-",
          quantiles(stages.map(({ connectMs }) => connectMs)),
          String(stages.reduce((sum, { failed }) => sum + failed, 0)),
        ];
      }),
    ),
  };
}

function delivery(results: readonly Results[], sizes: Sizes, most: number): Table {
  const rate = sizes.unicastRates[0] ?? 0;
  const rowOf = (name: string, streams: number, asked: number, loads: readonly Measured[]) => [
    name,
    cell(streams),
    cell(asked),
    over(loads, ({ perSecond }) => perSecond),
    over(loads, ({ p50 }) => p50),
    over(loads, ({ p95 }) => p95),
    over(loads, ({ p99 }) => p99),
    over(loads, ({ cpuPer1000 }) => cpuPer1000),
    total(loads, ({ lost }) => lost),
    total(loads, ({ duplicate }) => duplicate),
    total(loads, ({ back }) => back),
  ];
  return {
    title: "To one user each, from publishing to the reader",
    columns: [
      "",
      "streams",
      "asked/s",
      "reached/s",
      "p50 ms",
      "p95 ms",
      "p99 ms",
      "CPU s per 1,000",
      "lost",
      "twice",
      "came back",
    ],
    rows: results.flatMap((result) => [
      ...sizes.stages.map((streams) => {
        const loads = stagesOf(result, streams).map(({ unicast }) => unicast);
        return rowOf(result.name, streams, rate, loads);
      }),
      ...sizes.unicastRates.slice(1).map((asked, at) => {
        const loads = result.live.flatMap(({ unicast }) => unicast[at + 1] ?? []);
        return rowOf(result.name, most, asked, loads);
      }),
    ]),
  };
}

function broadcasts(results: readonly Results[], sizes: Sizes, most: number): Table {
  const { perSecond } = sizes.sustained;
  return {
    title: `To all ${cell(most)} streams`,
    columns: [
      "",
      "broadcasts/s",
      "asked/s",
      "reached/s",
      "last one p50 ms",
      "worst ms",
      "p50 ms",
      "p99 ms",
      "CPU s per 1,000",
      "lost",
      "twice",
      "came back",
    ],
    rows: results.flatMap(({ name, live }) =>
      [
        { rate: 1, loads: live.map(({ broadcast }) => broadcast) },
        { rate: perSecond, loads: live.map(({ sustained }) => sustained) },
      ].map(({ rate, loads }) => [
        name,
        cell(rate),
        cell(rate * most),
        over(loads, ({ perSecond }) => perSecond),
        over(loads, ({ lasts }) => spread(lasts).median),
        over(loads, ({ lasts }) => spread(lasts).high),
        over(loads, ({ p50 }) => p50),
        over(loads, ({ p99 }) => p99),
        over(loads, ({ cpuPer1000 }) => cpuPer1000),
        total(loads, ({ lost }) => lost),
        total(loads, ({ duplicate }) => duplicate),
        total(loads, ({ back }) => back),
      ]),
    ),
  };
}

function idle(results: readonly Results[], most: number): Table {
  return {
    title: `What ${cell(most)} idle streams cost`,
    columns: ["", "KB for each stream", "CPU ms a second for 1,000 streams"],
    rows: results.map((result) => [
      result.name,
      over(stagesOf(result, most), ({ bytesPerStream }) => bytesPerStream / KB),
      over(result.live, ({ idleCpuMs }) => idleCpuMs),
    ]),
  };
}

function restarts(results: readonly Results[]): Table {
  return {
    title: "SIGKILL under load, then everybody comes back",
    columns: ["", "streams", "back", "server down ms", "all back after ms", "lost", "twice", "resets"],
    rows: results.map(({ name, canResume, restart }) => [
      name,
      cell(restart[0]?.streams ?? 0),
      over(restart, ({ back }) => back),
      over(restart, ({ downMs }) => downMs),
      over(restart, ({ backMs }) => backMs),
      `${total(restart, ({ lost }) => lost)}${canResume ? "" : " (cannot resume)"}`,
      total(restart, ({ duplicate }) => duplicate),
      total(restart, ({ resets }) => resets),
    ]),
  };
}

function frozen(results: readonly Results[], sizes: Sizes): Table {
  return {
    title: `A reader that never reads, sent ${cell(sizes.frozen.kilobytes / 1_000)} MB, beside ${sizes.frozen.others} others`,
    columns: [
      "",
      "grown MB, sent to nobody",
      "grown MB, to the reader",
      "others p99 ms alone",
      "p99 ms beside nobody",
      "p99 ms beside the reader",
      "others lost",
    ],
    rows: results.map(({ name, frozen: runs }) => [
      name,
      over(runs, ({ nobody }) => nobody.grownBytes / MB),
      over(runs, (run) => run.frozen.grownBytes / MB),
      over(runs, ({ aloneP99 }) => aloneP99),
      over(runs, ({ nobody }) => nobody.p99),
      over(runs, (run) => run.frozen.p99),
      total(runs, (run) => run.nobody.lost + run.frozen.lost),
    ]),
  };
}

function charts(results: readonly Results[], sizes: Sizes): Chart[] {
  const rates = sizes.unicastRates;
  return [
    {
      file: "events-latency",
      title: "Delivery to one of 2,000 users, p99",
      x: { label: "deliveries a second", log: true },
      y: { label: "milliseconds", log: true },
      series: results.map(({ name, live }) => ({
        name,
        points: rates.map((x, at) =>
          point(
            x,
            live.map(({ unicast }) => unicast[at]?.p99 ?? Number.NaN),
          ),
        ),
      })),
    },
    {
      file: "events-broadcast",
      title: "One broadcast, time to the last of 2,000",
      x: { label: "broadcasts a second" },
      y: { label: "milliseconds, median of the broadcasts" },
      series: results.map(({ name, live }) => ({
        name,
        points: [
          point(
            1,
            live.map(({ broadcast }) => spread(broadcast.lasts).median),
          ),
          point(
            sizes.sustained.perSecond,
            live.map(({ sustained }) => spread(sustained.lasts).median),
          ),
        ],
      })),
    },
    {
      file: "events-memory",
      title: "Memory for each stream",
      x: { label: "streams" },
      y: { label: "kilobytes" },
      series: results.map((result) => ({
        name: result.name,
        points: sizes.stages.map((streams) =>
          point(
            streams,
            stagesOf(result, streams).map(({ bytesPerStream }) => bytesPerStream / KB),
          ),
        ),
      })),
    },
  ];
}

function targets(own: Results, sizes: Sizes, most: number): BenchOutcome["targets"] {
  const loads = own.live.flatMap(({ stages, unicast, broadcast, sustained }) => [
    ...stages.map((stage) => stage.unicast),
    ...unicast.slice(1),
    broadcast,
    sustained,
  ]);
  const lost = sum(loads, (load) => load.lost) + sum(own.restart, (run) => run.lost);
  const twice = sum(loads, (load) => load.duplicate) + sum(own.restart, (run) => run.duplicate);
  const p99 = spread(stagesOf(own, most).map(({ unicast }) => unicast.p99));
  const reached = spread(own.live.map(({ sustained }) => sustained.perSecond));
  const asked = sizes.sustained.perSecond * most;
  const last = spread(own.live.map(({ sustained }) => spread(sustained.lasts).median));
  const back = spread(own.restart.map(({ backMs }) => backMs / 1_000));
  const held = spread(own.frozen.map(({ nobody, frozen }) => (frozen.grownBytes - nobody.grownBytes) / MB));
  return [
    {
      what: `Streams open at the same time`,
      asked: cell(most),
      measured: cell(
        most -
          sum(
            own.live.flatMap(({ stages }) => stages),
            ({ failed }) => failed,
          ),
      ),
      met: own.live.every(({ stages }) => stages.every(({ failed }) => failed === 0)),
    },
    {
      what: "Events lost or sent twice, in all loads and crashes",
      asked: "0",
      measured: `${lost} and ${twice}`,
      met: lost === 0 && twice === 0,
    },
    {
      what: `Delivery to one of ${cell(most)} users at ${cell(sizes.unicastRates[0] ?? 0)}/s, p99`,
      asked: "under 500 ms",
      measured: `${spreadCell(p99)} ms`,
      met: p99.median < 500,
    },
    {
      what: `Deliveries a second, ${sizes.sustained.perSecond} broadcasts a second to ${cell(most)}`,
      asked: `at least ${cell(asked * 0.9)}, and the last of each within ${cell(LAST_MS)} ms`,
      measured: `${spreadCell(reached)}; the last of each after ${spreadCell(last)} ms`,
      met: reached.median >= asked * 0.9 && last.median < LAST_MS,
    },
    {
      what: `All ${cell(most)} streams back after a crash`,
      asked: "within 60 s",
      measured: `${spreadCell(back)} s`,
      met: back.median < 60 && own.restart.every((run) => run.back >= run.streams),
    },
    {
      what: "Memory that a reader which never reads makes the server hold, beyond what storing its events takes",
      asked: `less than half of the ${cell(sizes.frozen.kilobytes / 1_000)} MB sent`,
      measured: `${spreadCell(held)} MB`,
      met: held.median < sizes.frozen.kilobytes / 1_000 / 2,
    },
  ];
}

function stagesOf({ live }: Results, streams: number): Stage[] {
  return live.flatMap(({ stages }) => stages.filter((stage) => stage.streams === streams));
}

function over<T>(runs: readonly T[], of: (run: T) => number): string {
  return spreadCell(spread(runs.map(of)));
}

function sum<T>(runs: readonly T[], of: (run: T) => number): number {
  return runs.reduce((all, run) => all + of(run), 0);
}

function total<T>(runs: readonly T[], of: (run: T) => number): string {
  return cell(sum(runs, of));
}

/** Medians of the runs' quantiles. */
function quantiles(runs: readonly (readonly number[])[]): string {
  const sorted = runs.map((values) => [...values].sort((a, b) => a - b));
  return [0.5, 0.95, 0.99]
    .map((share) => cell(spread(sorted.map((values) => quantile(values, share))).median))
    .join(" / ");
}

function point(x: number, values: readonly number[]): Point {
  const { median, low, high } = spread(values);
  return { x, y: median, low, high };
}
