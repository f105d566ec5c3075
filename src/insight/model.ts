import { FEATURES, type Feature, type FeatureTable } from "./features.ts";
import { fitLogistic, type LogisticModel, logisticParts, logisticScore, sigmoid } from "./logistic.ts";
import { fitTrees, type TreesModel, type TreesOptions, treeParts, treesScore } from "./trees.ts";

/** How a model is made. Part of the model, and so of its hash. */
export interface ModelOptions {
  /** Shares of a course at which it predicts; each has a stage of its own. */
  stages: readonly number[];
  /** Each stage learns from these distances around its share. */
  offsets: readonly number[];
  ridge: number;
  clip: number;
  trees: TreesOptions;
  /** Rows a stage learns from at most; beyond, learners are drawn by a hash of their enrollment. */
  maxRows: number;
}

/** Chosen by leaving out one course at a time, and one period, of 2013B and 2013J; see docs/design/insight.md. */
export const OPTIONS: ModelOptions = {
  stages: [0.25, 0.5, 0.75],
  offsets: [-0.05, 0, 0.05],
  ridge: 200,
  clip: 4,
  trees: {
    rounds: 120,
    rate: 0.06,
    depth: 3,
    minWeight: 10,
    ridge: 5,
    rowShare: 0.7,
    columnShare: 0.4,
    seed: 20140201,
  },
  maxRows: 60_000,
};

/** Shares of the logistic regression in the log-odds that are tried; the rest is the trees'. */
export const BLENDS = [1, 0.75, 0.5, 0.25, 0] as const;

/** Rows to learn from, with what came of each. */
export interface TrainingSet {
  columns: Float32Array[];
  labels: Uint8Array;
}

/** What predicts around one share of a course. */
export interface Stage {
  share: number;
  rows: number;
  logistic: LogisticModel;
  trees: TreesModel;
}

/** A trained model: plain data, the same in every run on the same data. */
export interface Model {
  format: 1;
  options: ModelOptions;
  features: readonly Feature[];
  /** Modules it has seen; each has a column that says "this one". */
  modules: string[];
  /** Share of the logistic regression in the log-odds. */
  blend: number;
  stages: Stage[];
}

/** Columns of a model: the features, then one for each module. */
export function columnsOf(table: FeatureTable, modules: readonly string[]): Float32Array[] {
  const rows = table.users.length;
  return [
    ...FEATURES.map((name) => table.columns[name]),
    ...modules.map((module) => new Float32Array(rows).fill(module === table.module ? 1 : 0)),
  ];
}

/** Fits both halves of a stage. */
export function fitStage(share: number, set: TrainingSet, options: ModelOptions): Stage {
  const logistic = fitLogistic(set.columns, set.labels, options.ridge, options.clip);
  const filled = set.columns.map((column, at) => column.map((value) => present(value, logistic.means[at])));
  return { share, rows: set.labels.length, logistic, trees: fitTrees(filled, set.labels, options.trees) };
}

/**
 * What is missing counts as the mean, for the trees too: a branch of its own would learn what missing means in courses
 * where something was due, and be wrong about everybody in a course where nothing was.
 */
function present(value: number, mean = 0): number {
  return Number.isNaN(value) ? Math.fround(mean) : value;
}

/** A row with the stage's means where values are missing. */
function filledRow(stage: Stage, row: ArrayLike<number>): Float64Array {
  return Float64Array.from(row, (value, at) => present(value, stage.logistic.means[at]));
}

/** Log-odds of passing: of both halves, blended. */
export function stageScore(stage: Stage, blend: number, row: ArrayLike<number>): number {
  const linear = blend === 0 ? 0 : logisticScore(stage.logistic, row);
  const boosted = blend === 1 ? 0 : treesScore(stage.trees, filledRow(stage, row));
  return blend * linear + (1 - blend) * boosted;
}

/** The stage whose share is nearest. */
export function stageFor(model: Pick<Model, "stages">, share: number): Stage {
  const nearest = model.stages.toSorted((a, b) => Math.abs(a.share - share) - Math.abs(b.share - share))[0];
  if (nearest === undefined) throw new Error("a model without stages");
  return nearest;
}

/** One prediction. */
export interface Prediction {
  user: string;
  /** Probability of passing, 0 to 1. */
  probability: number;
  /** What each column adds to the log-odds, in the order of the model's columns. */
  parts: number[];
}

/**
 * Predicts for everybody of a table.
 *
 * @param share how much of the course has passed.
 */
export function predict(model: Model, table: FeatureTable, share: number): Prediction[] {
  const stage = stageFor(model, share);
  const columns = columnsOf(table, model.modules);
  const row = new Float64Array(columns.length);
  return table.users.map((user, at) => {
    for (const [column, values] of columns.entries()) row[column] = values[at] ?? Number.NaN;
    const linear = logisticParts(stage.logistic, row);
    const boosted = treeParts(stage.trees, filledRow(stage, row), columns.length);
    return {
      user,
      probability: sigmoid(stageScore(stage, model.blend, row)),
      parts: linear.map((part, column) => model.blend * part + (1 - model.blend) * (boosted[column] ?? 0)),
    };
  });
}

/** SHA-256 of the model in hex. Keys stand in the order in which this module writes them, so equal models are equal text. */
export async function modelHash(model: Model): Promise<string> {
  return sha256(JSON.stringify(model));
}

/** SHA-256 in hex. Not the one of shared/http.ts, which brings the whole API along: the command runs without it. */
async function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
