import { cell, type Point, spread, spreadCell } from "../lib/bench.ts";
import type { Address } from "./protocol.ts";
import { quantile } from "./rig.ts";
import type { Frozen, Idle, Live, Restart, Stage } from "./scenarios.ts";

export const MB = 1_024 * 1_024;

/** Every run of one server. */
export interface Results {
  name: string;
  kind: Address["kind"];
  canResume: boolean;
  live: Live[];
  idle: Idle[];
  restart: Restart[];
  frozen: Frozen[];
}

/** The stage of every round with so many streams. */
export function stagesOf({ live }: Results, streams: number): Stage[] {
  return live.flatMap(({ stages }) => stages.filter((stage) => stage.streams === streams));
}

/** Median, least and most of one figure. */
export function over<T>(runs: readonly T[], of: (run: T) => number): string {
  return spreadCell(spread(runs.map(of)));
}

/** One figure of all runs together. */
export function sum<T>(runs: readonly T[], of: (run: T) => number): number {
  return runs.reduce((all, run) => all + of(run), 0);
}

/** The same, as a cell. */
export function total<T>(runs: readonly T[], of: (run: T) => number): string {
  return cell(sum(runs, of));
}

/** Medians of the runs' quantiles. */
export function quantiles(runs: readonly (readonly number[])[]): string {
  const sorted = runs.map((values) => [...values].sort((a, b) => a - b));
  return [0.5, 0.95, 0.99]
    .map((share) => cell(spread(sorted.map((values) => quantile(values, share))).median))
    .join(" / ");
}

/** A point with its spread. */
export function point(x: number, values: readonly number[]): Point {
  const { median, low, high } = spread(values);
  return { x, y: median, low, high };
}
