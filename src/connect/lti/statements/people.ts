import { setStatement } from "../../../platform/database/set-statement.ts";
import { statement } from "../../../platform/database/statement.ts";

// People of platforms, and how they leave. Each statement has its plan above it.

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

/** Whether a platform, and nobody else, made somebody a member of a course. */
// plan: SEARCH roster_grants USING COVERING INDEX roster_grants_by_learner (learner_id=? AND course_slug=? AND source=? AND user_id=?)
export const grantedBy = statement<[course: string, source: string, user: string]>(
  "SELECT 1 AS found FROM roster_grants WHERE course_slug = ? AND source = ? AND user_id = ? AND learner_id = ''",
);

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
