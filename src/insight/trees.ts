import { type Columns, sigmoid, steady } from "./logistic.ts";
import { SeededRandom } from "./random.ts";

/**
 * One node: a leaf has `left` -1. Values at or below `threshold` go left; `missingLeft` says where a missing value
 * goes.
 */
interface TreeNode {
  feature: number;
  threshold: number;
  missingLeft: boolean;
  left: number;
  right: number;
  /** Mean step of the observations in this node. A leaf adds this value to the log-odds. */
  value: number;
}

/** Fitted boosted trees, as plain data. */
export interface TreesModel {
  kind: "trees";
  base: number;
  trees: TreeNode[][];
}

export interface TreesOptions {
  rounds: number;
  /** The part of each tree's step that is used, above 0 and at most 1. */
  rate: number;
  /** Longest path from root to leaf. */
  depth: number;
  /** Smallest sum of curvature (at most a quarter for each observation) in a leaf. */
  minWeight: number;
  /** Penalty on squared leaf values. */
  ridge: number;
  /** The shares of rows and of columns that each tree sees. */
  rowShare: number;
  columnShare: number;
  seed: number;
}

const BINS = 64;
const MISSING = BINS - 1;
/** A cut must be better by more than rounding errors can make of two equal sums. */
const CLEARLY = 1 + 1e-9;

/** The best cut found so far. */
interface Best {
  gain: number;
  feature: number;
  bin: number;
  missingLeft: boolean;
}

/**
 * Gradient-boosted trees for the logistic loss with second-order steps over histograms (Friedman 2001; Chen and Guestrin,
 * XGBoost, 2016, equations 5 to 7). The same seed and rows give the same trees.
 */
export function fitTrees(columns: Columns, labels: Uint8Array, options: TreesOptions): TreesModel {
  const rows = labels.length;
  const random = new SeededRandom(options.seed);
  const binned = columns.map(binColumn);
  const positive = labels.reduce((sum, label) => sum + label, 0);
  const share = Math.min(Math.max(positive / Math.max(rows, 1), 1e-6), 1 - 1e-6);
  const base = steady(Math.log(share / (1 - share)));
  const score = new Float64Array(rows).fill(base);
  const gradient = new Float64Array(rows);
  const curvature = new Float64Array(rows);
  const trees: TreeNode[][] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    for (let row = 0; row < rows; row += 1) {
      const p = sigmoid(score[row] ?? 0);
      gradient[row] = (labels[row] ?? 0) - p;
      curvature[row] = Math.max(p * (1 - p), 1e-12);
    }
    const seen: number[] = [];
    for (let row = 0; row < rows; row += 1) if (random.next() < options.rowShare) seen.push(row);
    const features = columns.map((_, at) => at).filter(() => random.next() < options.columnShare);
    const tree = growTree(binned, features, Uint32Array.from(seen), gradient, curvature, options);
    trees.push(tree);
    for (let row = 0; row < rows; row += 1) {
      score[row] = (score[row] ?? 0) + leafOfBinned(tree, binned, row);
    }
  }
  return { kind: "trees", base, trees };
}

interface BinnedColumn {
  bins: Uint8Array;
  /** Upper edge of each bin except the last, ascending. */
  edges: number[];
}

/** Cuts a column at quantiles of its distinct values. */
function binColumn(column: Float32Array | Float64Array): BinnedColumn {
  const present = Float64Array.from(column.filter((value) => !Number.isNaN(value))).sort();
  const edges: number[] = [];
  const most = BINS - 2;
  for (let cut = 1; cut <= most; cut += 1) {
    const at = Math.floor((cut * present.length) / (most + 1));
    const low = present[at - 1];
    const high = present[at];
    if (low === undefined || high === undefined) continue;
    // There is no edge between two equal values; the next larger value of the data makes one later.
    const edge = low === high ? low : (low + high) / 2;
    if (edge < (present.at(-1) ?? edge) && (edges.length === 0 || edge > (edges.at(-1) ?? edge))) edges.push(edge);
  }
  const bins = Uint8Array.from(column, (value) => (Number.isNaN(value) ? MISSING : binOf(edges, value)));
  return { bins, edges };
}

