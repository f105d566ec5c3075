/** An estimate with a 95 % interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

interface CalibrationBin {
  /** Mean predicted probability and observed share of passes. */
  predicted: number;
  observed: Estimate;
  count: number;
}

export interface Evaluation {
  count: number;
  /** The share of passes. */
  positive: number;
  /** Accuracy of always predicting the more frequent outcome. */
  majority: number;
  accuracy: Estimate;
  auc: Estimate;
  /** Mean squared error of the probability; lower is better. */
  brier: number;
  calibration: CalibrationBin[];
}

/** 97.5 % point of the normal distribution. */
const Z = 1.959963984540054;
const CALIBRATION_BINS = 10;

/**
 * Wilson's score interval for a share (Wilson 1927), 95 %.
 *
 * @param total observations; 0 gives the whole range.
 */
export function wilson(successes: number, total: number): Estimate {
  if (total === 0) return { value: 0, low: 0, high: 1 };
  const share = successes / total;
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * total)) / (1 + z2 / total);
  const half = (Z / (1 + z2 / total)) * Math.sqrt((share * (1 - share)) / total + z2 / (4 * total * total));
  return { value: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * Area under the ROC curve: the chance that a random learner who passed has a higher probability than a random one who
 * did not, ties counting half (Mann and Whitney). The interval is that of DeLong, DeLong and Clarke-Pearson (1988), 95 %.
 */
export function auc(probabilities: ArrayLike<number>, labels: ArrayLike<number>): Estimate {
  const rows = Array.from(labels, (label, at) => ({ p: probabilities[at] ?? 0, label }));
  const positives = rows.filter((row) => row.label === 1).map((row) => row.p);
  const negatives = rows.filter((row) => row.label !== 1).map((row) => row.p);
  if (positives.length === 0 || negatives.length === 0) return { value: 0.5, low: 0, high: 1 };
  const below = placements(positives, negatives);
  const above = placements(negatives, positives).map((share) => 1 - share);
  const value = meanOf(below);
  const variance = varianceOf(below) / positives.length + varianceOf(above) / negatives.length;
  const half = Z * Math.sqrt(variance);
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half) };
}

/** For each value in `of`, the share of `among` that is below it; equal values count half. */
function placements(of: readonly number[], among: readonly number[]): number[] {
  const sorted = Float64Array.from(among).sort();
  return of.map((value) => (lowerBound(sorted, value) + upperBound(sorted, value)) / (2 * sorted.length));
}

function lowerBound(sorted: Float64Array, value: number): number {
  return bound(sorted, (candidate) => candidate < value);
}

function upperBound(sorted: Float64Array, value: number): number {
  return bound(sorted, (candidate) => candidate <= value);
}

function bound(sorted: Float64Array, isBefore: (candidate: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** Compares probabilities of passing with the real outcomes. */
export function evaluate(probabilities: ArrayLike<number>, labels: ArrayLike<number>): Evaluation {
  const count = labels.length;
  let correct = 0;
  let passed = 0;
  let squares = 0;
  for (let at = 0; at < count; at += 1) {
    const p = probabilities[at] ?? 0;
    const label = labels[at] ?? 0;
    passed += label;
    if (p >= 0.5 === (label === 1)) correct += 1;
    squares += (p - label) ** 2;
  }
  const positive = count === 0 ? 0 : passed / count;
  return {
    count,
    positive,
    majority: Math.max(positive, 1 - positive),
    accuracy: wilson(correct, count),
    auc: auc(probabilities, labels),
    brier: count === 0 ? 0 : squares / count,
    calibration: calibrationOf(probabilities, labels),
  };
}

/** Ten bins of equal width; empty ones are left out. */
function calibrationOf(probabilities: ArrayLike<number>, labels: ArrayLike<number>): CalibrationBin[] {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ sum: 0, passed: 0, count: 0 }));
  for (let at = 0; at < labels.length; at += 1) {
    const p = probabilities[at] ?? 0;
    const bin = bins[Math.min(Math.floor(p * CALIBRATION_BINS), CALIBRATION_BINS - 1)];
    if (bin === undefined) continue;
    bin.sum += p;
    bin.passed += labels[at] ?? 0;
    bin.count += 1;
  }
  return bins
    .filter((bin) => bin.count > 0)
    .map(({ sum, passed, count }) => ({ predicted: sum / count, observed: wilson(passed, count), count }));
}

/** Points of the ROC curve, reduced in number: false-positive rate and true-positive rate from (0, 0) to (1, 1). */
export function rocCurve(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  points = 50,
): { fpr: number; tpr: number }[] {
  const order = Array.from(labels, (label, at) => ({ p: probabilities[at] ?? 0, label })).sort((a, b) => b.p - a.p);
  const passed = order.filter((row) => row.label === 1).length;
  const failed = order.length - passed;
  const curve = [{ fpr: 0, tpr: 0 }];
  let tp = 0;
  let fp = 0;
  let next = 0;
  order.forEach((row, at) => {
    if (row.label === 1) tp += 1;
    else fp += 1;
    const isStep = order[at + 1]?.p !== row.p;
    if (isStep && (at + 1) / order.length >= next) {
      curve.push({ fpr: failed === 0 ? 0 : fp / failed, tpr: passed === 0 ? 0 : tp / passed });
      next += 1 / points;
    }
  });
  return curve;
}
