import { insertEntryWhere } from "../audit/index.ts";
import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** The members of a course with their names; at most as many as a course may have. */
// plan: SEARCH course_members USING PRIMARY KEY (course_slug=?)
// plan: SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN
export const membersOf = statement<[course: string]>(
  `SELECT user_id, course_members.role AS role, added_at, name, email FROM course_members
    LEFT JOIN users ON users.id = user_id WHERE course_slug = ? ORDER BY user_id`,
);

/** Makes somebody a member, or changes what they are; nothing where the course has as many as it may. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_members USING PRIMARY KEY (course_slug=? AND user_id=?)
// plan: SCALAR SUBQUERY 2
// plan: SEARCH course_members USING PRIMARY KEY (course_slug=?)
export const setMember = statement<[course: string, user: string, role: string, now: number, most: number]>(
  `INSERT INTO course_members (course_slug, user_id, role, added_at) SELECT ?1, ?2, ?3, ?4
    WHERE EXISTS (SELECT 1 FROM course_members WHERE course_slug = ?1 AND user_id = ?2)
      OR (SELECT count(*) FROM course_members WHERE course_slug = ?1) < ?5
    ON CONFLICT (course_slug, user_id) DO UPDATE SET role = excluded.role WHERE role <> excluded.role`,
);

// plan: SEARCH course_members USING PRIMARY KEY (course_slug=? AND user_id=?)
export const removeMember = statement<[course: string, user: string]>(
  "DELETE FROM course_members WHERE course_slug = ? AND user_id = ?",
);

/** Gives a course to one of its co-authors; nothing where it has another owner by now, or they are none any more. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_members USING PRIMARY KEY (course_slug=? AND user_id=?)
export const giveCourse = statement<[course: string, from: string, to: string, now: number]>(
  `UPDATE courses SET owner_id = ?3, updated_at = ?4 WHERE slug = ?1 AND owner_id = ?2
    AND EXISTS (SELECT 1 FROM course_members WHERE course_slug = ?1 AND user_id = ?3 AND role = 'co_author')`,
);

/** After {@link giveCourse}: the owner is no member beside. */
// plan: SEARCH course_members USING PRIMARY KEY (course_slug=? AND user_id=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
export const dropOwnersMembership = statement<[course: string, owner: string]>(
  `DELETE FROM course_members WHERE course_slug = ?1 AND user_id = ?2
    AND EXISTS (SELECT 1 FROM courses WHERE slug = ?1 AND owner_id = ?2)`,
);

/** After {@link giveCourse}: who owned it stays as a co-author. */
// plan: SEARCH courses EXISTS USING PRIMARY KEY (slug=?)
export const keepFormerOwner = statement<[course: string, former: string, owner: string, now: number]>(
  `INSERT INTO course_members (course_slug, user_id, role, added_at) SELECT ?1, ?2, 'co_author', ?4
    WHERE EXISTS (SELECT 1 FROM courses WHERE slug = ?1 AND owner_id = ?3) ON CONFLICT DO NOTHING`,
);

/** A page of who observes whom in a course. */
// plan: SEARCH course_observers USING PRIMARY KEY (course_slug=? AND (user_id,learner_id)>(?,?))
// plan: SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN
export const observersOf = statement<[course: string, user: string, learner: string, limit: number]>(
  `SELECT user_id, learner_id, added_at, name, email FROM course_observers LEFT JOIN users ON users.id = user_id
    WHERE course_slug = ?1 AND (user_id, learner_id) > (?2, ?3) ORDER BY user_id, learner_id LIMIT ?4`,
);

