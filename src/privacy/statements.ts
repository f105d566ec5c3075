// Over 350 lines: every statement that finds or removes what is held about a person stands in one list, each with its plan.

import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

// plan: SEARCH courses USING INDEX courses_by_owner (owner_id=?)
export const ownedCourses = statement<[user: string]>("SELECT slug, title, created_at FROM courses WHERE owner_id = ?");

// plan: SEARCH course_members USING INDEX course_members_by_user (user_id=?)
export const membershipsOf = statement<[user: string]>(
  "SELECT course_slug, role, added_at FROM course_members WHERE user_id = ?",
);

/** Whom a user observes, and that they are observed: not by whom, who is somebody else. */
// plan: COMPOUND QUERY
// plan: LEFT-MOST SUBQUERY
// plan: SEARCH course_observers USING INDEX course_observers_by_user (user_id=?)
// plan: UNION ALL
// plan: SEARCH course_observers USING INDEX course_observers_by_learner (learner_id=?)
export const observationsOf = statement<[user: string]>(
  `SELECT course_slug, learner_id, added_at FROM course_observers WHERE user_id = ?1
    UNION ALL SELECT course_slug, learner_id, added_at FROM course_observers WHERE learner_id = ?1`,
);

// plan: SEARCH course_invitation_uses USING INDEX course_invitation_uses_by_user (user_id=?)
export const invitationUsesOf = statement<[user: string]>(
  "SELECT invitation_id, used_at FROM course_invitation_uses WHERE user_id = ?",
);

// plan: SEARCH course_working_copies USING INDEX course_working_copies_by_writer (saved_by=?)
export const workingCopiesOf = statement<[user: string]>(
  "SELECT course_slug, revision, saved_at FROM course_working_copies WHERE saved_by = ?",
);

// plan: SEARCH course_working_copies USING INDEX course_working_copies_by_writer (saved_by=?)
export const renameWriter = statement<[user: string, pseudonym: string]>(
  "UPDATE course_working_copies SET saved_by = ?2 WHERE saved_by = ?1",
);

// plan: SEARCH course_writers USING INDEX course_writers_by_user (user_id=?)
export const dropWriter = statement<[user: string]>("DELETE FROM course_writers WHERE user_id = ?");

// plan: SEARCH course_members USING INDEX course_members_by_user (user_id=?)
export const dropMemberships = statement<[user: string]>("DELETE FROM course_members WHERE user_id = ?");

// plan: MULTI-INDEX OR
// plan: INDEX 1
// plan: SEARCH course_observers USING INDEX course_observers_by_user (user_id=?)
// plan: INDEX 2
// plan: SEARCH course_observers USING INDEX course_observers_by_learner (learner_id=?)
export const dropObservations = statement<[user: string]>(
  "DELETE FROM course_observers WHERE user_id = ?1 OR learner_id = ?1",
);

// plan: SEARCH course_invitation_uses USING INDEX course_invitation_uses_by_user (user_id=?)
export const dropInvitationUses = statement<[user: string]>("DELETE FROM course_invitation_uses WHERE user_id = ?");

// plan: SEARCH courses USING INDEX courses_by_owner (owner_id=?)
export const renameOwner = statement<[user: string, pseudonym: string]>(
  "UPDATE courses SET owner_id = ?2 WHERE owner_id = ?1",
);

// plan: SEARCH course_versions USING INDEX course_versions_by_publisher (published_by=?)
export const renamePublisher = statement<[user: string, pseudonym: string]>(
  "UPDATE course_versions SET published_by = ?2 WHERE published_by = ?1",
);

// plan: SEARCH erasures USING INDEX erasures_by_requester (requested_by=?)
export const renameEraser = statement<[user: string, pseudonym: string]>(
  "UPDATE erasures SET requested_by = ?2 WHERE requested_by = ?1",
);

// plan: SEARCH service_keys USING INDEX service_keys_by_creator (created_by=?)
export const renameKeyMaker = statement<[user: string, pseudonym: string]>(
  "UPDATE service_keys SET created_by = ?2 WHERE created_by = ?1",
);

