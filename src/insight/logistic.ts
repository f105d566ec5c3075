import { CholeskyDecomposition, Matrix } from "ml-matrix";

/** Columns of numbers; NaN means missing. All columns have the same length. */
export type Columns = readonly (Float32Array | Float64Array)[];

/** A fitted ridge logistic regression, as plain data. */
export interface LogisticModel {
  kind: "logistic";
  intercept: number;
  /** Weight of each standardised column. */
  weights: number[];
  /** Mean and standard deviation of each column in training; a missing value counts as the mean. */
  means: number[];
  deviations: number[];
  /** Standardised values are limited to this many deviations, so that one unusual learner does not move a line. */
  clip: number;
}

const MAX_STEPS = 30;
/** Newton's method stops when no weight moves further than this. */
const TOLERANCE = 1e-8;
/** Keeps the weights of observations away from 0, where Newton's step is undefined. */
const MIN_CURVATURE = 1e-6;
/** Above every possible value, so nothing is limited. */
const NO_CLIP = 1e9;

/**
 * Fits by iteratively reweighted least squares: Newton's method on the penalised log-likelihood (Hastie, Tibshirani and
 * Friedman, The Elements of Statistical Learning, 4.4.1). The intercept has no penalty.
 *
 * @param labels 0 or 1.
 * @param ridge penalty on the squared weights of standardised columns, in observations; above 0.
 */
export function fitLogistic(columns: Columns, labels: Uint8Array, ridge: number, clip = NO_CLIP): LogisticModel {
  const rows = labels.length;
  const width = columns.length;
  const means: number[] = [];
  const deviations: number[] = [];
  const standard = columns.map((column) => {
    const { mean, deviation } = momentsOf(column);
    means.push(mean);
    deviations.push(deviation);
    return Float64Array.from(column, (value) => standardise(value, mean, deviation, clip));
  });
  const size = width + 1;
  let beta = new Float64Array(size);
  const linear = new Float64Array(rows);
  const curvature = new Float64Array(rows);
  const residual = new Float64Array(rows);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    linear.fill(beta[width] ?? 0);
    standard.forEach((column, at) => {
      const weight = beta[at] ?? 0;
      for (let row = 0; row < rows; row += 1) linear[row] = (linear[row] ?? 0) + weight * (column[row] ?? 0);
    });
    for (let row = 0; row < rows; row += 1) {
      const p = sigmoid(linear[row] ?? 0);
      curvature[row] = Math.max(p * (1 - p), MIN_CURVATURE);
      residual[row] = (labels[row] ?? 0) - p;
    }
    const hessian = new Matrix(size, size);
    const gradient = new Matrix(size, 1);
    for (let a = 0; a <= width; a += 1) {
      const left = standard[a];
      const weighted = left === undefined ? curvature : curvature.map((w, row) => w * (left[row] ?? 0));
      for (let b = a; b <= width; b += 1) {
        const right = standard[b];
        let sum = 0;
        if (right === undefined) for (let row = 0; row < rows; row += 1) sum += weighted[row] ?? 0;
        else for (let row = 0; row < rows; row += 1) sum += (weighted[row] ?? 0) * (right[row] ?? 0);
        if (a === b && a < width) sum += ridge;
        hessian.set(a, b, sum);
        hessian.set(b, a, sum);
      }
      let slope = 0;
      for (let row = 0; row < rows; row += 1) slope += (residual[row] ?? 0) * (left?.[row] ?? (left ? 0 : 1));
      gradient.set(a, 0, a < width ? slope - ridge * (beta[a] ?? 0) : slope);
    }
    const move = new CholeskyDecomposition(hessian).solve(gradient).to1DArray();
    beta = beta.map((value, at) => value + (move[at] ?? 0));
    if (move.every((value) => Math.abs(value) < TOLERANCE)) break;
  }
  return {
    kind: "logistic",
    intercept: steady(beta[width] ?? 0),
    weights: Array.from(beta.subarray(0, width), steady),
    means,
    deviations,
    clip,
  };
}

/**
 * Rounded to nine decimals. Engines differ in the last bit of exp and log. Without rounding, the same data could give
 * another model, and another hash, on another engine.
 */
export function steady(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

/** What each column adds to the log-odds of a row; together with the intercept, these sum to the log-odds. */
export function logisticParts(model: LogisticModel, row: ArrayLike<number>): number[] {
  return model.weights.map(
    (weight, at) =>
      weight * standardise(row[at] ?? Number.NaN, model.means[at] ?? 0, model.deviations[at] ?? 1, model.clip),
  );
}

/** Log-odds of a row. */
export function logisticScore(model: LogisticModel, row: ArrayLike<number>): number {
  return logisticParts(model, row).reduce((sum, part) => sum + part, model.intercept);
}

/** Converts log-odds to a probability. */
export function sigmoid(logOdds: number): number {
  return logOdds >= 0 ? 1 / (1 + Math.exp(-logOdds)) : Math.exp(logOdds) / (1 + Math.exp(logOdds));
}

function standardise(value: number, mean: number, deviation: number, clip: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max((value - mean) / deviation, -clip), clip);
}

/** Computed from the values that are present. A column that never varies gets deviation 1. */
function momentsOf(column: Iterable<number>): { mean: number; deviation: number } {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const value of column) {
    if (Number.isNaN(value)) continue;
    count += 1;
    sum += value;
    squares += value * value;
  }
  const mean = count === 0 ? 0 : sum / count;
  const variance = count === 0 ? 0 : squares / count - mean * mean;
  return { mean, deviation: variance > 1e-12 ? Math.sqrt(variance) : 1 };
}
