import { counter, gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";
import { insightMetrics } from "./watch.ts";

/** Metrics of early warning. Only live predictions count, because a backtest warned nobody. */
export const modelSection: Section = {
  name: "model",
  async read(env, now) {
    const { ml_eval_total, ml_correct_total } = await insightMetrics(env, now);
    // No prediction is not the same as no correct prediction.
    const hasOutcomes = ml_eval_total > 0;
    return [
      counter("ml_eval_total", "Predictions compared with what happened.", hasOutcomes ? ml_eval_total : null),
      counter("ml_correct_total", "Predictions that were right.", hasOutcomes ? ml_correct_total : null),
      gauge(
        "ml_accuracy_ratio",
        "Share of them that were right.",
        hasOutcomes ? ml_correct_total / ml_eval_total : null,
      ),
    ];
  },
};
