import { insertEntryWhere } from "../audit/index.ts";
import { notBeingErased } from "../identity/index.ts";
import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

// plan: SEARCH insight_courses USING PRIMARY KEY (course_slug>?)
export const coursesWithSchedule = statement<[]>(
  `SELECT course_slug, module, period, starts_at, length_days, assessments FROM insight_courses
    WHERE course_slug > '' ORDER BY course_slug`,
);

// plan: SEARCH enrollments USING PRIMARY KEY (id>? AND id<?)
// Enrollment ids begin with their course, so a course is one range of the primary key; ";" is the character after ":".
export const learnersOf = statement<[from: string, to: string, limit: number]>(
  `SELECT id, user_id, enrolled_at, withdrawn_at, progress_seq FROM enrollments
    WHERE id > ? AND id < ? ORDER BY id LIMIT ?`,
);

// plan: SEARCH enrollments USING PRIMARY KEY (id>? AND id<?)
export const enrolledBetween = statement<[from: string, to: string]>(
  "SELECT id, user_id FROM enrollments WHERE id > ? AND id < ?",
);

// plan: SEARCH insight_learners USING INDEX insight_learners_by_course (course_slug=?)
export const excludedOf = statement<[course: string]>(
  "SELECT enrollment_id FROM insight_learners WHERE course_slug = ? AND excluded = 1",
);

// plan: SEARCH insight_aliases USING PRIMARY KEY (alias=?)
// plan: SEARCH insight_models USING PRIMARY KEY (hash=?)
export const championModel = statement<[]>(
  `SELECT model_hash, metrics FROM insight_aliases JOIN insight_models ON hash = model_hash WHERE alias = 'champion'`,
);

// plan: looks nothing up
export const saveModel = statement<
  [
    hash: string,
    run: string,
    dataHash: string | null,
    code: string,
    now: number,
    metrics: string,
    decision: string,
    promotedAt: number | null,
  ]
>(
  `INSERT INTO insight_models (hash, run_id, data_hash, code_version, created_at, metrics, decision, promoted_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (hash) DO UPDATE SET decision = excluded.decision, promoted_at = excluded.promoted_at
    WHERE excluded.promoted_at IS NOT NULL`,
);

/** A challenger that has become champion is not a challenger any more. */
// plan: SEARCH insight_aliases USING PRIMARY KEY (alias=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH insight_aliases USING PRIMARY KEY (alias=?)
export const dropChallenger = statement<[]>(
  `DELETE FROM insight_aliases WHERE alias = 'challenger'
    AND model_hash = (SELECT model_hash FROM insight_aliases WHERE alias = 'champion')`,
);

// plan: looks nothing up
export const nameModel = statement<[alias: string, hash: string, now: number]>(
  `INSERT INTO insight_aliases (alias, model_hash, since) VALUES (?, ?, ?)
    ON CONFLICT (alias) DO UPDATE SET model_hash = excluded.model_hash, since = excluded.since
    WHERE insight_aliases.model_hash <> excluded.model_hash`,
);

// plan: SEARCH insight_aliases USING PRIMARY KEY (alias=?)
export const championHash = statement<[]>("SELECT model_hash FROM insight_aliases WHERE alias = 'champion'");

// plan: looks nothing up
export const insertRun = statement<
  [id: string, cause: string, asOf: number, position: string, code: string, now: number]
>(
  `INSERT INTO insight_runs (id, cause, as_of, state, step, seq, position, code_version, started_at, updated_at)
    VALUES (?1, ?2, ?3, 'running', 'collect', 0, ?4, ?5, ?6, ?6) ON CONFLICT (cause) DO NOTHING RETURNING id`,
);

// plan: SEARCH insight_runs USING INDEX sqlite_autoindex_insight_runs_2 (cause=?)
export const runOfCause = statement<[cause: string]>("SELECT id FROM insight_runs WHERE cause = ?");

// plan: SCAN insight_courses USING COVERING INDEX insight_courses_by_update
// scans: it stops at the first row.
export const anyCourse = statement<[]>("SELECT 1 FROM insight_courses LIMIT 1");

// plan: SEARCH insight_runs USING INDEX insight_runs_running (updated_at<?)
export const stalledRuns = statement<[before: number]>(
  "SELECT id, seq FROM insight_runs WHERE state = 'running' AND updated_at < ? ORDER BY updated_at LIMIT 5",
);

// plan: SCAN insight_courses USING COVERING INDEX insight_courses_by_update
// scans: it reads the newest row of an index.
export const newestCourse = statement<[]>("SELECT updated_at FROM insight_courses ORDER BY updated_at DESC LIMIT 1");