// plan: SEARCH course_activations USING INDEX course_activations_by_actor (activated_by=?)
export const renameActivator = statement<[user: string, pseudonym: string]>(
  "UPDATE course_activations SET activated_by = ?2 WHERE activated_by = ?1",
);

// plan: SEARCH user_courses USING PRIMARY KEY (user_id=?)
export const dropUserCourses = statement<[user: string]>("DELETE FROM user_courses WHERE user_id = ?");

// plan: SEARCH enrollments USING COVERING INDEX enrollments_by_user (user_id=?)
export const enrollmentsOf = statement<[user: string, limit: number]>(
  "SELECT id FROM enrollments WHERE user_id = ? LIMIT ?",
);

// plan: SCAN courses USING COVERING INDEX courses_by_shard
// scans: a row for each course; once for each user who is erased.
export const everyCourse = statement<[]>("SELECT slug FROM courses");

// plan: SEARCH event_log USING INDEX event_log_by_user (user_id=? AND (at,id)>(?,?))
export const archivedEvents = statement<[user: string, at: number, id: string, limit: number]>(
  "SELECT * FROM event_log WHERE user_id = ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?",
);

// plan: SEARCH event_log USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH event_log USING COVERING INDEX event_log_by_user (user_id=?)
export const dropArchivedEvents = statement<[user: string, limit: number]>(
  "DELETE FROM event_log WHERE id IN (SELECT id FROM event_log WHERE user_id = ? LIMIT ?)",
);

// plan: SEARCH users USING PRIMARY KEY (id=?)
export const accountRow = statement<[user: string]>("SELECT * FROM users WHERE id = ?");

// plan: SEARCH outside_bans USING PRIMARY KEY (user_id=?)
export const outsideBan = statement<[user: string]>("SELECT * FROM outside_bans WHERE user_id = ?");

// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
export const signInWays = statement<[user: string]>(
  "SELECT provider_id, account_id, scope, created_at, updated_at FROM accounts WHERE user_id = ?",
);

// plan: SEARCH verifications USING INDEX verifications_by_identifier (identifier=?)
// plan: LIST SUBQUERY 2
// plan: COMPOUND QUERY
// plan: LEFT-MOST SUBQUERY
// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: UNION ALL
// plan: SCAN CONSTANT ROW
export const dropVerifications = statement<[user: string]>(
  "DELETE FROM verifications WHERE identifier IN (SELECT email FROM users WHERE id = ?1 UNION ALL SELECT ?1)",
);

// plan: SEARCH outside_bans USING PRIMARY KEY (user_id=?)
export const dropOutsideBan = statement<[user: string]>("DELETE FROM outside_bans WHERE user_id = ?");

// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
export const passkeysHeld = statement<[user: string]>(
  "SELECT name, backed_up, created_at, last_used_at FROM passkeys WHERE user_id = ?",
);

// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const secondFactorHeld = statement<[user: string]>(
  "SELECT confirmed_at, created_at FROM second_factors WHERE user_id = ?",
);

// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
export const devicesHeld = statement<[user: string]>(
  "SELECT user_agent, created_at, expires_at FROM trusted_devices WHERE user_id = ?",
);

// plan: SEARCH mails USING INDEX mails_by_user (user_id=?)
export const mailsHeld = statement<[user: string]>(
  "SELECT kind, address, language, state, created_at FROM mails WHERE user_id = ?",
);

// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
export const dropHeldPasskeys = statement<[user: string]>("DELETE FROM passkeys WHERE user_id = ?");

// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
export const dropHeldSecondFactor = statement<[user: string]>("DELETE FROM second_factors WHERE user_id = ?");

// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
export const dropHeldDevices = statement<[user: string]>("DELETE FROM trusted_devices WHERE user_id = ?");

