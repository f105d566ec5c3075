import { type BenchOutcome, type Chart, cell, spread, type Table } from "../lib/bench.ts";
import { MB, over, point, quantiles, type Results, stagesOf, total } from "./results.ts";
import type { Measured } from "./rig.ts";
import type { Sizes } from "./scenarios.ts";
import { targets, targetsAgainst, targetsOfSockets } from "./targets.ts";

const KB = 1_024;

/**
 * Tables, pictures and targets of all runs.
 * @param faults parts that failed, a sentence each.
 * @throws when Latchkey has no whole round.
 */
export function outcomeOf(all: readonly Results[], sizes: Sizes, faults: readonly string[]): BenchOutcome {
  const most = sizes.stages.at(-1) ?? 0;
  // Who has no whole round has no figures.
  const results = all.filter(
    ({ live, idle, restart, frozen }) => Math.min(live.length, idle.length, restart.length, frozen.length) > 0,
  );
  const own = results.find(({ name }) => name === "latchkey");
  if (own === undefined) throw new Error(`nothing was measured: ${faults.join("; ")}`);
  const sockets = results.find(({ name }) => name === "latchkey, sockets");
  const before = results.find(({ name, kind }) => kind === "latchkey" && name !== own.name && name !== sockets?.name);
  return {
    tables: [
      connecting(results, sizes),
      delivery(results, sizes, most),
      broadcasts(results, sizes, most),
      idle(results, sizes, most),
      restarts(results),
      frozen(results, sizes),
    ],
    charts: charts(results, sizes),
    targets: [
      ...targets(own, sizes, most),
      ...(sockets === undefined ? [] : targetsOfSockets(sockets, before ?? own)),
      ...(before === undefined ? [] : targetsAgainst(own, before, sizes, most)),
    ],
    notes: [
      ...faults,
      "Server on one core, two reading processes and the publisher on the other; each text carries when it was due, so delays of publisher and reader count.",
      "Latchkey is published to in batches every 10 ms and stores each event before it is sent; nchan keeps texts in memory, better-sse keeps none. State lies in the directory for temporary files.",
      "Resident memory and CPU are workerd's, nginx's and Node's alone; per stream, Latchkey's includes the user's object with its SQLite database, which elsewhere sleeps.",
      "After the kill, publishers repeat what was not answered; lost is what never arrived although its publisher had the answer that it was taken.",
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
          result.kind === "latchkey" ? quantiles(stages.map(({ tokenMs }) => tokenMs)) : "-",
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

function idle(results: readonly Results[], sizes: Sizes, most: number): Table {
  return {
    title: "What idle streams cost",
    columns: [
      "",
      `KB for each from ${cell(sizes.idle.from)} to ${cell(sizes.idle.to)}, asleep`,
      `KB for each of ${cell(most)}, just opened`,
      "CPU ms a second for 1,000 streams",
    ],
    rows: results.map((result) => [
      result.name,
      over(result.idle, ({ bytesPerStream }) => bytesPerStream / KB),
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
