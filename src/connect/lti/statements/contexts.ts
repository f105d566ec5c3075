import { setStatement } from "../../../platform/database/set-statement.ts";
import { statement } from "../../../platform/database/statement.ts";

// Courses of platforms, and their members. Each statement has its plan above it.

/**
 * A course of a platform whose members or whose gradebook can be read; one that was read before keeps its hour. Where the members
 * are not listed, its address of them is empty, and they are never due.
 */
// plan: SEARCH lti_platforms EXISTS USING PRIMARY KEY (id=?)
export const setContext = statement<
  [
    platform: string,
    deployment: string,
    context: string,
    course: string,
    title: string | null,
    members: string | null,
    now: number,
    columns: string | null,
  ]
>(
  `INSERT INTO lti_contexts (platform, deployment, context, course_slug, title, members_url, due_at, columns_url)
    SELECT ?1, ?2, ?3, ?4, ?5, coalesce(?6, ''), CASE WHEN ?6 IS NULL THEN 9007199254740991 ELSE ?7 END, ?8
    WHERE EXISTS (SELECT 1 FROM lti_platforms WHERE id = ?1)
    ON CONFLICT DO UPDATE SET title = excluded.title,
      due_at = CASE WHEN members_url = '' AND excluded.members_url <> '' THEN excluded.due_at ELSE due_at END,
      members_url = CASE excluded.members_url WHEN '' THEN members_url ELSE excluded.members_url END,
      differences_url = CASE WHEN excluded.members_url IN ('', members_url) THEN differences_url ELSE NULL END,
      columns_url = coalesce(excluded.columns_url, columns_url)`,
);

// plan: SEARCH lti_contexts USING COVERING INDEX lti_contexts_due (due_at<?)
export const contextsDue = statement<[now: number]>("SELECT 1 AS found FROM lti_contexts WHERE due_at <= ? LIMIT 1");

/** Takes what is due longest: nobody else has it until the lease is over. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
// plan: LIST SUBQUERY 2
// plan: SEARCH lti_contexts USING COVERING INDEX lti_contexts_due (due_at<?)
export const claimContext = statement<[now: number, lease: number]>(
  `UPDATE lti_contexts SET due_at = ?2, attempts = attempts + 1 WHERE (platform, deployment, context, course_slug) IN
    (SELECT platform, deployment, context, course_slug FROM lti_contexts WHERE due_at <= ?1 ORDER BY due_at LIMIT 1)
    RETURNING platform, deployment, context, course_slug, members_url, differences_url, most_removed, due_at, attempts`,
);

export type ContextKey = [platform: string, deployment: string, context: string, course: string, due: number];

/** What an operator has asked for meanwhile stays due. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const noteContextRead = statement<
  [...ContextKey, next: number, now: number, counts: string, differences: string | null, allowed: number | null]
>(
  `UPDATE lti_contexts SET synced_at = ?7, counts = ?8, differences_url = ?9, failure = NULL, attempts = 0,
      most_removed = CASE WHEN due_at = ?5 THEN ?10 ELSE most_removed END, due_at = CASE WHEN due_at = ?5 THEN ?6 ELSE due_at END
    WHERE platform = ?1 AND deployment = ?2 AND context = ?3 AND course_slug = ?4`,
);

/** Its platform is switched off: it is looked at again later. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const restContext = statement<[...ContextKey, next: number]>(
  `UPDATE lti_contexts SET attempts = 0, due_at = CASE WHEN due_at = ?5 THEN ?6 ELSE due_at END
    WHERE platform = ?1 AND deployment = ?2 AND context = ?3 AND course_slug = ?4`,
);

/** After a failure the whole list is read: a place to go on from may be what failed. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const noteContextFailed = statement<
  [...ContextKey, next: number, now: number, why: string, allowed: number | null]
>(
  `UPDATE lti_contexts SET failed_at = ?7, failure = ?8, differences_url = NULL,
      most_removed = CASE WHEN due_at = ?5 THEN ?9 ELSE most_removed END,
      due_at = CASE WHEN due_at = ?5 THEN ?6 ELSE due_at END
    WHERE platform = ?1 AND deployment = ?2 AND context = ?3 AND course_slug = ?4`,
);

// plan: SEARCH lti_members USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const membersOf = statement<[platform: string, deployment: string, context: string, course: string]>(
  `SELECT subject, user_id, place FROM lti_members
    WHERE platform = ? AND deployment = ? AND context = ? AND course_slug = ?`,
);

/** What people are in the same course here by other courses of their platform. */
// plan: SEARCH lti_members USING INDEX lti_members_by_user (user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const PLACES_ELSEWHERE = setStatement(
  (set) => `SELECT user_id, place FROM lti_members WHERE user_id IN (SELECT value FROM ${set}) AND course_slug = ?4
    AND (deployment <> ?2 OR context <> ?3)`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const KEEP_MEMBERS = setStatement(
  (set) => `INSERT INTO lti_members (platform, deployment, context, course_slug, subject, user_id, place)
    SELECT ?2, ?3, ?4, ?5, value ->> 'subject', value ->> 'user', value ->> 'place' FROM ${set} WHERE true
    ON CONFLICT DO UPDATE SET user_id = excluded.user_id, place = excluded.place`,
);

