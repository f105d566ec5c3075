import { type Estimate, type Evaluation, wilson } from "./metrics.ts";

/** How a model did at each share on the test period. */
export interface Tested {
  model: Evaluation;
  plain: Evaluation;
}

/** Predictions that have an outcome. */
export interface Counts {
  total: number;
  correct: number;
}

/** Below this accuracy the alarm is raised, once so many outcomes are known that it is no accident. */
const MIN_ACCURACY = 0.7;
const MIN_LABELS = 400;

export interface Alarm {
  code: "insight_accuracy_low" | "insight_labels_few";
  priority: "P1" | "P2";
  accuracy: Estimate;
  labels: number;
}

/**
 * What is to be said about the accuracy of predictions whose outcome is known. With a true accuracy of 75 %, 400 labels
 * fall below 70 % in one case of a hundred; so the upper end of Wilson's interval must lie below.
 *
 * @param isServing whether predictions are made at all; without them missing labels are no news.
 */
export function alarmOf({ total, correct }: Counts, isServing: boolean): Alarm | null {
  const accuracy = wilson(correct, total);
  if (total >= MIN_LABELS) {
    return accuracy.high < MIN_ACCURACY
      ? { code: "insight_accuracy_low", priority: "P1", accuracy, labels: total }
      : null;
  }
  return isServing ? { code: "insight_labels_few", priority: "P2", accuracy, labels: total } : null;
}

export interface Decision {
  promote: boolean;
  /** One sentence for the registry. */
  reason: string;
}

/** The present champion on the rows a challenger was tested on. */
export interface Rival {
  /** Mean AUC over the cut-offs. */
  auc: number;
  /** Periods among the tested ones that it has learnt from: on those its figures say nothing. */
  learntFrom: readonly string[];
}

/**
 * Whether a challenger takes the champion's place: it must beat the plain model (mean AUC over the cut-offs), the
 * majority (accuracy at every cut-off) and the champion (mean AUC), all on the same test period. A champion that has learnt
 * from that period knows more than the challenger, whose run looked at the past, and stays.
 *
 * @param champion null when there is none.
 */
export function decide(tested: readonly Tested[], champion: Rival | null): Decision {
  const own = meanAuc(tested.map(({ model }) => model));
  const plain = meanAuc(tested.map(({ plain: yardstick }) => yardstick));
  if (tested.length === 0) return { promote: false, reason: "It could not be tested." };
  if (champion !== null && champion.learntFrom.length > 0) {
    const known = champion.learntFrom.join(", ");
    return { promote: false, reason: `Mean AUC ${own.toFixed(4)}; the champion was trained on ${known} already.` };
  }
  const weak = tested.find(({ model }) => model.accuracy.value <= model.majority);
  if (weak !== undefined) return { promote: false, reason: "It is no more accurate than the majority class." };
  if (own <= plain) {
    return { promote: false, reason: `Mean AUC ${own.toFixed(4)}; the plain model has ${plain.toFixed(4)}.` };
  }
  if (champion !== null && own <= champion.auc) {
    return { promote: false, reason: `Mean AUC ${own.toFixed(4)}; the champion has ${champion.auc.toFixed(4)}.` };
  }
  const beaten =
    champion === null ? `the plain model's ${plain.toFixed(4)}` : `the champion's ${champion.auc.toFixed(4)}`;
  return { promote: true, reason: `Mean AUC ${own.toFixed(4)}, better than ${beaten}.` };
}

/** Mean AUC over cut-offs. */
export function meanAuc(evaluations: readonly Evaluation[]): number {
  return evaluations.reduce((sum, { auc }) => sum + auc.value, 0) / Math.max(evaluations.length, 1);
}
