// Over 350 lines: each shape of a course is measured the same way.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  compile,
  evaluate,
  type Fact,
  layOut,
  NO_FACT,
  type Program,
  reevaluate,
  setFact,
} from "../src/unlock/index.ts";
import { type Runner, type Timings, timeInTurn } from "./engine-clock.ts";
import { type EngineCourse, engineCourse, HUB_DEPENDENTS, NOW, USUAL_DEPENDENTS } from "./engine-course.ts";
import { compiledLogic, type FullEvaluation, interpretedLogic, rulesEngine } from "./engine-peers.ts";
import {
  type Bench,
  type BenchContext,
  type BenchOutcome,
  type Chart,
  cell,
  type Point,
  spread,
  spreadCell,
  type Table,
  type Target,
} from "./lib/bench.ts";

const SIZES = [50, 500, 5_000, 50_000];
const QUICK_SIZES = [50, 500];
/** Costs at other sizes are compared with those at this one. */
const BASE_SIZE = 500;
const ROUNDS = 7;
const QUICK_ROUNDS = 5;
const WARM_UP_MS = 500;
/** A function per rule takes longer to be optimised when there are thousands. */
const LONG_WARM_UP_MS = 4_000;
const MANY_ITEMS = 5_000;
/** Items whose facts change in turn, so that it is not always the same few bytes that are touched. */
const CHANGED_ITEMS = 32;
/** A peer whose one evaluation takes longer than this is timed in fewer rounds. */
const SLOW_MS = 500;
const SLOW_ROUNDS = 3;
/** Targets. */
const MOST_INCREMENTAL_GROWTH = 3;
const LEAST_PEER_RATIO = 10;
const MOST_GROWTH_PER_ITEM = 2;

const OWN = "Latchkey";
const INTERPRETED = "json-logic-engine, interpreted";
const COMPILED = "json-logic-engine, compiled";
const RULES = "json-rules-engine";
/** The engines that run in a Worker: workerd makes no code from text, which is what compiled JsonLogic is. */
const RUN_IN_WORKERS = [INTERPRETED, RULES];

interface Case extends EngineCourse {
  size: number;
  program: Program;
}

export const engineBench: Bench = {
  name: "engine",
  about: "the pure unlock engine beside json-logic-engine and json-rules-engine, from 50 to 50,000 items",
  async run(context) {
    const cases = (context.quick ? QUICK_SIZES : SIZES).map((size): Case => {
      const course = engineCourse(size);
      return { ...course, size, program: compile(course.outline) };
    });
    const rounds = context.quick ? QUICK_ROUNDS : ROUNDS;
    // What is compared across sizes is measured across sizes, before the peers fill the heap.
    const compiling = measureCompile(cases, context);
    context.say("incremental and full evaluation, all sizes in turn");
    const own = await timeInTurn(cases.flatMap(ownRunners), rounds);
    const beside: Timings[] = [];
    for (const one of cases) beside.push(await measurePeers(one, rounds, context));
    return report(cases, own, beside, compiling);
  },
};

const fullName = (size: number) => `full ${size}`;
const changeName = (dependents: number, size: number) => `change ${dependents} ${size}`;

/** Latchkey alone: a full evaluation, and one new fact on an item with few and with many dependents. */
function ownRunners(one: Case): Runner[] {
  const { size } = one;
  return [
    { name: fullName(size), warmUpMs: WARM_UP_MS, work: fullEvaluation(one) },
    ...[USUAL_DEPENDENTS, HUB_DEPENDENTS].map((dependents) => ({
      name: changeName(dependents, size),
      warmUpMs: WARM_UP_MS,
      work: factByFact(one, dependents),
    })),
  ];
}

function fullEvaluation({ program, record }: Case): (times: number) => Uint8Array {
  const learner = layOut(program, record);
  return (times) => {
    let { open } = evaluate(program, learner, NOW);
    for (let time = 1; time < times; time += 1) ({ open } = evaluate(program, learner, NOW));
    return open;
  };
}