/** Lets somebody observe a learner; nothing where they observe as many in the course as one may. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_observers USING COVERING INDEX course_observers_by_user (user_id=? AND course_slug=?)
export const setObserver = statement<[course: string, user: string, learner: string, now: number, most: number]>(
  `INSERT INTO course_observers (course_slug, user_id, learner_id, added_at) SELECT ?1, ?2, ?3, ?4
    WHERE (SELECT count(*) FROM course_observers WHERE course_slug = ?1 AND user_id = ?2) < ?5 ON CONFLICT DO NOTHING`,
);

// plan: SEARCH course_observers USING PRIMARY KEY (course_slug=? AND user_id=? AND learner_id=?)
export const removeObserver = statement<[course: string, user: string, learner: string]>(
  "DELETE FROM course_observers WHERE course_slug = ? AND user_id = ? AND learner_id = ?",
);

/** Whether somebody observes a learner, and how many they observe in the course. */
// plan: SEARCH course_observers USING COVERING INDEX course_observers_by_user (user_id=? AND course_slug=?)
export const observing = statement<[course: string, user: string, learner: string]>(
  `SELECT count(*) AS observed, coalesce(sum(learner_id = ?3), 0) AS found FROM course_observers
    WHERE course_slug = ?1 AND user_id = ?2`,
);

/** Accounts by e-mail address, which is stored in lower case. */
// plan: SEARCH users USING INDEX sqlite_autoindex_users_2 (email=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ACCOUNTS_BY_EMAIL = setStatement(
  (set) => `SELECT id, name, email, role FROM users WHERE email IN (SELECT value FROM ${set})`,
);

// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ACCOUNTS_BY_ID = setStatement(
  (set) => `SELECT id, name, email, role FROM users WHERE id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH course_invitations USING INDEX course_invitations_by_course (course_slug=?)
export const servingNow = statement<[course: string, now: number]>(
  `SELECT count(*) AS serving FROM course_invitations
    WHERE course_slug = ?1 AND revoked_at IS NULL AND expires_at > ?2`,
);

// plan: looks nothing up
export const makeInvitation = statement<
  [id: string, course: string, cohorts: string, uses: number, now: number, expires: number]
>(
  `INSERT INTO course_invitations (id, course_slug, cohorts, max_uses, created_at, expires_at)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
);

// plan: SEARCH course_invitations USING INDEX course_invitations_by_course (course_slug=? AND (created_at,id)<(?,?))
export const invitationsOf = statement<[course: string, before: number, id: string, limit: number]>(
  `SELECT id, cohorts, max_uses, uses, created_at, expires_at, revoked_at FROM course_invitations
    WHERE course_slug = ?1 AND (created_at, id) < (?2, ?3) ORDER BY created_at DESC, id DESC LIMIT ?4`,
);

/** A link, and whether somebody has come by it. */
// plan: SEARCH course_invitations USING PRIMARY KEY (id=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_invitation_uses USING PRIMARY KEY (invitation_id=? AND user_id=?)
export const invitationFor = statement<[id: string, user: string]>(
  `SELECT course_slug, cohorts, max_uses, uses, expires_at, revoked_at,
      EXISTS (SELECT 1 FROM course_invitation_uses WHERE invitation_id = ?1 AND user_id = ?2) AS is_used
    FROM course_invitations WHERE id = ?1`,
);

// plan: SEARCH course_invitations USING PRIMARY KEY (id=?)
export const revokeInvitation = statement<[id: string, course: string, now: number]>(
  "UPDATE course_invitations SET revoked_at = ?3 WHERE id = ?1 AND course_slug = ?2 AND revoked_at IS NULL",
);

/** Notes that somebody came by a link; nothing where it serves no more, or they have come before. */
// plan: SEARCH course_invitations EXISTS USING PRIMARY KEY (id=?)
export const noteUse = statement<[id: string, user: string, now: number]>(
  `INSERT INTO course_invitation_uses (invitation_id, user_id, used_at) SELECT ?1, ?2, ?3
    WHERE EXISTS (SELECT 1 FROM course_invitations
      WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?3 AND uses < max_uses)
    ON CONFLICT DO NOTHING`,
);

/** After {@link noteUse}: the link's count is that of its uses. */
// plan: SEARCH course_invitations USING PRIMARY KEY (id=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_invitation_uses USING PRIMARY KEY (invitation_id=?)
export const countUses = statement<[id: string]>(
  `UPDATE course_invitations
    SET uses = (SELECT count(*) FROM course_invitation_uses WHERE invitation_id = ?1) WHERE id = ?1`,
);

