import { sigmoid } from "../../../src/insight/logistic.ts";
import { auc } from "../../../src/insight/metrics.ts";
import type { ModelOptions } from "../../../src/insight/model.ts";
import {
  judgeStage,
  type LabelledTable,
  labelledTable,
  modulesOf,
  plainProbabilities,
  rowsWhere,
  sharesOf,
  trainStage,
} from "../../../src/insight/training.ts";
import type { CourseFacts } from "../../../src/insight/world.ts";

/** What is held out in turn: each course, each period, or each fifth of the learners of every course. */
export const LEFT_OUT = ["course", "period", "fifth"] as const;
export type LeftOut = (typeof LEFT_OUT)[number];

/** How much better than the plain model, in AUC, on rows that neither had learnt from. */
export interface LeaveOutReport {
  share: number;
  learners: number;
  plain: number;
  model: number;
  gain: number;
  /** Mean of the gains within each course: without what distinguishes courses. */
  gainWithin: number;
  /** The model's gain if it knew what share of each course will pass, which nobody can know: not reachable. */
  gainKnownRates: number;
}

interface Row {
  course: string;
  label: number;
  plain: number;
  model: number;
}

interface Fold {
  train: LabelledTable[];
  held: LabelledTable[];
}

const FIFTHS = 5;

/**
 * Holds out one part after the other, trains model and plain model on the rest, and judges both on all that was held out.
 * What is chosen by this has not seen the period it will be tested on.
 *
 * @param courses cleaned courses of the training periods.
 * @returns null when there is only one such part, so that nothing would be left to learn from.
 */
export function leaveOut(
  courses: readonly CourseFacts[],
  leftOut: LeftOut,
  blend: number,
  options: ModelOptions,
  progress: (part: string) => void,
): LeaveOutReport[] | null {
  const parts = new Set(courses.map(({ course, period }) => (leftOut === "period" ? period : course)));
  if (parts.size < (leftOut === "fifth" ? 1 : 2)) return null;
  return options.stages.map((share) => {
    const tables = courses.flatMap((course) => sharesOf(share, options).map((at) => labelledTable(course, at)));
    const folds = foldsOf(tables, leftOut);
    const rows = folds.flatMap(({ train, held }, at) => {
      const modules = modulesOf(train);
      const stage = trainStage(share, train, modules, options);
      const learnt = train.filter((table) => table.share === share);
      progress(`${Math.round(share * 100)} %: ${at + 1} of ${folds.length} left out`);
      return held
        .filter((table) => table.share === share)
        .flatMap((table): Row[] => {
          const { probabilities, labels } = judgeStage(stage, blend, [table], modules);
          const plain = plainProbabilities(learnt, [table]).probabilities;
          return labels.map((label, row) => ({
            course: table.table.course,
            label,
            plain: logOdds(plain[row] ?? 0.5),
            model: logOdds(probabilities[row] ?? 0.5),
          }));
        });
    });
    return reportOf(share, rows);
  });
}

function foldsOf(tables: readonly LabelledTable[], leftOut: LeftOut): Fold[] {
  if (leftOut === "fifth") {
    return Array.from({ length: FIFTHS }, (_, part): Fold => {
      const isHeld = (hash: number) => Math.floor(hash * FIFTHS) === part;
      return {
        train: tables.map((table) => rowsWhere(table, (hash) => !isHeld(hash))),
        held: tables.map((table) => rowsWhere(table, isHeld)),
      };
    });
  }
  const nameOf = ({ table, period }: LabelledTable) => (leftOut === "course" ? table.course : period);
  return [...new Set(tables.map(nameOf))].map((name) => ({
    train: tables.filter((table) => nameOf(table) !== name),
    held: tables.filter((table) => nameOf(table) === name),
  }));
}

function reportOf(share: number, rows: readonly Row[]): LeaveOutReport {
  const courses = [...new Set(rows.map(({ course }) => course))].map((name) =>
    rows.filter(({ course }) => course === name),
  );
  const withRates = courses.flatMap((course) => {
    const shift = shiftToRate(course);
    return course.map((row) => ({ ...row, model: row.model + shift }));
  });
  const plain = aucOf(rows, "plain");
  const model = aucOf(rows, "model");
  const within = courses.map((course) => aucOf(course, "model") - aucOf(course, "plain"));
  return {
    share,
    learners: rows.length,
    plain,
    model,
    gain: model - plain,
    gainWithin: within.reduce((sum, gain) => sum + gain, 0) / within.length,
    gainKnownRates: aucOf(withRates, "model") - plain,
  };
}

function aucOf(rows: readonly Row[], which: "plain" | "model"): number {
  const scores = rows.map((row) => row[which]);
  const labels = rows.map(({ label }) => label);
  return auc(scores, labels).value;
}

/** What must be added to the log-odds of a course so that their mean probability is the share that passed; by halving. */
function shiftToRate(course: readonly Row[]): number {
  const rate = course.filter(({ label }) => label === 1).length / course.length;
  let low = -8;
  let high = 8;
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    const mean = course.reduce((sum, { model }) => sum + sigmoid(model + middle), 0) / course.length;
    if (mean < rate) low = middle;
    else high = middle;
  }
  return low;
}

function logOdds(probability: number): number {
  const held = Math.min(Math.max(probability, 1e-12), 1 - 1e-12);
  return Math.log(held / (1 - held));
}

/** The report as text for a terminal. */
export function leaveOutTable(leftOut: LeftOut, reports: readonly LeaveOutReport[]): string {
  const signed = (gain: number) => `${gain >= 0 ? "+" : ""}${gain.toFixed(4)}`;
  const lines = reports.map(({ share, learners, plain, model, gain, gainWithin, gainKnownRates }) =>
    [
      `${Math.round(share * 100)} %`.padEnd(6),
      String(learners).padStart(8),
      plain.toFixed(4).padStart(7),
      model.toFixed(4).padStart(7),
      signed(gain).padStart(8),
      signed(gainWithin).padStart(15),
      signed(gainKnownRates).padStart(22),
    ].join("  "),
  );
  return [
    `AUC on what was left out, one ${leftOut} after the other`,
    "course  learners    plain    model      gain   within courses   known pass rates",
    ...lines,
    "",
  ].join("\n");
}
