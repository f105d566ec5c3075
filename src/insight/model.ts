import { FEATURES, type Feature, type FeatureTable } from "./features.ts";
import { fitLogistic, type LogisticModel, logisticParts, logisticScore, sigmoid } from "./logistic.ts";
import { fitTrees, type TreesModel, type TreesOptions, treeParts, treesScore } from "./trees.ts";

/** The settings of a model. They are part of the model, and so of its hash. */
export interface ModelOptions {
  /** The shares of a course at which it predicts; each has its own stage. */
  stages: readonly number[];
  /** Each stage learns from these distances around its share. */
  offsets: readonly number[];
  ridge: number;
  clip: number;
  trees: TreesOptions;
  /**
   * A stage learns from at most this many rows. If there are more, learners are chosen by a hash of their enrollment.
   */
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

/** The shares of the logistic regression in the log-odds that are tried; the trees have the rest. */
export const BLENDS = [1, 0.75, 0.5, 0.25, 0] as const;

/** Rows to learn from, with their outcomes. */
export interface TrainingSet {
  columns: Float32Array[];
  labels: Uint8Array;
}

/** The part of a model that predicts around one share of a course. */
export interface Stage {
  share: number;
  rows: number;
  logistic: LogisticModel;
  trees: TreesModel;
}

/** A trained model as plain data, identical in every run on the same data. */
export interface Model {
  format: 1;
  options: ModelOptions;
  features: readonly Feature[];
  /** The modules in the training data; each has a column that says "this one". */
  modules: string[];
  /** The share of the logistic regression in the log-odds. */
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

/** Fits both parts of a stage. */
export function fitStage(share: number, set: TrainingSet, options: ModelOptions): Stage {
  const logistic = fitLogistic(set.columns, set.labels, options.ridge, options.clip);
  const filled = set.columns.map((column, at) => column.map((value) => present(value, logistic.means[at])));
  return { share, rows: set.labels.length, logistic, trees: fitTrees(filled, set.labels, options.trees) };
}

/**
 * A missing value counts as the mean, for the trees as well. A separate branch would learn what "missing" means in
 * courses in which something was due, and be wrong about everybody in a course in which nothing was.
 */
function present(value: number, mean = 0): number {
  return Number.isNaN(value) ? Math.fround(mean) : value;
}

/** A row with the stage's means in place of missing values. */
function filledRow(stage: Stage, row: ArrayLike<number>): Float64Array {
  return Float64Array.from(row, (value, at) => present(value, stage.logistic.means[at]));
}

/** Log-odds of passing, blended from both parts. */
export function stageScore(stage: Stage, blend: number, row: ArrayLike<number>): number {
  const linear = blend === 0 ? 0 : logisticScore(stage.logistic, row);
  const boosted = blend === 1 ? 0 : treesScore(stage.trees, filledRow(stage, row));
  return blend * linear + (1 - blend) * boosted;
}

/** The stage with the nearest share. */
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
 * Predicts for everybody in a table.
 *
 * @param share the part of the course that has passed.
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

/**
 * SHA-256 of the model in hex. This module always writes the keys in the same order, so equal models are equal texts.
 */
export async function modelHash(model: Model): Promise<string> {
  return sha256(JSON.stringify(model));
}

/** SHA-256 in hex. It also accepts bytes, which `sha256Hex` of src/platform does not. */
async function sha256(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