function binOf(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= (edges[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function growTree(
  binned: readonly BinnedColumn[],
  features: readonly number[],
  rows: Uint32Array,
  gradient: Float64Array,
  curvature: Float64Array,
  options: TreesOptions,
): TreeNode[] {
  const nodes: TreeNode[] = [];
  const sumG = new Float64Array(BINS);
  const sumH = new Float64Array(BINS);
  const grow = (members: Uint32Array, depth: number): number => {
    let g = 0;
    let h = 0;
    for (const row of members) {
      g += gradient[row] ?? 0;
      h += curvature[row] ?? 0;
    }
    const at = nodes.length;
    const value = steady((options.rate * g) / (h + options.ridge));
    const node: TreeNode = { feature: -1, threshold: 0, missingLeft: true, left: -1, right: -1, value };
    nodes.push(node);
    if (depth >= options.depth || h < 2 * options.minWeight) return at;
    const best: Best = { gain: 1e-9, feature: -1, bin: -1, missingLeft: true };
    for (const feature of features) {
      const column = binned[feature];
      if (column === undefined || column.edges.length === 0) continue;
      const { bins } = column;
      sumG.fill(0);
      sumH.fill(0);
      for (const row of members) {
        const bin = bins[row] ?? 0;
        sumG[bin] = (sumG[bin] ?? 0) + (gradient[row] ?? 0);
        sumH[bin] = (sumH[bin] ?? 0) + (curvature[row] ?? 0);
      }
      bestCut(feature, column.edges.length, sumG, sumH, g, h, options, best);
    }
    const column = binned[best.feature];
    if (column === undefined) return at;
    const goesLeft = (row: number) => {
      const bin = column.bins[row] ?? 0;
      return bin === MISSING ? best.missingLeft : bin <= best.bin;
    };
    node.feature = best.feature;
    node.threshold = column.edges[best.bin] ?? 0;
    node.missingLeft = best.missingLeft;
    const left = members.filter(goesLeft);
    const right = members.filter((row) => !goesLeft(row));
    node.left = grow(left, depth + 1);
    node.right = grow(right, depth + 1);
    return at;
  };
  grow(rows, 0);
  return nodes;
}

/** Tries the cuts of one feature, once with the missing values on each side. */
function bestCut(
  feature: number,
  edges: number,
  sumG: Float64Array,
  sumH: Float64Array,
  g: number,
  h: number,
  { ridge, minWeight }: TreesOptions,
  best: Best,
): void {
  const whole = (g * g) / (h + ridge);
  const missingG = sumG[MISSING] ?? 0;
  const missingH = sumH[MISSING] ?? 0;
  for (const missingLeft of missingH > 0 ? [true, false] : [true]) {
    let leftG = missingLeft ? missingG : 0;
    let leftH = missingLeft ? missingH : 0;
    for (let bin = 0; bin < edges; bin += 1) {
      leftG += sumG[bin] ?? 0;
      leftH += sumH[bin] ?? 0;
      const rightH = h - leftH;
      if (leftH < minWeight || rightH < minWeight) continue;
      const rightG = g - leftG;
      const gain = (leftG * leftG) / (leftH + ridge) + (rightG * rightG) / (rightH + ridge) - whole;
      if (gain > best.gain * CLEARLY) Object.assign(best, { gain, feature, bin, missingLeft });
    }
  }
}

function leafOfBinned(tree: readonly TreeNode[], binned: readonly BinnedColumn[], row: number): number {
  let node = tree[0];
  while (node !== undefined && node.left !== -1) {
    const column = binned[node.feature];
    const bin = column?.bins[row] ?? MISSING;
    const isLeft = bin === MISSING ? node.missingLeft : bin <= binOf(column?.edges ?? [], node.threshold);
    node = tree[isLeft ? node.left : node.right];
  }
  return node?.value ?? 0;
}

/**
 * What each column adds to the log-odds of a row. On the row's path through each tree, the change of the node's mean
 * goes to the column of that cut. With the base and the roots' values they sum to the log-odds.
 * given to the column that was asked. With the base and the roots' values they sum to the log-odds.
 */
export function treeParts(model: TreesModel, row: ArrayLike<number>, width: number): number[] {
  const parts = new Array<number>(width).fill(0);
  for (const tree of model.trees) {
    let node = tree[0];
    while (node !== undefined && node.left !== -1) {
      const next: TreeNode | undefined = tree[goesLeft(node, row) ? node.left : node.right];
      parts[node.feature] = (parts[node.feature] ?? 0) + (next?.value ?? 0) - node.value;
      node = next;
    }
  }
  return parts;
}

/** Log-odds of a row. */
export function treesScore(model: TreesModel, row: ArrayLike<number>): number {
  let score = model.base;
  for (const tree of model.trees) {
    let node = tree[0];
    while (node !== undefined && node.left !== -1) node = tree[goesLeft(node, row) ? node.left : node.right];
    score += node?.value ?? 0;
  }
  return score;
}

function goesLeft(node: TreeNode, row: ArrayLike<number>): boolean {
  const value = row[node.feature] ?? Number.NaN;
  return Number.isNaN(value) ? node.missingLeft : value <= node.threshold;
}
