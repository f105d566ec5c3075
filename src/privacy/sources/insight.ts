import type { PersonalDataSource } from "../source.ts";

/**
 * Early warning: what was told about a learner, and what was predicted. Data snapshots name nobody: a learner stands in
 * them under a pseudonym, and is absent from the next one.
 */
export const insightSource: PersonalDataSource = {
  name: "insight",
  async *export(env, user) {
    for (const table of ["insight_learners", "insight_predictions"] as const) {
      const { results } = await env.DB.prepare(`SELECT * FROM ${table} WHERE user_id = ?`)
        .bind(user)
        .all<Record<string, unknown>>();
      for (const row of results) yield { kind: table, row };
    }
  },
  async erase(env, user) {
    await env.DB.batch([
      env.DB.prepare("DELETE FROM insight_predictions WHERE user_id = ?").bind(user),
      env.DB.prepare("DELETE FROM insight_learners WHERE user_id = ?").bind(user),
    ]);
    return "done";
  },
};
