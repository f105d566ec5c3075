// Over 350 lines: every statement stands with its plan above it, and its parameters named.

import { insertEntryWhere } from "../../audit/index.ts";
import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

// plan: SEARCH lti_platforms USING INDEX sqlite_autoindex_lti_platforms_2 (issuer=?)
export const platformsOf = statement<[issuer: string]>(
  "SELECT * FROM lti_platforms WHERE issuer = ? ORDER BY client_id",
);

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const platformById = statement<[id: string]>("SELECT * FROM lti_platforms WHERE id = ?");

// plan: SEARCH lti_platforms USING PRIMARY KEY (id>?)
// scans: operators enter each platform by hand, up to 500.
export const everyPlatform = statement<[after: string, limit: number]>(
  "SELECT * FROM lti_platforms WHERE id > ? ORDER BY id LIMIT ?",
);

/** Makes or changes a platform; nothing where there are as many as there may be. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
// plan: SCALAR SUBQUERY 2
// plan: SCAN lti_platforms USING COVERING INDEX lti_platforms_by_owner
// scans: a count of at most 500 rows, when an operator makes a platform.
export const setPlatform = statement<
  [
    id: string,
    name: string,
    kind: string,
    issuer: string,
    client: string,
    auth: string,
    token: string,
    jwks: string,
    settings: string,
    owner: string,
    now: number,
    most: number,
  ]
>(
  `INSERT INTO lti_platforms
    (id, name, kind, issuer, client_id, auth_url, token_url, jwks_url, settings, owner, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
    WHERE EXISTS (SELECT 1 FROM lti_platforms WHERE id = ?1) OR (SELECT count(*) FROM lti_platforms) < ?12
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, issuer = excluded.issuer,
      client_id = excluded.client_id, auth_url = excluded.auth_url, token_url = excluded.token_url,
      jwks_url = excluded.jwks_url, settings = excluded.settings, owner = excluded.owner, updated_at = excluded.updated_at`,
);

/** Makes a platform that registers itself; nothing where one has the id already, or where there are as many as there may be. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SCAN lti_platforms USING COVERING INDEX lti_platforms_by_owner
// scans: a count of at most 500 rows, when a platform registers itself.
export const addPlatform = statement<
  [
    id: string,
    name: string,
    kind: string,
    issuer: string,
    client: string,
    auth: string,
    token: string,
    jwks: string,
    settings: string,
    owner: string,
    now: number,
    most: number,
  ]
>(
  `INSERT INTO lti_platforms
    (id, name, kind, issuer, client_id, auth_url, token_url, jwks_url, settings, owner, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
    WHERE (SELECT count(*) FROM lti_platforms) < ?12 ON CONFLICT (id) DO NOTHING`,
);

/** The entry of the audit log about a platform that has just been made: its id, its client id and its issuer. */
// plan: SCAN lti_platforms EXISTS
// scans: up to 500 rows, when a platform registers itself.
export const entryOfAdded = insertEntryWhere(
  "EXISTS (SELECT 1 FROM lti_platforms WHERE id || ' ' || client_id || ' ' || issuer = ?)",
);

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const dropPlatform = statement<[id: string]>("DELETE FROM lti_platforms WHERE id = ?");

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const noteLaunched = statement<[id: string, now: number]>(
  "UPDATE lti_platforms SET launched_at = ?2 WHERE id = ?1",
);

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const noteFailure = statement<[id: string, now: number, why: string]>(
  "UPDATE lti_platforms SET failed_at = ?2, failure = ?3 WHERE id = ?1",
);

/** Uses a launch: nothing is written when it was used before. */
// plan: looks nothing up
export const spendLaunch = statement<[id: string, expires: number]>(
  "INSERT INTO lti_used (id, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
);

// plan: SEARCH lti_used USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH lti_used USING COVERING INDEX lti_used_by_expiry (expires_at<?)
export const dropUsed = statement<[now: number, limit: number]>(
  "DELETE FROM lti_used WHERE id IN (SELECT id FROM lti_used WHERE expires_at <= ? LIMIT ?)",
);

/** Somebody of a platform; nobody, if the platform has just gone. */
// plan: SEARCH lti_platforms EXISTS USING PRIMARY KEY (id=?)
export const addPerson = statement<[platform: string, subject: string, user: string, now: number]>(
  `INSERT INTO lti_people (platform, subject, user_id, created_at) SELECT ?1, ?2, ?3, ?4
    WHERE EXISTS (SELECT 1 FROM lti_platforms WHERE id = ?1) ON CONFLICT DO NOTHING`,
);

