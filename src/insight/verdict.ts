import { type Estimate, type Evaluation, wilson } from "./metrics.ts";

/** The results of a model at each share, on the test period. */
export interface Tested {
  model: Evaluation;
  plain: Evaluation;
}

/** Predictions whose outcome is known. */
export interface Counts {
  total: number;
  correct: number;
}

/** Below this accuracy the alert fires, once there are enough outcomes to exclude chance. */
const MIN_ACCURACY = 0.7;
const MIN_LABELS = 400;

export interface Alarm {
  code: "insight_accuracy_low" | "insight_labels_few";
  priority: "P1" | "P2";
  accuracy: Estimate;
  labels: number;
}

/**
 * Decides about the accuracy of predictions with a known outcome. With a true accuracy of 75 %, 400 labels fall below
 * 70 % in one case of a hundred. So the upper end of Wilson's interval must be below that.
 *
 * @param isServing whether predictions are made at all; if not, missing labels need no alert.
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

/** The present champion on the rows of the challenger's test. */
export interface Rival {
  /** Mean AUC over the cut-offs. */
  auc: number;
  /** Test periods from which it has learnt; its results on those have no meaning. */
  learntFrom: readonly string[];
}

/**
 * Whether a challenger replaces the champion. It must beat the plain model (mean AUC over the cut-offs), the majority
 * (accuracy at every cut-off) and the champion (mean AUC), all on the same test period. A champion that has learnt from
 * that period stays, because it knows newer data than the challenger.
 *
 * @param champion null if there is none.
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
