import { counter, gauge } from "./family.ts";
import type { Section } from "./section.ts";

/** When a backup was last made, and when one was last restored and found equal; epoch ms. */
export interface BackupAges {
  last_success_at: number | null;
  last_verified_at: number | null;
}

/** What is known of backups; null while nothing makes any, which an alert reports. */
export async function backupAges(_env: Env): Promise<BackupAges | null> {
  return null;
}

/** Predictions that were compared with what happened, and how many of them were right. */
export interface ModelScore {
  evaluated: number;
  correct: number;
}

/** What is known of the predictions' accuracy; null while nothing predicts. */
export async function modelScore(_env: Env): Promise<ModelScore | null> {
  return null;
}

const seconds = (at: number | null | undefined) => (at == null ? null : at / 1_000);

export const backupSection: Section = {
  name: "backups",
  async read(env) {
    const ages = await backupAges(env);
    return [
      gauge("backup_last_success_timestamp_seconds", "When the last backup was made.", seconds(ages?.last_success_at)),
      gauge(
        "backup_last_verified_timestamp_seconds",
        "When a backup was last restored and found equal.",
        seconds(ages?.last_verified_at),
      ),
    ];
  },
};

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