/** An account for somebody whom {@link addPerson} has just added, in the same batch; nothing for who was known. */
// plan: SEARCH lti_people EXISTS USING PRIMARY KEY (platform=? AND subject=?)
// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const addAccount = statement<
  [platform: string, subject: string, user: string, name: string, email: string, now: number]
>(
  `INSERT INTO users (id, name, email, role, created_at, updated_at) SELECT ?3, ?4, ?5, 'learner', ?6, ?6
    WHERE EXISTS (SELECT 1 FROM lti_people WHERE platform = ?1 AND subject = ?2 AND user_id = ?3) ON CONFLICT DO NOTHING`,
);

/** Who somebody is here, with their account. */
// plan: SEARCH lti_people USING PRIMARY KEY (platform=? AND subject=?)
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const personOf = statement<[platform: string, subject: string]>(
  `SELECT lti_people.user_id AS user_id FROM lti_people JOIN users ON users.id = lti_people.user_id
    WHERE platform = ? AND subject = ?`,
);

/** Whether anybody has come from a platform yet. */
// plan: SEARCH lti_people USING PRIMARY KEY (platform=?)
export const anyPersonOf = statement<[platform: string]>(
  "SELECT 1 AS found FROM lti_people WHERE platform = ? LIMIT 1",
);

/** Everybody of a platform leaves. */
// plan: SEARCH lti_people USING PRIMARY KEY (platform=?)
export const sendAway = statement<[platform: string, until: number]>(
  `INSERT INTO lti_leaving (user_id, until) SELECT user_id, ?2 FROM lti_people WHERE platform = ?1
    ON CONFLICT DO UPDATE SET until = excluded.until`,
);

// plan: SCAN lti_leaving
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH sessions USING COVERING INDEX sessions_by_user (user_id=?)
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SEARCH verifications USING INDEX verifications_by_identifier (identifier=?)
// scans: whoever leaves, for two minutes after an operator has removed or switched off a platform.
export const leavingStill = statement<[now: number, limit: number]>(
  `SELECT user_id FROM lti_leaving WHERE EXISTS (SELECT 1 FROM sessions WHERE sessions.user_id = lti_leaving.user_id)
    OR EXISTS (SELECT 1 FROM verifications WHERE identifier = lti_leaving.user_id AND expires_at > ?1
      AND value ->> '$.for' <> 'passkey')
    LIMIT ?2`,
);

// plan: SCAN lti_leaving
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH sessions USING COVERING INDEX sessions_by_user (user_id=?)
// scans: as the one before.
export const dropLeft = statement<[now: number]>(
  `DELETE FROM lti_leaving WHERE until <= ?1
    AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.user_id = lti_leaving.user_id)`,
);

// plan: SCAN lti_leaving
// scans: as the one before.
export const anyLeaving = statement<[]>("SELECT 1 AS found FROM lti_leaving LIMIT 1");

// plan: SEARCH lti_people USING PRIMARY KEY (platform=?)
export const dropPeopleOf = statement<[platform: string]>("DELETE FROM lti_people WHERE platform = ?");

// plan: SCAN lti_keys
// scans: a handful of keys: one a day at most, each for a month.
export const everyKey = statement<[]>("SELECT * FROM lti_keys LIMIT 100");

/** Adds a key, unless one was made since: of two who rotate at once, one does. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SCAN lti_keys
// scans: a handful of keys.
export const addKey = statement<[kid: string, publicKey: string, privateKey: string, now: number, newest: number]>(
  `INSERT INTO lti_keys (kid, public_key, private_key, created_at) SELECT ?1, ?2, ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM lti_keys WHERE created_at > ?5)`,
);

// plan: SEARCH lti_keys USING PRIMARY KEY (kid=?)
export const dropKey = statement<[kid: string]>("DELETE FROM lti_keys WHERE kid = ?");

// plan: SEARCH lti_keys USING PRIMARY KEY (kid=?)
export const sealKeyAgain = statement<[kid: string, privateKey: string, before: string]>(
  "UPDATE lti_keys SET private_key = ?2 WHERE kid = ?1 AND private_key = ?3",
);

/** Whether a platform, and nobody else, made somebody a member of a course. */
// plan: SEARCH roster_grants USING COVERING INDEX roster_grants_by_learner (learner_id=? AND course_slug=? AND source=? AND user_id=?)
export const grantedBy = statement<[course: string, source: string, user: string]>(
  "SELECT 1 AS found FROM roster_grants WHERE course_slug = ? AND source = ? AND user_id = ? AND learner_id = ''",
);