/** What an enrollment does with one fact, on items of so many dependents in turn: done, and the next time undone. */
function factByFact({ program, record, size }: Case, dependents: number): (times: number) => Uint8Array {
  const learner = layOut(program, record);
  const evaluation = evaluate(program, learner, NOW);
  const ids = spreadOut(itemsWith(program, dependents)).map((item) => program.ids[item] ?? "");
  if (ids.length === 0) throw new Error(`the course of ${size} has no item with ${dependents} dependents`);
  const done: Fact = { attempted_at: NOW, completed_at: NOW, best_score: 100 };
  let turn = 0;
  return (times) => {
    for (let time = 0; time < times; time += 1) {
      const id = ids[turn % ids.length] ?? "";
      const isDone = Math.floor(turn / ids.length) % 2 === 0;
      const changes = setFact(program, learner, id, isDone ? done : NO_FACT);
      if (changes.length === 0) throw new Error(`no item ${id}`);
      reevaluate(program, learner, evaluation, changes, NOW);
      turn += 1;
    }
    return evaluation.open;
  };
}

/** Items that exactly so many others wait for; of few dependents, none that is or moves a whole chapter. */
function itemsWith({ dependents, chapterCount, size }: Program, count: number): number[] {
  const isHub = count === HUB_DEPENDENTS;
  return [...Array(size).keys()].filter((item) => {
    const list = dependents[item] ?? [];
    return list.length === count + 1 && (isHub || list.every((dependent) => dependent >= chapterCount));
  });
}

function spreadOut(items: readonly number[]): number[] {
  const step = Math.max(1, items.length / CHANGED_ITEMS);
  return items.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step));
}

/** Latchkey and the peers on one course, in turn. @throws when one of them gives another answer for any item. */
async function measurePeers(one: Case, rounds: number, { say }: BenchContext): Promise<Timings> {
  const { program, record, size } = one;
  const warmUpMs = size >= MANY_ITEMS ? LONG_WARM_UP_MS : WARM_UP_MS;
  const expected = evaluate(program, layOut(program, record), NOW).open;
  const engines: [string, FullEvaluation][] = [
    [OWN, fullEvaluation(one)],
    [INTERPRETED, interpretedLogic(program, record)],
    [COMPILED, compiledLogic(program, record)],
    [RULES, rulesEngine(program, record)],
  ];
  const quickOnes: Runner[] = [];
  const slowOnes: Runner[] = [];
  for (const [name, work] of engines) {
    const start = performance.now();
    const answer = await work(1);
    const isSlow = performance.now() - start > SLOW_MS;
    const differs = expected.findIndex((open, item) => answer[item] !== open);
    if (differs >= 0 || answer.length !== expected.length) {
      throw new Error(`${name} differs from ${OWN} on ${program.ids[differs]} of ${size} items`);
    }
    if (isSlow) slowOnes.push({ name, work, warmUpMs: 0 });
    else quickOnes.push({ name, work, warmUpMs });
  }
  say(`${size} items: all four agree on every item; full evaluation in turn`);
  return new Map([
    ...(await timeInTurn(quickOnes, rounds)),
    ...(await timeInTurn(slowOnes, Math.min(rounds, SLOW_ROUNDS))),
  ]);
}

interface Compiling {
  size: number;
  /** Microseconds an item. */
  time: number[];
  /** Bytes an item, beyond the outline. */
  memory: number;
}

/** Compiles each course several times, and weighs what that leaves in memory. */
function measureCompile(cases: readonly Case[], { say }: BenchContext): Compiling[] {
  say("compiling");
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("no garbage collector to call");
  const weigh = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  return cases.map(({ outline, size }) => {
    const repeats = Math.max(ROUNDS, Math.ceil(MANY_ITEMS / size));
    const time: number[] = [];
    const kept: Program[] = [];
    const before = weigh();
    for (let at = 0; at < repeats; at += 1) {
      const start = performance.now();
      kept.push(compile(outline));
      time.push(((performance.now() - start) * 1e3) / size);
    }
    const memory = (weigh() - before) / kept.length / size;
    return { size, time, memory };
  });
}

