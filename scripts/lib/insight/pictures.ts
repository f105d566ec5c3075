import { drawChart } from "../../../bench/lib/svg.ts";
import type { StudyReport } from "../../../src/insight/study.ts";

/** Predicted probability against what came, with intervals; the diagonal is perfect. */
export function drawCalibration({ cut_offs, test }: StudyReport): string {
  return drawChart({
    file: "calibration",
    title: `Calibration on ${test.join(", ")}`,
    x: { label: "predicted probability of passing" },
    y: { label: "share that passed (95 % interval)" },
    series: [
      ...cut_offs.map(({ share, model }) => ({
        name: `${Math.round(share * 100)} % of the course`,
        points: model.calibration.map(({ predicted, observed }) => ({
          x: predicted,
          y: observed.value,
          low: observed.low,
          high: observed.high,
        })),
      })),
      {
        name: "perfect",
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
    ],
  });
}

/** True against false positives, of the model. */
export function drawRoc({ cut_offs, test }: StudyReport): string {
  return drawChart({
    file: "roc",
    title: `ROC on ${test.join(", ")}`,
    x: { label: "share of those who failed or left taken for passing" },
    y: { label: "share of those who passed found" },
    series: [
      ...cut_offs.map(({ share, model, roc }) => ({
        name: `${Math.round(share * 100)} %: AUC ${model.auc.value.toFixed(3)}`,
        points: roc.map(({ fpr, tpr }) => ({ x: fpr, y: tpr })),
      })),
      {
        name: "chance",
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
    ],
  });
}
