import { notBeingErased } from "../../identity/index.ts";
import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

/** What groups of a source mean; at most as many as it may have. */
// plan: SEARCH group_rules USING PRIMARY KEY (source=?)
export const rulesOf = statement<[source: string]>(
  "SELECT group_name, course_slug, role, cohort FROM group_rules WHERE source = ? ORDER BY group_name, course_slug",
);

// plan: SEARCH group_rules USING PRIMARY KEY (source=?)
export const dropRules = statement<[source: string]>("DELETE FROM group_rules WHERE source = ?");

/** Rules of a source, each a row [group, course, role, cohort]; those of courses that do not exist are left out. */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SEARCH courses EXISTS USING PRIMARY KEY (slug=?)
export const ADD_RULES = setStatement(
  (set) => `INSERT INTO group_rules (source, group_name, course_slug, role, cohort)
    SELECT ?2, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM ${set}
    WHERE EXISTS (SELECT 1 FROM courses WHERE slug = value ->> 1)`,
);

/** Which of these courses there are. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const COURSES_AMONG = setStatement((set) => `SELECT slug FROM courses WHERE slug IN (SELECT value FROM ${set})`);

/** Places that a source gave to people of a set. */
// plan: SEARCH group_places USING PRIMARY KEY (source=? AND user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const PLACES_OF = setStatement(
  (set) => `SELECT user_id, course_slug, learner, enrolled, member FROM group_places
    WHERE source = ?2 AND user_id IN (SELECT value FROM ${set})`,
);

/** Keeps what was given: rows [user, course, cohorts, enrolled, member]. */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
export const KEEP_PLACES = setStatement(
  (set) => `INSERT INTO group_places (source, user_id, course_slug, learner, enrolled, member)
    SELECT ?2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM ${set}
    WHERE ${notBeingErased("value ->> 0")}
    ON CONFLICT (source, user_id, course_slug) DO UPDATE
    SET learner = excluded.learner, member = excluded.member,
      enrolled = iif(excluded.learner IS NULL, 0, max(enrolled, excluded.enrolled))`,
);

/** Forgets places of people of a set in a course. */
// plan: SEARCH group_places USING PRIMARY KEY (source=? AND user_id=? AND course_slug=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const FORGET_PLACES = setStatement(
  (set) => `DELETE FROM group_places
    WHERE source = ?2 AND course_slug = ?3 AND user_id IN (SELECT value FROM ${set})`,
);

/** Takes people whose places have to be looked at now: until the lease ends, nobody else takes them. */
// plan: SEARCH group_due USING PRIMARY KEY (source=? AND user_id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH group_due USING INDEX group_due_by_time (source=? AND due_at<?)
export const takeDue = statement<[source: string, now: number, limit: number, until: number]>(
  `UPDATE group_due SET leased_until = ?4 WHERE source = ?1 AND user_id IN
      (SELECT user_id FROM group_due WHERE source = ?1 AND due_at <= ?2 AND leased_until <= ?2 ORDER BY due_at LIMIT ?3)
    RETURNING user_id, attempts, changes`,
);

/** People of a set have to be looked at. */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
export const SET_DUE = setStatement(
  (set) => `INSERT INTO group_due (source, user_id, due_at) SELECT ?2, value, ?3 FROM ${set}
    WHERE ${notBeingErased("value")}
    ON CONFLICT (source, user_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0, changes = changes + 1`,
);

/** Everybody who is in a group of the directory: its rules have changed. */
// plan: SCAN scim_members USING COVERING INDEX scim_members_by_user
// scans: an admin has changed what groups mean: everybody who is in one is looked at.
export const setMembersDue = statement<[source: string, now: number]>(
  `INSERT INTO group_due (source, user_id, due_at) SELECT ?1, user_id, ?2 FROM scim_members WHERE true
    ON CONFLICT (source, user_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0, changes = changes + 1`,
);

/** Everybody who has a place by a group of the directory. */
// plan: SEARCH group_places USING PRIMARY KEY (source=?)
// scans: an admin has changed what groups mean: everybody who has a place by one is looked at.
export const setPlacedDue = statement<[source: string, now: number]>(
  `INSERT INTO group_due (source, user_id, due_at) SELECT ?1, user_id, ?2 FROM group_places WHERE source = ?1
    ON CONFLICT (source, user_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0, changes = changes + 1`,
);