function report(
  cases: readonly Case[],
  own: Timings,
  beside: readonly Timings[],
  compiling: readonly Compiling[],
): BenchOutcome {
  const of = (timings: Timings | undefined, name: string) => timings?.get(name) ?? [];
  const sizes = cases.map(({ size }) => size);
  const largest = sizes.at(-1) ?? BASE_SIZE;
  const base = largest === BASE_SIZE ? (sizes[0] ?? BASE_SIZE) : BASE_SIZE;
  const growth = (name: (size: number) => string) => {
    const small = of(own, name(base));
    return spread(of(own, name(largest)).map((time, round) => time / (small[round] ?? Number.NaN)));
  };
  const grew = {
    few: growth((size) => changeName(USUAL_DEPENDENTS, size)),
    many: growth((size) => changeName(HUB_DEPENDENTS, size)),
  };
  const perItem = growth(fullName);
  const linear = {
    low: (perItem.low * base) / largest,
    median: (perItem.median * base) / largest,
    high: (perItem.high * base) / largest,
  };
  const fastest = (names: readonly string[]) => sizes.map((size, at) => ratioToFastest(beside[at], names, size));
  const all = fastest([INTERPRETED, COMPILED, RULES]);
  const inWorkers = fastest(RUN_IN_WORKERS);
  return {
    tables: [fullTable(sizes, beside), incrementalTable(sizes, own), compileTable(compiling)],
    charts: [fullChart(sizes, beside), incrementalChart(sizes, own)],
    targets: [
      growthTarget(USUAL_DEPENDENTS, base, largest, grew.few),
      growthTarget(HUB_DEPENDENTS, base, largest, grew.many),
      peerTarget("any peer, compiled to JavaScript included", all),
      peerTarget("any peer that runs in a Worker", inWorkers),
      {
        what: `Full evaluation: time an item at ${cell(largest)} items beside ${cell(base)}`,
        asked: `at most ${MOST_GROWTH_PER_ITEM} times`,
        measured: `${spreadCell(linear)} times`,
        met: linear.median <= MOST_GROWTH_PER_ITEM,
      },
    ],
    notes: NOTES,
  };
}

interface PeerRatio {
  size: number;
  peer: string;
  /** How many times as long the peer takes: median of the rounds' ratios. */
  ratio: number;
}

function ratioToFastest(timings: Timings | undefined, names: readonly string[], size: number): PeerRatio {
  const own = spread(timings?.get(OWN) ?? []).median;
  const ratios = names.map((peer) => ({ size, peer, ratio: spread(timings?.get(peer) ?? []).median / own }));
  return ratios.reduce((best, next) => (next.ratio < best.ratio ? next : best));
}

function peerTarget(whom: string, ratios: readonly PeerRatio[]): Target {
  return {
    what: `Full evaluation beside the fastest of ${whom}`,
    asked: `at least ${LEAST_PEER_RATIO} times as fast at each size`,
    measured: ratios.map(({ size, peer, ratio }) => `${cell(size)}: ${cell(ratio)} (${peer})`).join("; "),
    met: ratios.every(({ ratio }) => ratio >= LEAST_PEER_RATIO),
  };
}

function growthTarget(dependents: number, base: number, largest: number, grew: ReturnType<typeof spread>): Target {
  return {
    what: `One fact with ${dependents} dependents: time at ${cell(largest)} items beside ${cell(base)}`,
    asked: `at most ${MOST_INCREMENTAL_GROWTH} times`,
    measured: `${spreadCell(grew)} times`,
    met: grew.median <= MOST_INCREMENTAL_GROWTH,
  };
}

const ENGINES = [OWN, INTERPRETED, COMPILED, RULES];

function fullTable(sizes: readonly number[], beside: readonly Timings[]): Table {
  return {
    title: "Full evaluation, microseconds: median (least to most)",
    columns: ["items", ...ENGINES],
    rows: sizes.map((size, at) => [
      cell(size),
      ...ENGINES.map((name) => spreadCell(spread((beside[at]?.get(name) ?? []).map((time) => time / 1e3)))),
    ]),
  };
}