/** Published courses of a list, with their titles. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const CHOSEN_COURSES = setStatement(
  (set) => `SELECT slug, title FROM courses WHERE slug IN (SELECT value FROM ${set}) AND active_version IS NOT NULL
    ORDER BY slug`,
);

// plan: SCAN courses
// scans: a row for each course, when a teacher of a platform that may open all of them chooses one.
export const everyPublished = statement<[limit: number]>(
  "SELECT slug, title FROM courses WHERE active_version IS NOT NULL AND organization_id IS NULL ORDER BY slug LIMIT ?",
);

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

/** {@link addPerson} for many. */
// plan: SEARCH lti_platforms EXISTS USING PRIMARY KEY (id=?)
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ADD_PEOPLE = setStatement(
  (set) => `INSERT INTO lti_people (platform, subject, user_id, created_at)
    SELECT ?2, value ->> 'subject', value ->> 'user', ?3 FROM ${set}
    WHERE EXISTS (SELECT 1 FROM lti_platforms WHERE id = ?2) ON CONFLICT DO NOTHING`,
);

/** {@link addAccount} for many. */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SEARCH lti_people EXISTS USING COVERING INDEX lti_people_by_user (user_id=? AND platform=? AND subject=?)
// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const ADD_ACCOUNTS = setStatement(
  (set) => `INSERT INTO users (id, name, email, role, created_at, updated_at)
    SELECT value ->> 'user', value ->> 'name', (value ->> 'user') || '@lti.invalid', 'learner', ?3, ?3 FROM ${set}
    WHERE EXISTS (SELECT 1 FROM lti_people
      WHERE platform = ?2 AND subject = value ->> 'subject' AND user_id = value ->> 'user') ON CONFLICT DO NOTHING`,
);

// plan: SEARCH lti_people USING PRIMARY KEY (platform=? AND subject=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const PEOPLE_BY_SUBJECT = setStatement(
  (set) => `SELECT subject, lti_people.user_id AS user_id FROM lti_people JOIN users ON users.id = lti_people.user_id
    WHERE platform = ?2 AND subject IN (SELECT value FROM ${set})`,
);

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

type ContextKey = [platform: string, deployment: string, context: string, course: string, due: number];

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

/** A platform that is on again: what waited is due. */
// plan: SEARCH lti_scores USING PRIMARY KEY (platform=?)
export const wakeScoresOf = statement<[platform: string, now: number]>(
  "UPDATE lti_scores SET due_at = ?2, attempts = 0 WHERE platform = ?1 AND due_at IS NOT NULL",
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

/** All members of all courses of a platform are read at once. */
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
export const askForMembers = statement<[platform: string, now: number, most: number | null]>(
  `UPDATE lti_contexts SET due_at = ?2, attempts = 0, differences_url = NULL, most_removed = ?3
    WHERE platform = ?1 AND members_url <> ''`,
);

// plan: SEARCH lti_results USING PRIMARY KEY (platform=?)
export const dropResultsOf = statement<[platform: string]>("DELETE FROM lti_results WHERE platform = ?");
// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=?)
export const dropContextsOf = statement<[platform: string]>("DELETE FROM lti_contexts WHERE platform = ?");
// plan: SEARCH lti_members USING PRIMARY KEY (platform=?)
export const dropMembersOf = statement<[platform: string]>("DELETE FROM lti_members WHERE platform = ?");

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

// plan: SCAN lti_contexts
// scans: a row for each course of a platform whose members are listed.
export const contextsFailing = statement<[]>("SELECT count(*) AS failing FROM lti_contexts WHERE failure IS NOT NULL");

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

// plan: SEARCH lti_contexts USING PRIMARY KEY (platform=? AND deployment=? AND context=? AND course_slug=?)
export const contextOf = statement<[platform: string, deployment: string, context: string, course: string]>(
  `SELECT deployment, context, course_slug, title, synced_at, counts, failed_at, failure, line_items, results, results_state,
      results_unknown, results_read_at, results_failed_at, results_failure, columns_url, members_url FROM lti_contexts
    WHERE platform = ? AND deployment = ? AND context = ? AND course_slug = ?`,
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

/** What was sent to gradebooks for some people, whichever of their columns it was. */
// plan: SEARCH lti_scores USING INDEX lti_scores_by_learner (user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const SENT_FOR = setStatement(
  (set) => `SELECT user_id, line_item, given, sent FROM lti_scores
    WHERE user_id IN (SELECT value FROM ${set}) AND +platform = ?2`,
);
