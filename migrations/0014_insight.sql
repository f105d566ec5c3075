-- Early warning: what a prediction needs beyond progress, the runs of the pipeline, models, predictions and how they did.

-- A course that takes part: when it runs, and what is due when.
CREATE TABLE insight_courses (
  course_slug TEXT PRIMARY KEY REFERENCES courses (slug),
  module TEXT NOT NULL,
  period TEXT NOT NULL,
  starts_at INTEGER NOT NULL, -- midnight UTC of day 0
  length_days INTEGER NOT NULL,
  assessments TEXT NOT NULL, -- [{item, due, weight, is_exam}]
  updated_at INTEGER NOT NULL -- also when something about one of its learners was told
) STRICT, WITHOUT ROWID;
CREATE INDEX insight_courses_by_update ON insight_courses (updated_at);

-- What is told about learners and cannot be seen from what they do. No column says who somebody is.
CREATE TABLE insight_learners (
  enrollment_id TEXT PRIMARY KEY,
  course_slug TEXT NOT NULL,
  user_id TEXT NOT NULL,
  registered INTEGER, -- day of the course
  withdrawn INTEGER, -- day of the course
  attempts INTEGER NOT NULL,
  credits REAL NOT NULL,
  passed INTEGER, -- NULL: not known yet
  excluded INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX insight_learners_by_course ON insight_learners (course_slug, enrollment_id);
CREATE INDEX insight_learners_by_user ON insight_learners (user_id);

-- Runs of the pipeline. `seq` grows with every step, so that a step that arrives twice is taken once.
CREATE TABLE insight_runs (
  id TEXT PRIMARY KEY, -- a UUID, as OpenLineage wants it
  cause TEXT NOT NULL UNIQUE, -- first, a night, or who asked for it when: a cause starts one run
  as_of INTEGER NOT NULL,
  state TEXT NOT NULL, -- running, done, failed
  step TEXT NOT NULL,
  seq INTEGER NOT NULL,
  position TEXT NOT NULL, -- what the steps before have found
  code_version TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER,
  data_hash TEXT, -- of the snapshot's manifest, which names the hash of every part
  error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX insight_runs_by_start ON insight_runs (started_at);
CREATE INDEX insight_runs_running ON insight_runs (updated_at) WHERE state = 'running';

CREATE TABLE insight_models (
  hash TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  data_hash TEXT NOT NULL,
  code_version TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  metrics TEXT NOT NULL, -- {train, test, cut_offs, drift reference}
  decision TEXT NOT NULL, -- why it was promoted or not
  promoted_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX insight_models_by_age ON insight_models (created_at);

-- champion predicts; challenger is the last that was not good enough.
CREATE TABLE insight_aliases (
  alias TEXT PRIMARY KEY,
  model_hash TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE insight_predictions (
  enrollment_id TEXT NOT NULL,
  day INTEGER NOT NULL, -- of the course
  kind TEXT NOT NULL, -- live, or backtest: made about a course that was over, as if on that day
  course_slug TEXT NOT NULL,
  user_id TEXT NOT NULL,
  model_hash TEXT NOT NULL,
  run_id TEXT NOT NULL,
  probability REAL NOT NULL, -- of passing
  reasons TEXT NOT NULL,
  predicted_at INTEGER NOT NULL, -- the instant the prediction is about
  week INTEGER NOT NULL, -- of predicted_at, counted from 1970
  passed INTEGER, -- what came
  latest INTEGER NOT NULL,
  PRIMARY KEY (enrollment_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX insight_predictions_at_risk ON insight_predictions (course_slug, probability, enrollment_id) WHERE latest = 1;
CREATE INDEX insight_predictions_by_course ON insight_predictions (course_slug, kind, week, passed, probability);
CREATE INDEX insight_predictions_by_user ON insight_predictions (user_id);

-- How predictions did, by week in which they were made: kept so that nobody counts predictions to show a number.
CREATE TABLE insight_accuracy (
  course_slug TEXT NOT NULL,
  kind TEXT NOT NULL,
  week INTEGER NOT NULL,
  total INTEGER NOT NULL,
  correct INTEGER NOT NULL,
  PRIMARY KEY (course_slug, kind, week)
) STRICT, WITHOUT ROWID;
