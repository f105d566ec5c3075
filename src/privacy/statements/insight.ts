import { statement } from "../../platform/database/statement.ts";

/** What early warning holds about a user. */
// plan of insight_learners: SEARCH insight_learners USING INDEX insight_learners_by_user (user_id=?)
// plan of insight_predictions: SEARCH insight_predictions USING INDEX insight_predictions_by_user (user_id=?)
export const heldByInsight = {
  insight_learners: statement<[user: string]>("SELECT * FROM insight_learners WHERE user_id = ?"),
  insight_predictions: statement<[user: string]>("SELECT * FROM insight_predictions WHERE user_id = ?"),
};

// plan: SEARCH insight_predictions USING INDEX insight_predictions_by_user (user_id=?)
export const dropPredictions = statement<[user: string]>("DELETE FROM insight_predictions WHERE user_id = ?");

// plan: SEARCH insight_learners USING INDEX insight_learners_by_user (user_id=?)
export const dropLearner = statement<[user: string]>("DELETE FROM insight_learners WHERE user_id = ?");
