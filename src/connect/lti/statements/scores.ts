import { setStatement } from "../../../platform/database/set-statement.ts";
import { statement } from "../../../platform/database/statement.ts";

// Scores that go out. Each statement has its plan above it.

/** A column of a gradebook for one learner; a launch says where it is now. It is looked at at once. */
// plan: SEARCH lti_platforms EXISTS USING PRIMARY KEY (id=?)
export const setScore = statement<
  [
    platform: string,
    deployment: string,
    link: string,
    user: string,
    subject: string,
    course: string,
    item: string | null,
    lineItem: string,
    now: number,
  ]
>(
  `INSERT INTO lti_scores (platform, deployment, link, user_id, subject, course_slug, item, line_item, due_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM lti_platforms WHERE id = ?1)
    ON CONFLICT DO UPDATE SET course_slug = excluded.course_slug, item = excluded.item, line_item = excluded.line_item,
      due_at = excluded.due_at, attempts = 0, given = CASE line_item WHEN excluded.line_item THEN given ELSE '[]' END,
      sent = CASE WHEN line_item = excluded.line_item AND item IS excluded.item THEN sent ELSE NULL END`,
);

// plan: SCAN lti_changes
// scans: what has changed and was not told yet, a page of it.
export const changesIn = statement<[limit: number]>("SELECT enrollment_id, seq FROM lti_changes LIMIT ?");

// plan: SEARCH lti_changes USING PRIMARY KEY (enrollment_id=?)
export const dropChange = statement<[enrollment: string, seq: number]>(
  "DELETE FROM lti_changes WHERE enrollment_id = ? AND seq = ?",
);

// plan: SEARCH lti_scores USING INDEX lti_scores_by_learner (user_id=? AND course_slug=?)
export const wakeScores = statement<[user: string, course: string, now: number]>(
  "UPDATE lti_scores SET due_at = ?3, attempts = 0 WHERE user_id = ?1 AND course_slug = ?2",
);

// plan: SEARCH lti_scores USING COVERING INDEX lti_scores_due (due_at<?)
export const scoresDue = statement<[now: number]>("SELECT 1 AS found FROM lti_scores WHERE due_at <= ? LIMIT 1");

/** Takes what is due: nobody else has it until the lease is over. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=? AND deployment=? AND link=? AND user_id=?)
// plan: LIST SUBQUERY 2
// plan: SEARCH lti_scores USING COVERING INDEX lti_scores_due (due_at<?)
export const claimScores = statement<[now: number, lease: number, limit: number]>(
  `UPDATE lti_scores SET due_at = ?2, attempts = attempts + 1 WHERE (platform, deployment, link, user_id) IN
    (SELECT platform, deployment, link, user_id FROM lti_scores WHERE due_at <= ?1 ORDER BY due_at LIMIT ?3)
    RETURNING platform, deployment, link, user_id, subject, course_slug, item, line_item, due_at, attempts, sent, given`,
);

type ScoreKey = [platform: string, deployment: string, link: string, user: string, due: number];

/** What is about to be sent: it may arrive although no answer does. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=? AND deployment=? AND link=? AND user_id=?)
export const noteGiven = statement<[platform: string, deployment: string, link: string, user: string, given: string]>(
  "UPDATE lti_scores SET given = ?5 WHERE platform = ?1 AND deployment = ?2 AND link = ?3 AND user_id = ?4",
);

/** What was sent; it rests, unless something has changed meanwhile. @param at null: nothing had to be sent. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=? AND deployment=? AND link=? AND user_id=?)
export const noteScoreSent = statement<[...ScoreKey, sent: string | null, at: number | null]>(
  `UPDATE lti_scores SET sent = ?6, sent_at = coalesce(?7, sent_at), failure = NULL,
      due_at = CASE WHEN due_at = ?5 THEN NULL ELSE due_at END, attempts = 0
    WHERE platform = ?1 AND deployment = ?2 AND link = ?3 AND user_id = ?4`,
);

/** @param next when it is tried again; null: not by itself. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=? AND deployment=? AND link=? AND user_id=?)
export const noteScoreFailed = statement<[...ScoreKey, next: number | null, why: string, now: number]>(
  `UPDATE lti_scores SET failure = ?7, failed_at = ?8, due_at = CASE WHEN due_at = ?5 THEN ?6 ELSE due_at END
    WHERE platform = ?1 AND deployment = ?2 AND link = ?3 AND user_id = ?4`,
);

/** Its platform is switched off: it waits, and nothing failed. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=? AND deployment=? AND link=? AND user_id=?)
export const restScore = statement<[...ScoreKey, next: number]>(
  `UPDATE lti_scores SET attempts = 0, due_at = CASE WHEN due_at = ?5 THEN ?6 ELSE due_at END
    WHERE platform = ?1 AND deployment = ?2 AND link = ?3 AND user_id = ?4`,
);

// plan: SEARCH progress USING PRIMARY KEY (enrollment_id=? AND item_id=?)
export const factOf = statement<[enrollment: string, item: string]>(
  `SELECT attempted_at, completed_at, submitted_at, best_score, revoked_at FROM progress
    WHERE enrollment_id = ? AND item_id = ?`,
);

// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
export const progressOf = statement<[enrollment: string]>(
  "SELECT completed_count, item_count FROM enrollments WHERE id = ?",
);

/** Of a platform: how many scores wait, and what was sent and what failed last. */
// plan: SEARCH lti_scores USING COVERING INDEX lti_scores_by_sent (platform=? AND sent_at>?)
export const lastSent = statement<[platform: string]>(
  "SELECT sent_at AS at FROM lti_scores WHERE platform = ? AND sent_at IS NOT NULL ORDER BY sent_at DESC LIMIT 1",
);