/** People were looked at: rows [user, changes]; those of whom more has happened since stay due. */
// plan: SEARCH group_due USING PRIMARY KEY (source=? AND user_id=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
export const SETTLED = setStatement(
  (set) => `DELETE FROM group_due WHERE source = ?2
    AND (user_id, changes) IN (SELECT value ->> 0, value ->> 1 FROM ${set})`,
);

/** People have to be looked at again: rows [user, changes, next]. */
// plan: SEARCH group_due USING PRIMARY KEY (source=?)
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const LATER_DUE = setStatement(
  (set) => `UPDATE group_due SET due_at = next, attempts = attempts + 1
    FROM (SELECT value ->> 0 AS who, value ->> 1 AS seen, value ->> 2 AS next FROM ${set})
    WHERE source = ?2 AND user_id = who AND changes = seen`,
);

/** Nobody looks at these people any more. */
// plan: SEARCH group_due USING PRIMARY KEY (source=? AND user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const RELEASED = setStatement(
  (set) => `UPDATE group_due SET leased_until = 0 WHERE source = ?2 AND user_id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH group_due USING COVERING INDEX group_due_by_time (source=?)
export const waitingOf = statement<[source: string]>("SELECT count(*) AS waiting FROM group_due WHERE source = ?");

// plan: SEARCH group_notes USING PRIMARY KEY (source=?)
export const noteOf = statement<[source: string]>(
  "SELECT synced_at, failed_at, failure, failures, ignored FROM group_notes WHERE source = ?",
);

// plan: looks nothing up
export const noteSync = statement<[source: string, now: number]>(
  `INSERT INTO group_notes (source, synced_at) VALUES (?1, ?2)
    ON CONFLICT (source) DO UPDATE SET synced_at = excluded.synced_at, failures = 0`,
);

/** A change of the directory was refused. */
// plan: looks nothing up
export const noteRefusal = statement<[source: string, now: number, failure: string]>(
  `INSERT INTO group_notes (source, failed_at, failure, failures) VALUES (?1, ?2, ?3, 1)
    ON CONFLICT (source) DO UPDATE
    SET failed_at = excluded.failed_at, failure = excluded.failure, failures = failures + 1`,
);

/** Attributes that are not kept: JSON, when each was last sent. */
// plan: looks nothing up
export const noteIgnored = statement<[source: string, ignored: string]>(
  `INSERT INTO group_notes (source, ignored) VALUES (?1, ?2)
    ON CONFLICT (source) DO UPDATE SET ignored = json_patch(coalesce(ignored, '{}'), excluded.ignored)`,
);

/** Places that its groups mean could not be given. */
// plan: looks nothing up
export const noteFault = statement<[source: string, now: number, failure: string]>(
  `INSERT INTO group_notes (source, failed_at, failure) VALUES (?1, ?2, ?3)
    ON CONFLICT (source) DO UPDATE SET failed_at = excluded.failed_at, failure = excluded.failure`,
);

/** The last day on which a directory used a key that it still has; nothing where none has sent anybody. */
// plan: SEARCH service_keys USING PRIMARY KEY
// plan: SEARCH scim_users EXISTS USING COVERING INDEX scim_users_by_age
// plan: SEARCH json_each EXISTS VIRTUAL TABLE INDEX 1:
// scans: some hundred keys, their scopes, and one person.
export const lastHeard = statement<[]>(
  `SELECT max(last_used_on) AS day FROM service_keys WHERE revoked_at IS NULL
    AND EXISTS (SELECT 1 FROM json_each(scopes) WHERE value = 'scim') AND EXISTS (SELECT 1 FROM scim_users)`,
);

/** Names of the groups of people of a set. */
// plan: SEARCH scim_members USING COVERING INDEX scim_members_by_user (user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
export const GROUPS_OF = setStatement(
  (set) => `SELECT user_id, name FROM scim_members JOIN scim_groups ON scim_groups.id = group_id
    WHERE user_id IN (SELECT value FROM ${set})`,
);
