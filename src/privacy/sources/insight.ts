import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import { dropLearner, dropPredictions, heldByInsight } from "../statements/insight.ts";

/** Where D1 has user ids of this. */
const PLACES: readonly UserColumn[] = [
  ["insight_learners", "user_id"],
  ["insight_predictions", "user_id"],
];

/**
 * Early warning: what was given about a learner, and what was predicted. Data snapshots name nobody: a learner stands
 * in them under a pseudonym, and is absent from the next one.
 */
export const insightSource: PersonalDataSource = {
  name: "insight",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    for (const table of ["insight_learners", "insight_predictions"] as const) {
      const { results } = await heldByInsight[table](directory(env), user).all<Record<string, unknown>>();
      for (const row of results) yield { kind: table, row };
    }
  },
  async erase(env, user) {
    await directory(env).batch([dropPredictions(directory(env), user), dropLearner(directory(env), user)]);
    return "done";
  },
};