// plan: SEARCH mails USING INDEX mails_by_user (user_id=?)
export const dropHeldMails = statement<[user: string]>("DELETE FROM mails WHERE user_id = ?");

// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
export const dropSignInWays = statement<[user: string]>("DELETE FROM accounts WHERE user_id = ?");

// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: SEARCH trusted_devices USING INDEX trusted_devices_by_user (user_id=?)
// plan: SEARCH second_factors USING PRIMARY KEY (user_id=?)
// plan: SEARCH passkeys USING INDEX passkeys_by_user (user_id=?)
// plan: SEARCH accounts USING INDEX accounts_by_user (user_id=?)
// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const dropAccount = statement<[user: string]>("DELETE FROM users WHERE id = ?");

// plan: SEARCH idempotency_keys USING PRIMARY KEY (scope=? AND key=?)
export const dropAnswer = statement<[scope: string, key: string]>(
  "DELETE FROM idempotency_keys WHERE scope = ? AND key = ?",
);

// plan: SEARCH dead_letters USING PRIMARY KEY (id=?)
export const dropLetter = statement<[id: string]>("DELETE FROM dead_letters WHERE id = ?");

/** Stored answers, a page, with the text of those that name a user. */
// plan: SEARCH idempotency_keys USING PRIMARY KEY ((scope,key)>(?,?))
export const answersPage = statement<[user: string, scope: string, key: string, limit: number, encoded: string]>(
  `SELECT scope, key, status, iif(instr(scope, ?1) + instr(scope, ?5) + coalesce(instr(body, ?1), 0) > 0, coalesce(body, ''), NULL) AS body
    FROM idempotency_keys WHERE (scope, key) > (?2, ?3) ORDER BY scope, key LIMIT ?4`,
);

/** Dead letters, a page, with the text of those that name a user. */
// plan: SEARCH dead_letters USING PRIMARY KEY (id>?)
export const lettersPage = statement<[user: string, after: string, limit: number]>(
  `SELECT id, CASE WHEN instr(body, ?1) + coalesce(instr(replayed_by, ?1), 0) > 0
      THEN body || ' ' || coalesce(replayed_by, '') END AS text
    FROM dead_letters WHERE id > ?2 ORDER BY id LIMIT ?3`,
);

// plan: SEARCH insight_predictions USING INDEX insight_predictions_by_user (user_id=?)
export const dropPredictions = statement<[user: string]>("DELETE FROM insight_predictions WHERE user_id = ?");

// plan: SEARCH insight_learners USING INDEX insight_learners_by_user (user_id=?)
export const dropLearner = statement<[user: string]>("DELETE FROM insight_learners WHERE user_id = ?");

// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const sessionsOf = statement<[user: string]>(
  "SELECT id, user_agent, ip_address, created_at, expires_at FROM sessions WHERE user_id = ?",
);

// plan: SEARCH sessions USING INDEX sessions_by_user (user_id=?)
export const dropSessions = statement<[user: string]>("DELETE FROM sessions WHERE user_id = ?");

// plan: SEARCH erasures USING INDEX erasures_due (due_at>?)
export const erasuresOpen = statement<[]>(
  "SELECT count(*) AS n, min(requested_at) AS oldest FROM erasures WHERE state <> 'done' AND due_at > 0",
);

// plan: SEARCH tombstones USING PRIMARY KEY (subject>?)
export const tombstonesAfter = statement<[after: string, limit: number]>(
  "SELECT subject FROM tombstones WHERE subject > ? ORDER BY subject LIMIT ?",
);

// plan: looks nothing up
export const insertTombstone = statement<[subject: string, now: number]>(
  "INSERT INTO tombstones (subject, erased_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
);

/** Orders an erasure; one that is done is begun again. */
// plan: looks nothing up
export const insertErasure = statement<[subject: string, user: string, now: number, step: string]>(
  `INSERT INTO erasures (subject, user_id, requested_at, state, step, due_at) VALUES (?1, ?2, ?3, 'running', ?4, ?3)
    ON CONFLICT (subject) DO UPDATE SET user_id = ?2, state = 'running', step = ?4, due_at = ?3, attempts = 0
    WHERE state = 'done'`,
);