// plan: SCAN insight_runs USING COVERING INDEX insight_runs_by_start
// scans: it stops at the first row.
export const anyRun = statement<[]>("SELECT 1 FROM insight_runs LIMIT 1");

// plan: SEARCH insight_predictions USING INDEX insight_predictions_by_course (course_slug=? AND kind=?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH l USING PRIMARY KEY (enrollment_id=?)
export const joinOutcomes = statement<[course: string]>(
  `UPDATE insight_predictions SET passed =
      (SELECT passed FROM insight_learners l WHERE l.enrollment_id = insight_predictions.enrollment_id)
    WHERE course_slug = ? AND kind IN ('live', 'backtest') AND passed IS NULL`,
);

// plan: SEARCH insight_predictions USING COVERING INDEX insight_predictions_by_course (course_slug=?)
export const countAccuracy = statement<[course: string]>(
  `INSERT INTO insight_accuracy (course_slug, kind, week, total, correct)
    SELECT course_slug, kind, week, count(*), sum((probability >= 0.5) = passed) FROM insight_predictions
    WHERE course_slug = ? AND passed IS NOT NULL GROUP BY course_slug, kind, week
    ON CONFLICT (course_slug, kind, week) DO UPDATE SET total = excluded.total, correct = excluded.correct`,
);

// plan: SEARCH insight_accuracy USING PRIMARY KEY (course_slug>?)
export const accuracy = statement<[]>("SELECT kind, week, total, correct FROM insight_accuracy WHERE course_slug > ''");

// plan: SEARCH insight_aliases USING PRIMARY KEY (alias=?)
export const championSince = statement<[]>("SELECT since FROM insight_aliases WHERE alias = 'champion'");

// plan: SEARCH insight_runs USING INDEX insight_runs_by_start (started_at>?)
export const lastFinished = statement<[]>(
  "SELECT finished_at FROM insight_runs WHERE state = 'done' AND started_at > 0 ORDER BY started_at DESC LIMIT 1",
);

// plan: SEARCH insight_runs USING PRIMARY KEY (id=?)
export const runById = statement<[id: string]>("SELECT * FROM insight_runs WHERE id = ?");

/** Moves a run to its next step, unless that has been done already. */
// plan: SEARCH insight_runs USING PRIMARY KEY (id=?)
export const advanceRun = statement<
  [
    id: string,
    seq: number,
    step: string,
    position: string,
    now: number,
    dataHash: string | null,
    state: string,
    finishedAt: number | null,
  ]
>(
  `UPDATE insight_runs SET step = ?3, position = ?4, seq = seq + 1, updated_at = ?5, error = NULL,
      data_hash = coalesce(?6, data_hash), state = ?7, finished_at = ?8
    WHERE id = ?1 AND seq = ?2 AND state = 'running'`,
);

// plan: SEARCH insight_runs USING PRIMARY KEY (id=?)
export const failRun = statement<[id: string, seq: number, error: string, now: number]>(
  `UPDATE insight_runs SET state = 'failed', error = ?3, finished_at = ?4, updated_at = ?4
    WHERE id = ?1 AND seq = ?2 AND state = 'running'`,
);

// plan: looks nothing up
export const saveSchedule = statement<
  [course: string, module: string, period: string, startsAt: number, days: number, assessments: string, now: number]
>(
  `INSERT INTO insight_courses (course_slug, module, period, starts_at, length_days, assessments, updated_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (course_slug) DO UPDATE SET module = excluded.module, period = excluded.period,
      starts_at = excluded.starts_at, length_days = excluded.length_days, assessments = excluded.assessments,
      updated_at = excluded.updated_at`,
);

// plan: SEARCH insight_courses USING PRIMARY KEY (course_slug=?)
export const touchCourse = statement<[course: string, now: number]>(
  "UPDATE insight_courses SET updated_at = ?2 WHERE course_slug = ?1",
);

// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 2
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH insight_courses USING PRIMARY KEY (course_slug=?)
export const excludeLearner = statement<
  [enrollment: string, excluded: number, course: string, user: string, enrolledAt: number]
>(
  `INSERT INTO insight_learners (enrollment_id, course_slug, user_id, registered, attempts, credits, excluded)
    SELECT ?1, ?3, ?4, CAST(floor((?5 - coalesce(
        (SELECT starts_at FROM insight_courses WHERE course_slug = ?3), ?5)) / 86400000.0) AS INTEGER), 0, 0.0, ?2
    WHERE ${notBeingErased("?4")}
    ON CONFLICT (enrollment_id) DO UPDATE SET excluded = excluded.excluded`,
);