function incrementalTable(sizes: readonly number[], own: Timings): Table {
  const micros = (name: string) => spreadCell(spread((own.get(name) ?? []).map((time) => time / 1e3)));
  return {
    title: "Latchkey: one new fact, and a full evaluation beside it, microseconds: median (least to most)",
    columns: [
      "items",
      `${USUAL_DEPENDENTS} dependents`,
      `${HUB_DEPENDENTS} dependents, among them chapters' problems`,
      "full",
      "full, nanoseconds an item",
    ],
    rows: sizes.map((size) => [
      cell(size),
      micros(changeName(USUAL_DEPENDENTS, size)),
      micros(changeName(HUB_DEPENDENTS, size)),
      micros(fullName(size)),
      spreadCell(spread((own.get(fullName(size)) ?? []).map((time) => time / size))),
    ]),
  };
}

function compileTable(compiling: readonly Compiling[]): Table {
  return {
    title: "Compiling, and what is kept",
    columns: ["items", "compile, microseconds an item", "program in memory, bytes an item", "stored snapshot, bytes"],
    rows: compiling.map(({ size, time, memory }) => [cell(size), spreadCell(spread(time)), cell(memory), cell(size)]),
  };
}

function points(sizes: readonly number[], times: (size: number, at: number) => readonly number[]): Point[] {
  return sizes.map((size, at) => {
    const { low, median, high } = spread(times(size, at).map((time) => time / 1e3));
    return { x: size, y: median, low, high };
  });
}

function fullChart(sizes: readonly number[], beside: readonly Timings[]): Chart {
  return {
    file: "engine-full",
    title: "Full evaluation of one learner",
    x: { label: "items in the course", log: true },
    y: { label: "microseconds", log: true },
    series: ENGINES.map((name) => ({ name, points: points(sizes, (_, at) => beside[at]?.get(name) ?? []) })),
  };
}

function incrementalChart(sizes: readonly number[], own: Timings): Chart {
  const series = (name: string, key: (size: number) => string) => ({
    name,
    points: points(sizes, (size) => own.get(key(size)) ?? []),
  });
  return {
    file: "engine-incremental",
    title: "One new fact of one learner",
    x: { label: "items in the course", log: true },
    y: { label: "microseconds", log: true },
    series: [
      series(`${USUAL_DEPENDENTS} dependents`, (size) => changeName(USUAL_DEPENDENTS, size)),
      series(`${HUB_DEPENDENTS} dependents`, (size) => changeName(HUB_DEPENDENTS, size)),
      series("full evaluation", fullName),
    ],
  };
}

const NOTES = [
  "The course: blocks of 5 chapters with 9 problems each; every rule names three earlier items, with all thirteen operators in shares that a course could have; the learner has done nearly all of the first half and hardly anything of the second.",
  "Before any timing every engine's open or locked answer is compared with Latchkey's for every item at every size; a difference ends the benchmark.",
  "Latchkey computes more than it is compared for: besides open, what is visible, what the rules alone earned, and when time will next change anything. It allocates its result each time; the peers write theirs into one array.",
  "The peers know no chapters: a problem's chapter is asked by the benchmark, and JsonLogic rules in a locked chapter are not run at all.",
  'json-logic-engine gets plain arrays by item number, laid out beforehand, and rules translated beforehand: `val` to read, "n of m" and progress as a sum. Interpreted is `run` on rules it has seen twice, because it stops caching its plans after 500 unknown ones in a row; with thousands of rules its speed differs up to fivefold from one process to the next. Compiled is `build` once, one function a rule.',
  "Compiled JsonLogic is text that becomes code, which workerd refuses while it serves; it is shown as what a hand-written function costs, not as something that could be used here.",
  'json-rules-engine gets its engine and rules once, facts as uncached constants, progress as a function, "n of m" written out, and is asked for all rules in one run. It is asynchronous throughout and copies each rule into its result. One run longer than half a second is timed in 3 rounds.',
  "One new fact is what an enrollment does in memory: the fact is written into the layout and the evaluation updated in place; up to 32 items in turn, spread over the course, each done and later undone.",
  "Linear is judged by the time an item, all sizes in turn in one process. At 50,000 items what is read no longer fits the nearest caches; at 50 the fixed cost of a call weighs, and most of the course is open, so more rules are run.",
  "The stored snapshot is one digit an item (`pack` in src/enrollment/packed.ts); documents have at most 5,000 items, so 50,000 is beyond what is served.",
];
