import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import { dropLearner, dropPredictions, heldByInsight } from "../statements/insight.ts";

/** The columns of D1 that have user ids of this source. */
const PLACES: readonly UserColumn[] = [
  ["insight_learners", "user_id"],
  ["insight_predictions", "user_id"],
];

/**
 * Early warning: the data given about a learner, and the predictions. Data snapshots name nobody: they have learners
 * under pseudonyms, and an erased learner is not in the next one.
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