// plan: SEARCH insight_predictions USING PRIMARY KEY (enrollment_id=?)
export const dropPredictions = statement<[enrollment: string, excluded: number]>(
  "DELETE FROM insight_predictions WHERE enrollment_id = ?1 AND ?2 = 1",
);

// plan: SEARCH insight_learners USING PRIMARY KEY (enrollment_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const GIVEN_ABOUT = setStatement(
  (set) => `SELECT enrollment_id, registered, withdrawn, attempts, credits, passed, excluded FROM insight_learners
    WHERE enrollment_id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH progress USING PRIMARY KEY (enrollment_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const SUBMISSIONS_OF = setStatement(
  (set) => `SELECT enrollment_id, item_id, completed_at, best_score FROM progress
    WHERE enrollment_id IN (SELECT value FROM ${set}) AND completed_at <= ?2 AND revoked_at IS NULL`,
);

// plan: SEARCH insight_predictions USING PRIMARY KEY (enrollment_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const FORGET_LATEST = setStatement(
  (set) => `UPDATE insight_predictions SET latest = 0
    WHERE enrollment_id IN (SELECT value ->> 'enrollment_id' FROM ${set}) AND latest = 1`,
);

/** Learners at risk in the last prediction. */
// plan: SEARCH insight_predictions USING PRIMARY KEY (enrollment_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const AT_RISK_BEFORE = setStatement(
  (set) => `SELECT enrollment_id AS id FROM insight_predictions
    WHERE enrollment_id IN (SELECT value FROM ${set}) AND latest = 1 AND probability < 0.5`,
);

// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const STILL_ENROLLED = setStatement(
  (set) => `SELECT id FROM enrollments WHERE id IN (SELECT value FROM ${set})`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
export const INSERT_PREDICTIONS = setStatement(
  (
    set,
  ) => `INSERT INTO insight_predictions (enrollment_id, day, kind, course_slug, user_id, model_hash, run_id, probability,
      reasons, predicted_at, week, latest)
    SELECT value ->> 'enrollment_id', value ->> 'day', value ->> 'kind', value ->> 'course_slug', value ->> 'user_id',
      value ->> 'model_hash', value ->> 'run_id', value ->> 'probability', value ->> 'reasons', value ->> 'predicted_at',
      value ->> 'week', value ->> 'latest'
    FROM ${set}
    WHERE ${notBeingErased("value ->> 'user_id'")}
    ON CONFLICT (enrollment_id, day) DO UPDATE SET kind = excluded.kind, model_hash = excluded.model_hash,
      run_id = excluded.run_id, probability = excluded.probability, reasons = excluded.reasons,
      predicted_at = excluded.predicted_at, week = excluded.week, latest = excluded.latest
    WHERE insight_predictions.kind = excluded.kind OR excluded.kind = 'live'`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
export const STORE_LEARNERS = setStatement(
  (
    set,
  ) => `INSERT INTO insight_learners (enrollment_id, course_slug, user_id, registered, withdrawn, attempts, credits, passed)
    SELECT ?2 || ':' || (value ->> 'user_id'), ?2, value ->> 'user_id', value ->> 'registered', value ->> 'withdrawn',
      value ->> 'attempts', CAST(value ->> 'credits' AS REAL), value ->> 'passed'
    FROM ${set} WHERE ${notBeingErased("value ->> 'user_id'")}
    ON CONFLICT (enrollment_id) DO UPDATE SET registered = excluded.registered, withdrawn = excluded.withdrawn,
      attempts = excluded.attempts, credits = excluded.credits, passed = excluded.passed`,
);

// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ENROLLED = setStatement(
  (set) => `SELECT id, user_id, enrolled_at FROM enrollments WHERE id IN (SELECT value FROM ${set})`,
);

/** Models, the newest first. */
// plan: SEARCH insight_models USING INDEX insight_models_by_age ((created_at,hash)<(?,?))
export const modelsBefore = statement<[before: number, hash: string, limit: number]>(
  `SELECT * FROM insight_models WHERE (created_at, hash) < (?, ?) ORDER BY created_at DESC, hash DESC LIMIT ?`,
);

/** The audit entry of a run, if the run was started. */
// plan: SEARCH insight_runs EXISTS USING PRIMARY KEY (id=?)
export const noteOfRun = insertEntryWhere("EXISTS (SELECT 1 FROM insight_runs WHERE id = ?)");

/** The audit entry about a learner, unless they are being erased. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
export const noteOfPerson = insertEntryWhere(notBeingErased("?"));
