import { type BenchOutcome, cell, spread, spreadCell } from "../lib/bench.ts";
import { MB, type Results, stagesOf, sum } from "./results.ts";
import type { Sizes } from "./scenarios.ts";

/** A rate is held only while its texts arrive: a backlog that is served at the end makes the same average. */
const LAST_MS = 500;
/** Asked for, milliseconds. */
const P95_MS = 200;
const P99_MS = 500;
/** Asked for: a publish with the most streams beside one with the fewest, CPU. */
const GROWTH = 1.2;
const BACK_S = 8;
/** Asked for beside the other build: memory of an idle stream, and CPU of a delivery. */
const IDLE_SHARE = 1 / 3;
const CPU_SHARE = 0.4;
/** Asked for of a stream over a socket, beside one of Server-Sent Events. */
const SOCKET_IDLE_SHARE = 1 / 8;

/** What was asked for, and what this build reached. */
export function targets(own: Results, sizes: Sizes, most: number): BenchOutcome["targets"] {
  const loads = own.live.flatMap(({ stages, unicast, broadcast, sustained }) => [
    ...stages.map((stage) => stage.unicast),
    ...unicast.slice(1),
    broadcast,
    sustained,
  ]);
  const lost = sum(loads, (load) => load.lost) + sum(own.restart, (run) => run.lost);
  const twice = sum(loads, (load) => load.duplicate) + sum(own.restart, (run) => run.duplicate);
  const p95 = spread(stagesOf(own, most).map(({ unicast }) => unicast.p95));
  const p99 = spread(stagesOf(own, most).map(({ unicast }) => unicast.p99));
  const faster = spread(own.live.map(({ unicast }) => unicast[1]?.p95 ?? Number.NaN));
  const cpuAt = (streams: number) => spread(stagesOf(own, streams).map(({ unicast }) => unicast.cpuPer1000)).median;
  const growth = cpuAt(most) / cpuAt(sizes.stages[0] ?? 0);
  const reached = spread(own.live.map(({ sustained }) => sustained.perSecond));
  const asked = sizes.sustained.perSecond * most;
  const last = spread(own.live.map(({ sustained }) => spread(sustained.lasts).high));
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
      what: `Delivery to one of ${cell(most)} users at ${cell(sizes.unicastRates[0] ?? 0)}/s, p95 and p99`,
      asked: `at most ${P95_MS} and ${P99_MS} ms`,
      measured: `${spreadCell(p95)} and ${spreadCell(p99)} ms`,
      met: p95.median <= P95_MS && p99.median <= P99_MS,
    },
    {
      what: `The same at ${cell(sizes.unicastRates[1] ?? 0)}/s, p95`,
      asked: `at most ${P95_MS} ms`,
      measured: `${spreadCell(faster)} ms`,
      met: faster.median <= P95_MS,
    },
    {
      what: `CPU of a delivery with ${cell(most)} streams beside ${cell(sizes.stages[0] ?? 0)}`,
      asked: `at most ${GROWTH} times`,
      measured: `${cell(growth)} times`,
      met: growth <= GROWTH,
    },
    {
      what: `Deliveries a second, ${sizes.sustained.perSecond} broadcasts a second to ${cell(most)}, for ${sizes.sustained.seconds} s`,
      asked: `at least ${cell(asked * 0.9)}, and the last of every one within ${cell(LAST_MS)} ms`,
      measured: `${spreadCell(reached)}; the last of the slowest after ${spreadCell(last)} ms`,
      met: reached.median >= asked * 0.9 && last.median < LAST_MS,
    },
    {
      what: `All ${cell(most)} streams back after a crash`,
      asked: `within ${BACK_S} s`,
      measured: `${spreadCell(back)} s`,
      met: back.median <= BACK_S && own.restart.every((run) => run.back >= run.streams),
    },
    {
      what: "Memory that a reader which never reads makes the server hold, beyond what storing its events takes",
      asked: `less than half of the ${cell(sizes.frozen.kilobytes / 1_000)} MB sent`,
      measured: `${spreadCell(held)} MB`,
      met: held.median < sizes.frozen.kilobytes / 1_000 / 2,
    },
  ];
}

/** What was asked for of sockets beside streams, of the other build if there is one. */
export function targetsOfSockets(sockets: Results, streams: Results): BenchOutcome["targets"] {
  const idle = (result: Results) => spread(result.idle.map(({ bytesPerStream }) => bytesPerStream)).median;
  const measured = idle(sockets) / idle(streams);
  return [
    {
      what: `Memory of an idle stream over a socket beside ${streams.name}`,
      asked: `at most ${cell(SOCKET_IDLE_SHARE)}`,
      measured: cell(measured),
      met: measured <= SOCKET_IDLE_SHARE,
    },
  ];
}

/** What was asked for beside another build. */
export function targetsAgainst(own: Results, before: Results, sizes: Sizes, most: number): BenchOutcome["targets"] {
  const share = (what: string, most: number, of: (result: Results) => number): BenchOutcome["targets"][number] => {
    const measured = of(own) / of(before);
    return { what, asked: `at most ${cell(most)}`, measured: cell(measured), met: measured <= most };
  };
  const rate = cell(sizes.unicastRates[0] ?? 0);
  return [
    share(
      `Memory of an idle stream beside ${before.name}`,
      IDLE_SHARE,
      (result) => spread(stagesOf(result, most).map(({ bytesPerStream }) => bytesPerStream)).median,
    ),
    share(
      `CPU of a delivery at ${rate}/s to ${cell(most)} streams beside ${before.name}`,
      CPU_SHARE,
      (result) => spread(stagesOf(result, most).map(({ unicast }) => unicast.cpuPer1000)).median,
    ),
  ];
}