// plan: SEARCH lti_members USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=? AND subject=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const FORGET_MEMBERS = setStatement(
  (set) => `DELETE FROM lti_members WHERE platform = ?2 AND deployment = ?3 AND context = ?4 AND course_slug = ?5
    AND subject IN (SELECT value FROM ${set})`,
);

/** The courses of a platform, as operators see them. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
export const contextsOf = statement<[platform: string, limit: number]>(
  `SELECT deployment, context, course_slug, title, synced_at, counts, failed_at, failure, line_items, results, results_state,
      results_unknown, results_read_at, results_failed_at, results_failure FROM lti_contexts
    WHERE platform = ? LIMIT ?`,
);

// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
export const wakeContextsOf = statement<[platform: string, now: number]>(
  `UPDATE lti_contexts SET attempts = 0, due_at = CASE members_url WHEN '' THEN due_at ELSE ?2 END,
      results_due_at = CASE results WHEN '[]' THEN NULL ELSE ?2 END WHERE platform = ?1`,
);

/** Courses that a platform may open no more are read no more: of its settings, JSON. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 3:
// plan: CREATE BLOOM FILTER
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 3:
// plan: CREATE BLOOM FILTER
export const dropContextsBeyond = statement<[platform: string, settings: string]>(
  `DELETE FROM lti_contexts WHERE platform = ?1
    AND (deployment NOT IN (SELECT value FROM json_each(?2, '$.deployments'))
      OR (json_type(?2, '$.courses') = 'array' AND course_slug NOT IN (SELECT value FROM json_each(?2, '$.courses'))))`,
);

// plan: SEARCH lti_members USING PRIMARY KEY (platform=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 3:
// plan: CREATE BLOOM FILTER
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 3:
// plan: CREATE BLOOM FILTER
export const dropMembersBeyond = statement<[platform: string, settings: string]>(
  `DELETE FROM lti_members WHERE platform = ?1
    AND (deployment NOT IN (SELECT value FROM json_each(?2, '$.deployments'))
      OR (json_type(?2, '$.courses') = 'array' AND course_slug NOT IN (SELECT value FROM json_each(?2, '$.courses'))))`,
);

/** All members of all courses of a platform are read at once. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
export const askForMembers = statement<[platform: string, now: number, most: number | null]>(
  `UPDATE lti_contexts SET due_at = ?2, attempts = 0, differences_url = NULL, most_removed = ?3
    WHERE platform = ?1 AND members_url <> ''`,
);

// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
export const dropContextsOf = statement<[platform: string]>("DELETE FROM lti_contexts WHERE platform = ?");

// plan: SEARCH lti_members USING PRIMARY KEY (platform=?)
export const dropMembersOf = statement<[platform: string]>("DELETE FROM lti_members WHERE platform = ?");

// plan: SCAN lti_contexts
// scans: a row for each course of a platform whose members are listed.
export const contextsFailing = statement<[]>("SELECT count(*) AS failing FROM lti_contexts WHERE failure IS NOT NULL");

// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const contextOf = statement<[platform: string, deployment: string, context: string, course: string]>(
  `SELECT deployment, context, course_slug, title, synced_at, counts, failed_at, failure, line_items, results, results_state,
      results_unknown, results_read_at, results_failed_at, results_failure, columns_url, members_url FROM lti_contexts
    WHERE platform = ? AND deployment = ? AND context = ? AND course_slug = ?`,
);
