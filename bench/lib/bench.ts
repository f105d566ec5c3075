import type { Build } from "./builds.ts";

/** One benchmark: what it measures, and a bounded run of it. */
export interface Bench {
  /** Word for `--only`. */
  name: string;
  /** One line for the help text. */
  about: string;
  /** Whether it measures the build of `--against` too. */
  isComparing?: boolean;
  /** What it needs and this machine does not have, as a sentence; asked before anything is measured. */
  missing?(): string | null;
  run(context: BenchContext): Promise<BenchOutcome>;
}

export interface BenchContext {
  /** Small sizes and short loads: shows that the bench works, not what the product can do. */
  quick: boolean;
  /** Progress, one line at a time. */
  say(line: string): void;
  /** The build of the commit named by `--against`, measured in turn with this one by the benches that can. */
  against: Build | null;
  /** Keeps what a round has measured, so that a later fault does not lose it. */
  keep(part: string, measured: unknown): void;
}

export interface BenchOutcome {
  tables: Table[];
  /** Pictures for docs/design/bench/. */
  charts: Chart[];
  targets: Target[];
  /** What a reader must know to read the figures rightly, one sentence each. */
  notes: string[];
}

/** Cells are text, figures already rounded; see {@link cell}. */
export interface Table {
  title: string;
  columns: string[];
  rows: string[][];
}

/** A line chart with a point for each size, and bars for the spread where there is one. */
export interface Chart {
  /** File name without ending, in docs/design/bench/. */
  file: string;
  title: string;
  x: Axis;
  y: Axis;
  series: { name: string; points: Point[] }[];
}

export interface Axis {
  label: string;
  log?: boolean;
}

export interface Point {
  x: number;
  y: number;
  /** Least and most of the runs behind `y`. */
  low?: number;
  high?: number;
}

/** A figure that was asked for. */
export interface Target {
  what: string;
  asked: string;
  measured: string;
  met: boolean;
}

/** Least, median and most of several runs. */
export interface Spread {
  low: number;
  median: number;
  high: number;
}

/** @throws when there are no values. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[0];
  const high = sorted.at(-1);
  if (low === undefined || high === undefined) throw new Error("no runs");
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? high;
  const lower = sorted[Math.ceil(middle) - 1] ?? low;
  return { low, median: (lower + upper) / 2, high };
}

/** A figure with three significant digits: `1,230`, `12.3`, `0.0123`. */
export function cell(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** `median (low to high)`. */
export function spreadCell({ low, median, high }: Spread): string {
  return `${cell(median)} (${cell(low)} to ${cell(high)})`;
}