// plan: SEARCH erasures USING INDEX erasures_due (due_at<?)
export const erasuresDue = statement<[now: number, limit: number]>(
  "SELECT subject FROM erasures WHERE state <> 'done' AND due_at <= ? ORDER BY due_at LIMIT ?",
);

/** Takes an erasure that is due, unless somebody has. */
// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const takeErasure = statement<[subject: string, until: number, now: number]>(
  `UPDATE erasures SET due_at = ?2 WHERE subject = ?1 AND state <> 'done' AND due_at <= ?3
    RETURNING subject, user_id, state, step, attempts`,
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const delayErasure = statement<[subject: string, error: string, dueAt: number]>(
  "UPDATE erasures SET attempts = attempts + 1, error = ?2, due_at = ?3 WHERE subject = ?1",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const holdErasure = statement<[subject: string, step: string, dueAt: number]>(
  "UPDATE erasures SET step = ?2, due_at = ?3 WHERE subject = ?1",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const stepErasure = statement<[subject: string, step: string, dueAt: number]>(
  "UPDATE erasures SET step = ?2, due_at = ?3, attempts = 0, error = NULL WHERE subject = ?1",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const settleErasure = statement<[subject: string, step: string, dueAt: number]>(
  `UPDATE erasures SET state = 'settling', step = ?2, due_at = ?3, attempts = 0, error = NULL
    WHERE subject = ?1 AND state = 'running'`,
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const endErasure = statement<[subject: string, now: number]>(
  `UPDATE erasures SET state = 'done', user_id = NULL, step = '', attempts = 0, error = NULL, finished_at = ?2
    WHERE subject = ?1 AND state = 'settling'`,
);

// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key=?)
export const forgetOwnChanges = statement<[user: string]>(
  "DELETE FROM backup_changes WHERE kind IN ('users', 'channels') AND key = ?",
);

// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key>? AND key<?)
export const forgetRecordChanges = statement<[user: string]>(
  `DELETE FROM backup_changes WHERE kind IN ('translation_sessions', 'translation_tasks')
    AND key >= ?1 || ':' AND key < ?1 || ';'`,
);

// plan: SEARCH courses USING PRIMARY KEY (slug>?)
export const coursesAfter = statement<[after: string, limit: number]>(
  "SELECT slug FROM courses WHERE slug > ? ORDER BY slug LIMIT ?",
);

// plan: SCAN erasures
// scans: a row for each erasure there has been; only where another database brings one that was not known.
export const settleAgain = statement<[step: string, now: number]>(
  "UPDATE erasures SET state = 'running', step = ?1, due_at = ?2, attempts = 0 WHERE state = 'settling'",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const hurry = statement<[subject: string, now: number]>(
  "UPDATE erasures SET due_at = ?2 WHERE subject = ?1 AND state = 'running'",
);

// plan: SEARCH erasures USING PRIMARY KEY (subject=?)
export const erasureState = statement<[subject: string]>("SELECT state FROM erasures WHERE subject = ?");

// plan: SCAN erasure_watch
// scans: it has one row.
export const watched = statement<[]>("SELECT read_to, walk_at FROM erasure_watch");

// plan: looks nothing up
export const saveWatch = statement<[readTo: string, walkAt: string | null]>(
  `INSERT INTO erasure_watch (one, read_to, walk_at) VALUES (1, ?1, ?2)
    ON CONFLICT (one) DO UPDATE SET read_to = ?1, walk_at = ?2`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const BURY = setStatement(
  (set) => `INSERT INTO tombstones (subject, erased_at) SELECT value, ?2 FROM ${set} WHERE true ON CONFLICT DO NOTHING`,
);

// plan: SEARCH erasures USING INDEX erasures_by_user (user_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const RUNNING = setStatement(
  (set) => `SELECT user_id AS id FROM erasures WHERE state = 'running' AND user_id IN (SELECT value FROM ${set})`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: USING INDEX sqlite_autoindex_tombstones_1 FOR IN-OPERATOR
export const UNKNOWN_SUBJECTS = setStatement(
  (set) => `SELECT value AS subject FROM ${set} WHERE value NOT IN (SELECT subject FROM tombstones)`,
);

/** What D1 mirrors by enrollment. */
export const MIRRORS = ["progress", "submissions", "unlock_events", "divergences"] as const;

const pageOf = (table: (typeof MIRRORS)[number], key: string) =>
  statement<[enrollment: string, after: string | number, limit: number]>(
    `SELECT * FROM ${table} WHERE enrollment_id = ? AND ${key} > ? ORDER BY ${key} LIMIT ?`,
  );

/** The rows of an enrollment, a page in the order of their key. */
// plan of progress: SEARCH progress USING PRIMARY KEY (enrollment_id=? AND item_id>?)
// plan of submissions: SEARCH submissions USING INDEX submissions_by_enrollment (enrollment_id=? AND id>?)
// plan of unlock_events: SEARCH unlock_events USING PRIMARY KEY (enrollment_id=? AND version>?)
// plan of divergences: SEARCH divergences USING INDEX divergences_by_enrollment (enrollment_id=? AND id>?)
export const mirroredIn = {
  progress: pageOf("progress", "item_id"),
  submissions: pageOf("submissions", "id"),
  unlock_events: pageOf("unlock_events", "version"),
  divergences: pageOf("divergences", "id"),
};

// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REGISTRATIONS = setStatement((set) => `SELECT * FROM enrollments WHERE id IN (SELECT value FROM ${set})`);

// plan of progress: SEARCH progress USING PRIMARY KEY (enrollment_id=?)
// plan of progress: LIST SUBQUERY 1
// plan of progress: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of submissions: SEARCH submissions USING INDEX submissions_by_enrollment (enrollment_id=?)
// plan of submissions: LIST SUBQUERY 1
// plan of submissions: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of unlock_events: SEARCH unlock_events USING PRIMARY KEY (enrollment_id=?)
// plan of unlock_events: LIST SUBQUERY 1
// plan of unlock_events: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of divergences: SEARCH divergences USING INDEX divergences_by_enrollment (enrollment_id=?)
// plan of divergences: LIST SUBQUERY 1
// plan of divergences: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REMOVE_MIRRORS = Object.fromEntries(
  MIRRORS.map((table) => [
    table,
    setStatement((set) => `DELETE FROM ${table} WHERE enrollment_id IN (SELECT value FROM ${set})`),
  ]),
);

/** Whether anything is mirrored of these enrollments. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 2
// plan: SEARCH progress USING PRIMARY KEY (enrollment_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SCALAR SUBQUERY 4
// plan: SEARCH submissions USING COVERING INDEX submissions_by_enrollment (enrollment_id=?)
// plan: LIST SUBQUERY 3
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SCALAR SUBQUERY 6
// plan: SEARCH unlock_events USING PRIMARY KEY (enrollment_id=?)
// plan: LIST SUBQUERY 5
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SCALAR SUBQUERY 8
// plan: SEARCH divergences USING COVERING INDEX divergences_by_enrollment (enrollment_id=?)
// plan: LIST SUBQUERY 7
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const HELD_MIRRORS = setStatement((set) => {
  const any = MIRRORS.map(
    (table) => `EXISTS (SELECT 1 FROM ${table} WHERE enrollment_id IN (SELECT value FROM ${set}))`,
  );
  return `SELECT ${any.join(" OR ")} AS found`;
});

// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REMOVE_ENROLLMENTS = setStatement(
  (set) => `DELETE FROM enrollments WHERE id IN (SELECT value FROM ${set})`,
);

/** Notes in a further shard that somebody is being erased. */
// plan: looks nothing up
export const raiseBar = statement<[user: string]>("INSERT INTO erasing (user_id) VALUES (?) ON CONFLICT DO NOTHING");

// plan: SEARCH erasing USING PRIMARY KEY (user_id=?)
export const lowerBar = statement<[user: string]>("DELETE FROM erasing WHERE user_id = ?");

/** What early warning holds about a user. */
// plan of insight_learners: SEARCH insight_learners USING INDEX insight_learners_by_user (user_id=?)
// plan of insight_predictions: SEARCH insight_predictions USING INDEX insight_predictions_by_user (user_id=?)
export const heldByInsight = {
  insight_learners: statement<[user: string]>("SELECT * FROM insight_learners WHERE user_id = ?"),
  insight_predictions: statement<[user: string]>("SELECT * FROM insight_predictions WHERE user_id = ?"),
};

/** Forgets what backups have noted of enrollments. */
// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const FORGET_ENROLLMENTS = setStatement(
  (set) => `DELETE FROM backup_changes WHERE kind IN ('enrollments', 'insight_learners', 'insight_predictions')
    AND key IN (SELECT value FROM ${set})`,
);

// plan: SEARCH certificates USING INDEX certificates_by_user (user_id=?)
export const certificatesHeld = statement<[user: string]>(
  "SELECT id, course_slug, holder, title, issued_at, revoked_at FROM certificates WHERE user_id = ?",
);

// plan: SEARCH reading_places USING PRIMARY KEY (user_id=?)
export const placesKept = statement<[user: string]>(
  "SELECT course_slug, item_id, place, read_at FROM reading_places WHERE user_id = ?",
);

// plan: SEARCH learner_messages USING INDEX learner_messages_by_user (user_id=?)
export const messagesReceived = statement<[user: string]>(
  "SELECT course_slug, text, sent_at FROM learner_messages WHERE user_id = ?",
);

// plan: SEARCH calendar_feeds USING INDEX calendar_feeds_by_user (user_id=?)
export const dropCalendars = statement<[user: string]>("DELETE FROM calendar_feeds WHERE user_id = ?");

/** A certificate loses its learner, counts as revoked, and keeps its number. */
// plan: SEARCH certificates USING INDEX certificates_by_user (user_id=?)
export const blankCertificates = statement<[user: string, now: number]>(
  `UPDATE certificates SET user_id = NULL, holder = '', reason = NULL, revoked_at = coalesce(revoked_at, ?2)
    WHERE user_id = ?1`,
);

// plan: SEARCH reading_places USING PRIMARY KEY (user_id=?)
export const dropPlaces = statement<[user: string]>("DELETE FROM reading_places WHERE user_id = ?");

// plan: SEARCH notice_marks USING PRIMARY KEY (user_id=?)
export const dropMarks = statement<[user: string]>("DELETE FROM notice_marks WHERE user_id = ?");

// plan: SEARCH learner_messages USING INDEX learner_messages_by_user (user_id=?)
export const dropMessages = statement<[user: string]>("DELETE FROM learner_messages WHERE user_id = ?");

/** What they wrote to others stays with those, without its writer. */
// plan: SEARCH learner_messages USING INDEX learner_messages_by_sender (sender_id=?)
export const forgetSender = statement<[user: string]>("UPDATE learner_messages SET sender_id = '' WHERE sender_id = ?");

/** What rosters of other systems say about a user. */
// plan: SEARCH roster_people USING INDEX roster_people_by_user (user_id=?)
export const rosterPeopleOf = statement<[user: string]>(
  "SELECT course_slug, source, person, said, learner FROM roster_people WHERE user_id = ?",
);

// plan: SEARCH roster_people USING INDEX roster_people_by_user (user_id=?)
export const dropRosterPeople = statement<[user: string]>("DELETE FROM roster_people WHERE user_id = ?");

// plan: MULTI-INDEX OR
// plan: INDEX 1
// plan: SEARCH roster_grants USING COVERING INDEX roster_grants_by_user (user_id=?)
// plan: INDEX 2
// plan: SEARCH roster_grants USING COVERING INDEX roster_grants_by_learner (learner_id=?)
export const dropRosterGrants = statement<[user: string]>(
  "DELETE FROM roster_grants WHERE user_id = ?1 OR learner_id = ?1",
);

/** The rosters that a user set: they stay, and run no more until somebody else sets them. */
// plan: SEARCH roster_sources USING INDEX roster_sources_by_owner (owner=?)
export const renameRosterOwner = statement<[user: string, name: string]>(
  "UPDATE roster_sources SET owner = ?2, due_at = NULL WHERE owner = ?1",
);

// plan: SEARCH roster_runs USING INDEX roster_runs_by_owner (owner=?)
export const renameRunOwner = statement<[user: string, name: string]>(
  "UPDATE roster_runs SET owner = ?2 WHERE owner = ?1",
);

/** Events for other systems, a page of their rows, and which name an enrollment of a user. */
// plan: SEARCH webhook_pages USING PRIMARY KEY ((subscription,seq)>(?,?))
export const hookPages = statement<[named: string, subscription: string, seq: number, limit: number]>(
  `SELECT subscription, seq, instr(events, ?1) > 0 AS found FROM webhook_pages
    WHERE (subscription, seq) > (?2, ?3) ORDER BY subscription, seq LIMIT ?4`,
);

// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq=?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropFromHookPage = statement<[subscription: string, seq: number, user: string]>(
  `UPDATE webhook_pages SET revision = revision + 1, events = (SELECT json_group_array(json(value)) FROM json_each(events)
      WHERE substr(value ->> 'about', instr(value ->> 'about', ':') + 1) <> ?3)
    WHERE subscription = ?1 AND seq = ?2`,
);

// plan: SEARCH webhook_pages USING PRIMARY KEY (subscription=? AND seq=?)
export const dropEmptyHookPage = statement<[subscription: string, seq: number]>(
  "DELETE FROM webhook_pages WHERE subscription = ? AND seq = ? AND events = '[]'",
);

// plan: SEARCH webhook_subscriptions USING INDEX webhook_subscriptions_by_owner (owner=?)
export const renameHookOwner = statement<[user: string, pseudonym: string]>(
  "UPDATE webhook_subscriptions SET owner = ?2 WHERE owner = ?1",
);
/** What a directory says about a user. */
// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
export const directoryPersonHeld = statement<[user: string]>(
  "SELECT user_name, external_id, active, doc, created_at, updated_at FROM scim_users WHERE user_id = ?",
);
// plan: SEARCH scim_members USING COVERING INDEX scim_members_by_user (user_id=?)
// plan: SEARCH scim_groups USING PRIMARY KEY (id=?)
export const directoryGroupsHeld = statement<[user: string]>(
  `SELECT name FROM scim_members JOIN scim_groups ON scim_groups.id = group_id WHERE scim_members.user_id = ?`,
);
// plan: SEARCH group_places USING INDEX group_places_by_user (user_id=?)
export const groupPlacesHeld = statement<[user: string]>(
  "SELECT source, course_slug, learner, member FROM group_places WHERE user_id = ?",
);
// plan: SEARCH scim_users USING PRIMARY KEY (user_id=?)
export const dropDirectoryPerson = statement<[user: string]>("DELETE FROM scim_users WHERE user_id = ?");
// plan: SEARCH scim_members USING COVERING INDEX scim_members_by_user (user_id=?)
export const dropDirectoryMember = statement<[user: string]>("DELETE FROM scim_members WHERE user_id = ?");
// plan: SEARCH group_places USING INDEX group_places_by_user (user_id=?)
export const dropGroupPlaces = statement<[user: string]>("DELETE FROM group_places WHERE user_id = ?");
// plan: SEARCH group_due USING INDEX group_due_by_user (user_id=?)
export const dropGroupDue = statement<[user: string]>("DELETE FROM group_due WHERE user_id = ?");
// plan: SEARCH lti_people USING INDEX lti_people_by_user (user_id=?)
export const ltiPeopleHeld = statement<[user: string]>(
  "SELECT platform, subject, created_at FROM lti_people WHERE user_id = ?",
);

// plan: SEARCH lti_people USING INDEX lti_people_by_user (user_id=?)
export const dropHeldLtiPeople = statement<[user: string]>("DELETE FROM lti_people WHERE user_id = ?");

// plan: SEARCH lti_platforms USING INDEX lti_platforms_by_owner (owner=?)
export const renameLtiOwner = statement<[user: string, pseudonym: string]>(
  "UPDATE lti_platforms SET owner = ?2 WHERE owner = ?1",
);

// plan: SEARCH lti_scores USING INDEX lti_scores_by_learner (user_id=?)
export const ltiScoresHeld = statement<[user: string]>(
  "SELECT platform, course_slug, item, sent, sent_at FROM lti_scores WHERE user_id = ?",
);

// plan: SEARCH lti_scores USING INDEX lti_scores_by_learner (user_id=?)
export const dropHeldLtiScores = statement<[user: string]>("DELETE FROM lti_scores WHERE user_id = ?");

// plan: SEARCH lti_members USING INDEX lti_members_by_user (user_id=?)
export const ltiMembershipsHeld = statement<[user: string]>(
  "SELECT platform, context, course_slug, place FROM lti_members WHERE user_id = ?",
);

// plan: SEARCH lti_members USING INDEX lti_members_by_user (user_id=?)
export const dropHeldLtiMemberships = statement<[user: string]>("DELETE FROM lti_members WHERE user_id = ?");
/** Statements that name a user, after one. */
// plan: SEARCH p USING PRIMARY KEY (user_id=? AND (course_slug,seq)>(?,?))
// plan: SEARCH s USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
export const xapiStatementsOf = statement<[user: string, course: string, seq: number, limit: number]>(
  `SELECT p.course_slug AS course_slug, p.seq AS seq, id, stored, voided, body FROM xapi_people AS p
    CROSS JOIN xapi_statements AS s WHERE p.user_id = ?1 AND (p.course_slug, p.seq) > (?2, ?3)
      AND s.course_slug = p.course_slug AND s.seq = p.seq ORDER BY p.course_slug, p.seq LIMIT ?4`,
);

// plan: SEARCH xapi_documents USING INDEX xapi_documents_by_user (user_id=? AND rowid>?)
export const xapiDocumentsOf = statement<[user: string, after: number, limit: number]>(
  `SELECT rowid AS position, course_slug, kind, activity, registration, id, content_type, bytes, updated
    FROM xapi_documents WHERE user_id = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3`,
);

// plan: SEARCH xapi_people USING PRIMARY KEY (user_id=?)
export const xapiToDrop = statement<[user: string, limit: number]>(
  "SELECT course_slug, seq FROM xapi_people WHERE user_id = ? LIMIT ?",
);

/** Rows of statements; values are [course, seq]. */
const ofStatements = (table: string) =>
  setStatement(
    (set) => `DELETE FROM ${table} WHERE (course_slug, seq) IN (SELECT value ->> '$[0]', value ->> '$[1]' FROM ${set})`,
  );

// plan: SEARCH xapi_terms USING COVERING INDEX xapi_terms_by_statement (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiTerms = ofStatements("xapi_terms");
// plan: SEARCH xapi_attachments USING COVERING INDEX sqlite_autoindex_xapi_attachments_1 (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiAttachments = ofStatements("xapi_attachments");
// plan: SEARCH xapi_statements USING COVERING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiStatements = ofStatements("xapi_statements");
// plan: SEARCH xapi_people USING COVERING INDEX xapi_people_by_statement (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiPeople = ofStatements("xapi_people");

// plan: SEARCH xapi_documents USING INDEX xapi_documents_by_user (user_id=?)
export const dropXapiDocuments = statement<[user: string]>("DELETE FROM xapi_documents WHERE user_id = ?");
