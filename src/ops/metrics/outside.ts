import { counter } from "./family.ts";
import type { Section } from "./section.ts";

/** Predictions that were compared with what happened, and how many of them were right. */
export interface ModelScore {
  evaluated: number;
  correct: number;
}

/** What is known of the predictions' accuracy; null while nothing predicts. */
export async function modelScore(_env: Env): Promise<ModelScore | null> {
  return null;
}

export const modelSection: Section = {
  name: "model",
  async read(env) {
    const score = await modelScore(env);
    return [
      counter("ml_eval_total", "Predictions compared with what happened.", score?.evaluated ?? null),
      counter("ml_correct_total", "Predictions that were right.", score?.correct ?? null),
    ];
  },
};
