import { integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The source is migrations/0014_insight.sql; a test compares the two. */
export const insightCourses = sqliteTable("insight_courses", {
  course_slug: text().primaryKey(),
  module: text().notNull(),
  period: text().notNull(),
  starts_at: integer().notNull(),
  length_days: integer().notNull(),
  assessments: text().notNull(),
  updated_at: integer().notNull(),
});

export const insightLearners = sqliteTable("insight_learners", {
  enrollment_id: text().primaryKey(),
  course_slug: text().notNull(),
  user_id: text().notNull(),
  registered: integer(),
  withdrawn: integer(),
  attempts: integer().notNull(),
  credits: real().notNull(),
  passed: integer(),
  excluded: integer().notNull().default(0),
});

export const insightRuns = sqliteTable("insight_runs", {
  id: text().primaryKey(),
  cause: text().notNull(),
  as_of: integer().notNull(),
  state: text({ enum: ["running", "done", "failed"] }).notNull(),
  step: text().notNull(),
  seq: integer().notNull(),
  position: text().notNull(),
  code_version: text().notNull(),
  started_at: integer().notNull(),
  updated_at: integer().notNull(),
  finished_at: integer(),
  data_hash: text(),
  error: text(),
});

export const insightModels = sqliteTable("insight_models", {
  hash: text().primaryKey(),
  run_id: text().notNull(),
  data_hash: text().notNull(),
  code_version: text().notNull(),
  created_at: integer().notNull(),
  metrics: text().notNull(),
  decision: text().notNull(),
  promoted_at: integer(),
});

export const insightAliases = sqliteTable("insight_aliases", {
  alias: text({ enum: ["champion", "challenger"] }).primaryKey(),
  model_hash: text().notNull(),
  since: integer().notNull(),
});

export const insightPredictions = sqliteTable(
  "insight_predictions",
  {
    enrollment_id: text().notNull(),
    day: integer().notNull(),
    kind: text({ enum: ["live", "backtest"] }).notNull(),
    course_slug: text().notNull(),
    user_id: text().notNull(),
    model_hash: text().notNull(),
    run_id: text().notNull(),
    probability: real().notNull(),
    reasons: text().notNull(),
    predicted_at: integer().notNull(),
    week: integer().notNull(),
    passed: integer(),
    latest: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.enrollment_id, table.day] })],
);

export const insightAccuracy = sqliteTable(
  "insight_accuracy",
  {
    course_slug: text().notNull(),
    kind: text({ enum: ["live", "backtest"] }).notNull(),
    week: integer().notNull(),
    total: integer().notNull(),
    correct: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.kind, table.week] })],
);

export type RunRow = typeof insightRuns.$inferSelect;
export type ModelRow = typeof insightModels.$inferSelect;
export type PredictionRow = typeof insightPredictions.$inferSelect;
