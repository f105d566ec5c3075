import { setStatement } from "../../../platform/database/set-statement.ts";
import { statement } from "../../../platform/database/statement.ts";
import type { ContextKey } from "./contexts.ts";

// Results that come in. Each statement has its plan above it.

// plan: SEARCH lti_results USING PRIMARY KEY (platform=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 3:
// plan: CREATE BLOOM FILTER
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 3:
// plan: CREATE BLOOM FILTER
export const dropResultsBeyond = statement<[platform: string, settings: string]>(
  `DELETE FROM lti_results WHERE platform = ?1
    AND (deployment NOT IN (SELECT value FROM json_each(?2, '$.deployments'))
      OR (json_type(?2, '$.courses') = 'array' AND course_slug NOT IN (SELECT value FROM json_each(?2, '$.courses'))))`,
);

// plan: SEARCH lti_results USING PRIMARY KEY (platform=?)
export const dropResultsOf = statement<[platform: string]>("DELETE FROM lti_results WHERE platform = ?");

// plan: SCAN lti_contexts
// scans: as the one before.
export const resultsFailing = statement<[]>(
  "SELECT count(*) AS failing FROM lti_contexts WHERE results_failure IS NOT NULL",
);

// plan: SEARCH lti_contexts USING COVERING INDEX lti_contexts_results_due (results_due_at<?)
export const resultsDue = statement<[now: number]>(
  "SELECT 1 AS found FROM lti_contexts WHERE results_due_at <= ? LIMIT 1",
);

/** Takes the gradebook that is due longest: nobody else has it until the lease is over. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
// plan: LIST SUBQUERY 2
// plan: SEARCH lti_contexts USING COVERING INDEX lti_contexts_results_due (results_due_at<?)
export const claimResults = statement<[now: number, lease: number]>(
  `UPDATE lti_contexts SET results_due_at = ?2 WHERE (platform, deployment, context, course_slug) IN
    (SELECT platform, deployment, context, course_slug FROM lti_contexts WHERE results_due_at <= ?1
      ORDER BY results_due_at LIMIT 1)
    RETURNING platform, deployment, context, course_slug, columns_url, line_items, results, results_due_at,
      results_attempts, results_state, results_unknown`,
);

/** How far a reading is. Nothing, where an operator has said or asked for something meanwhile: it begins again. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const noteResults = statement<
  [
    ...ContextKey,
    next: number | null,
    attempts: number,
    state: string,
    unknown: string,
    lineItems: string,
    readAt: number | null,
    failedAt: number | null,
    why: string | null,
  ]
>(
  `UPDATE lti_contexts SET results_due_at = ?6, results_attempts = ?7, results_state = ?8, results_unknown = ?9,
      line_items = ?10, results_read_at = coalesce(?11, results_read_at),
      results_failed_at = coalesce(?12, results_failed_at), results_failure = ?13
    WHERE platform = ?1 AND deployment = ?2 AND context = ?3 AND course_slug = ?4 AND results_due_at = ?5`,
);

/** Which columns are read for which items. They are read at once, if there are any. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const setResults = statement<
  [platform: string, deployment: string, context: string, course: string, results: string, now: number]
>(
  `UPDATE lti_contexts SET results = ?5, results_state = '{}', results_unknown = '[]', results_failure = NULL,
      results_attempts = 0, results_due_at = CASE ?5 WHEN '[]' THEN NULL ELSE ?6 END
    WHERE platform = ?1 AND deployment = ?2 AND context = ?3 AND course_slug = ?4`,
);

/** What was read of a column that is read no more. */
// plan: SEARCH lti_results USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=? AND line_item=?)
export const dropResultsOfColumn = statement<
  [platform: string, deployment: string, context: string, course: string, lineItem: string]
>(
  `DELETE FROM lti_results
    WHERE platform = ? AND deployment = ? AND context = ? AND course_slug = ? AND line_item = ?`,
);

/** The gradebooks of a platform are read at once, and all of what they say is told. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
export const askForResults = statement<[platform: string, now: number]>(
  `UPDATE lti_contexts SET results_due_at = ?2, results_attempts = 0, results_state = '{"whole":true}'
    WHERE platform = ?1 AND (results <> '[]' OR columns_url IS NOT NULL)`,
);

/** What a column of a gradebook said last. */
// plan: SEARCH lti_results USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=? AND line_item=?)
export const resultsOf = statement<
  [platform: string, deployment: string, context: string, course: string, lineItem: string]
>(
  `SELECT subject, said, told_at FROM lti_results
    WHERE platform = ? AND deployment = ? AND context = ? AND course_slug = ? AND line_item = ?`,
);

/** Remembers what was told, of people who are known still. */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SEARCH lti_people EXISTS USING COVERING INDEX lti_people_by_user (user_id=? AND platform=? AND subject=?)
export const KEEP_RESULTS = setStatement(
  (set) => `INSERT INTO lti_results
      (platform, deployment, context, course_slug, line_item, subject, user_id, said, told_at)
    SELECT ?2, ?3, ?4, ?5, ?6, value ->> 'subject', value ->> 'user', value ->> 'said', value ->> 'told_at' FROM ${set}
    WHERE EXISTS (SELECT 1 FROM lti_people
      WHERE platform = ?2 AND subject = value ->> 'subject' AND user_id = value ->> 'user')
    ON CONFLICT DO UPDATE SET user_id = excluded.user_id, said = excluded.said, told_at = excluded.told_at`,
);