/** A use whose enrollment was refused after all. */
// plan: SEARCH course_invitation_uses USING PRIMARY KEY (invitation_id=? AND user_id=?)
export const takeBackUse = statement<[id: string, user: string]>(
  "DELETE FROM course_invitation_uses WHERE invitation_id = ? AND user_id = ?",
);

/** What the night removes: who came by links that ended long ago, then the links. */
// plan: SEARCH course_invitation_uses USING PRIMARY KEY (invitation_id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH course_invitations USING COVERING INDEX course_invitations_by_end (expires_at<?)
export const dropOldUses = statement<[before: number, limit: number]>(
  `DELETE FROM course_invitation_uses WHERE invitation_id IN
    (SELECT id FROM course_invitations WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
);

// plan: SEARCH course_invitations USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH course_invitations USING COVERING INDEX course_invitations_by_end (expires_at<?)
export const dropOldInvitations = statement<[before: number, limit: number]>(
  `DELETE FROM course_invitations WHERE id IN
    (SELECT id FROM course_invitations WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
);

/** A right that a roster's source gave: it may take it away again. `learner` "": membership, else whom they observe. */
// plan: looks nothing up
export const addGrant = statement<[course: string, source: string, user: string, learner: string]>(
  `INSERT INTO roster_grants (course_slug, source, user_id, learner_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
);

// plan: SEARCH roster_grants USING COVERING INDEX roster_grants_by_learner (learner_id=? AND course_slug=? AND source=? AND user_id=?)
export const dropGrant = statement<[course: string, source: string, user: string, learner: string]>(
  "DELETE FROM roster_grants WHERE course_slug = ? AND source = ? AND user_id = ? AND learner_id = ?",
);

/** Nightly sources that failed twice in a row or oftener. */
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH roster_sources USING COVERING INDEX roster_sources_failing (failures>?)
// plan: SCAN (subquery-1)
export const failingSources = statement<[limit: number]>(
  "SELECT count(*) AS failing FROM (SELECT 1 FROM roster_sources WHERE failures > 1 LIMIT ?)",
);

/** Makes or changes a source of rosters; nothing where the course has as many as it may. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH roster_sources USING PRIMARY KEY (course_slug=? AND name=?)
// plan: SCALAR SUBQUERY 2
// plan: SEARCH roster_sources USING PRIMARY KEY (course_slug=?)
export const setSource = statement<
  [
    course: string,
    name: string,
    kind: string,
    format: string,
    address: string | null,
    secret: string | null,
    hour: number | null,
    settings: string,
    owner: string,
    role: string,
    due: number | null,
    now: number,
    most: number,
  ]
>(
  `INSERT INTO roster_sources
      (course_slug, name, kind, format, address, secret, hour, settings, owner, role, due_at, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12
    WHERE EXISTS (SELECT 1 FROM roster_sources WHERE course_slug = ?1 AND name = ?2)
      OR (SELECT count(*) FROM roster_sources WHERE course_slug = ?1) < ?13
    ON CONFLICT (course_slug, name) DO UPDATE SET kind = excluded.kind, format = excluded.format,
      address = excluded.address, secret = excluded.secret, hour = excluded.hour, settings = excluded.settings,
      owner = excluded.owner, role = excluded.role, failures = 0, due_at = excluded.due_at, updated_at = excluded.updated_at`,
);

// plan: SEARCH roster_sources USING PRIMARY KEY (course_slug=? AND name=?)
export const dropSource = statement<[course: string, name: string]>(
  "DELETE FROM roster_sources WHERE course_slug = ? AND name = ?",
);

// plan: SEARCH roster_people USING PRIMARY KEY (course_slug=? AND source=?)
export const dropSourcePeople = statement<[course: string, source: string]>(
  "DELETE FROM roster_people WHERE course_slug = ? AND source = ?",
);

// plan: SEARCH roster_grants USING PRIMARY KEY (course_slug=? AND source=?)
export const dropSourceGrants = statement<[course: string, source: string]>(
  "DELETE FROM roster_grants WHERE course_slug = ? AND source = ?",
);

/** After {@link dropSource}: nobody confirms what it had planned. */
// plan: SEARCH roster_runs USING INDEX roster_runs_by_course (course_slug=?)
export const dropSourcePlans = statement<[course: string, source: string]>(
  "UPDATE roster_runs SET state = 'replaced' WHERE course_slug = ? AND source = ? AND state = 'planned'",
);

/** Lets a plan be carried out by whoever confirms it; nothing where it waits no more, or a newer run took its place. */
// plan: SEARCH roster_runs USING PRIMARY KEY (id=?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH newer USING INDEX roster_runs_by_course (course_slug=? AND created_at>?)
export const confirmRun = statement<[id: string, owner: string, role: string, request: string, now: number]>(
  `UPDATE roster_runs SET state = 'confirmed', owner = ?2, role = ?3, request_id = ?4, asked_at = ?5
    WHERE id = ?1 AND state = 'planned' AND NOT EXISTS (SELECT 1 FROM roster_runs AS newer
      WHERE newer.course_slug = roster_runs.course_slug AND newer.source = roster_runs.source
        AND newer.created_at > roster_runs.created_at)`,
);

// plan: SEARCH organizations USING PRIMARY KEY (id=?)
export const organizationById = statement<[id: string]>("SELECT id, name, created_at FROM organizations WHERE id = ?");

/** Makes an organisation, or gives it another name; nothing where there are as many as there may be. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH organizations USING PRIMARY KEY (id=?)
// plan: SCALAR SUBQUERY 2
// plan: SCAN organizations
// scans: there are a thousand at most.
export const setOrganization = statement<[id: string, name: string, now: number, most: number]>(
  `INSERT INTO organizations (id, name, created_at) SELECT ?1, ?2, ?3
    WHERE EXISTS (SELECT 1 FROM organizations WHERE id = ?1) OR (SELECT count(*) FROM organizations) < ?4
    ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE name <> excluded.name`,
);

/** All of them: an installation has at most {@link MAX_ORGANIZATIONS}. */
// plan: SCAN organizations
// scans: it reads all of them.
export const organizations = statement<[most: number]>(
  "SELECT id, name, created_at FROM organizations ORDER BY id LIMIT ?",
);

/** The organisation whose people a user manages. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const managedOrganization = statement<[user: string]>(
  "SELECT organization_id FROM users WHERE id = ? AND manages = 1 AND organization_id IS NOT NULL",
);

/** Names somebody of an organisation its manager, or ends that they are one. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const setManages = statement<[organization: string, user: string, manages: number, now: number]>(
  `UPDATE users SET manages = ?3, updated_at = ?4
    WHERE id = ?2 AND organization_id = ?1 AND manages <> ?3`,
);

/** Courses of an organisation. */
// plan: SEARCH courses USING INDEX courses_by_organization (organization_id=? AND slug>?)
export const coursesOfOrganization = statement<[organization: string, after: string, limit: number]>(
  `SELECT slug, title, owner_id, active_version FROM courses
    WHERE organization_id = ? AND slug > ? ORDER BY slug LIMIT ?`,
);

/** Puts a course into an organisation, or into none. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
export const moveCourse = statement<[course: string, organization: string | null, now: number]>(
  "UPDATE courses SET organization_id = ?2, updated_at = ?3 WHERE slug = ?1 AND organization_id IS NOT ?2",
);

/** Puts users into an organisation, or into none. Whoever goes is no manager any more. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const MOVE_USERS = setStatement(
  (set) => `UPDATE users SET organization_id = ?2, manages = 0, updated_at = ?3
    WHERE id IN (SELECT value FROM ${set}) AND organization_id IS NOT ?2`,
);

/** What acts on users are decided by. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const STANDING_OF_USERS = setStatement(
  (set) => `SELECT id, role, banned, ban_expires, ban_by_manager, organization_id, manages FROM users
    WHERE id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH organizations USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ORGANIZATIONS_AMONG = setStatement(
  (set) => `SELECT id FROM organizations WHERE id IN (SELECT value FROM ${set})`,
);

/** Only where the organisation was made, or was there. */
// plan: SEARCH organizations EXISTS USING PRIMARY KEY (id=?)
export const entryOfOrganization = insertEntryWhere("EXISTS (SELECT 1 FROM organizations WHERE id = ?)");