// plan: SEARCH lti_scores USING INDEX lti_scores_by_failure (platform=?)
export const lastUnsent = statement<[platform: string]>(
  `SELECT failed_at AS at, failure AS why FROM lti_scores WHERE platform = ? AND failure IS NOT NULL
    ORDER BY failed_at DESC LIMIT 1`,
);

/** An operator has mended what failed: all of it is tried at once. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=?)
export const resendScores = statement<[platform: string, now: number]>(
  "UPDATE lti_scores SET due_at = ?2, attempts = 0 WHERE platform = ?1 AND failure IS NOT NULL",
);

// plan: SEARCH lti_scores USING PRIMARY KEY (platform=?)
export const dropScoresOf = statement<[platform: string]>("DELETE FROM lti_scores WHERE platform = ?");

/** A platform that is on again: what waited is due. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=?)
export const wakeScoresOf = statement<[platform: string, now: number]>(
  "UPDATE lti_scores SET due_at = ?2, attempts = 0 WHERE platform = ?1 AND due_at IS NOT NULL",
);

/** Scores that wait, those among them that have failed before. @param until beyond any wait. */
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH lti_scores USING COVERING INDEX lti_scores_due (due_at<?)
// plan: SCAN (subquery-1)
export const scoresWaiting = statement<[until: number, most: number]>(
  "SELECT count(*) AS waiting FROM (SELECT 1 FROM lti_scores WHERE due_at <= ? LIMIT ?)",
);

// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH lti_scores USING INDEX lti_scores_due (due_at>?)
// plan: SCAN (subquery-1)
// scans: what waits, which is little where a platform takes its scores.
export const scoresFailing = statement<[most: number]>(
  "SELECT count(*) AS failing FROM (SELECT 1 FROM lti_scores WHERE due_at IS NOT NULL AND failure IS NOT NULL LIMIT ?)",
);

/** What was sent to gradebooks for some people, whichever of their columns it was. */
// plan: SEARCH lti_scores USING INDEX lti_scores_by_learner (user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const SENT_FOR = setStatement(
  (set) => `SELECT user_id, line_item, given, sent FROM lti_scores
    WHERE user_id IN (SELECT value FROM ${set}) AND +platform = ?2`,
);
