import { counter, gauge } from "../ops/metrics/family.ts";
import type { Section } from "../ops/metrics/section.ts";
import { insightMetrics } from "./watch.ts";

/** How early warning does; live predictions only, because backtests were never anybody's warning. */
export const modelSection: Section = {
  name: "model",
  async read(env, now) {
    const { ml_eval_total, ml_correct_total } = await insightMetrics(env, now);
    const live = ml_eval_total > 0;
    return [
      counter("ml_eval_total", "Predictions compared with what happened.", ml_eval_total),
      counter("ml_correct_total", "Predictions that were right.", ml_correct_total),
      gauge("ml_accuracy_ratio", "Share of them that were right.", live ? ml_correct_total / ml_eval_total : null),
    ];
  },
};
