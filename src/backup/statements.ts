import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";
import { SHARDED } from "./tables.ts";

// plan: SEARCH enrollments USING PRIMARY KEY (id>?)
export const enrollmentIdsAfter = statement<[after: string, limit: number]>(
  "SELECT id FROM enrollments WHERE id > ? ORDER BY id LIMIT ?",
);

/** Begins an epoch for a backup, unless it has one or changes are not noted. */
// plan: SCAN backup_epochs
// plan: SCALAR SUBQUERY 1
// plan: SCAN backup_epochs
// scans: a row for each backup since the last full one, eight at most.
export const insertEpoch = statement<[backup: string]>(
  `INSERT INTO backup_epochs (epoch, backup) SELECT max(epoch) + 1, ?1 FROM backup_epochs
    WHERE NOT EXISTS (SELECT 1 FROM backup_epochs WHERE backup = ?1) HAVING max(epoch) IS NOT NULL`,
);

// plan: SCAN backup_epochs
// scans: a row for each backup since the last full one, eight at most.
export const epochOf = statement<[backup: string]>("SELECT epoch FROM backup_epochs WHERE backup = ?");

// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key>?)
export const changedKeys = statement<[kind: string, after: string, limit: number]>(
  "SELECT DISTINCT key FROM backup_changes WHERE kind = ? AND key > ? ORDER BY key LIMIT ?",
);

/** Forgets a page of the changes of older epochs. */
// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key=? AND epoch=?)
// plan: LIST SUBQUERY 2
// plan: SCAN backup_changes
// scans: what it passes is what it removes, but for the little that has changed since the backup began.
export const forgetPage = statement<[before: number, limit: number]>(
  `DELETE FROM backup_changes WHERE (kind, key, epoch) IN
    (SELECT kind, key, epoch FROM backup_changes WHERE epoch < ? LIMIT ?)`,
);

// plan: SEARCH backup_epochs USING INTEGER PRIMARY KEY (rowid<?)
export const forgetOlderEpochs = statement<[before: number]>("DELETE FROM backup_epochs WHERE epoch < ?");

// plan: looks nothing up
export const forgetTombstones = statement<[]>("DELETE FROM restore_superseded");

/** Marks of single enrollments are in no backup: every snapshot is computed again, course by course, as the crons come to it. */
// plan: SCAN courses
// scans: a row for each course, once after a restore.
export const markEveryCourse = statement<[now: number]>(
  `INSERT INTO course_marks (course_slug, reason, requested_at)
    SELECT slug, 'doubt', ? FROM courses WHERE active_version IS NOT NULL
    ON CONFLICT (course_slug) DO UPDATE SET reason = 'doubt', generation = generation + 1, marked_up_to = ''`,
);

/** Enrollments of a course by when they were last active. */
// plan: SEARCH enrollments USING COVERING INDEX enrollments_recent (course_slug=? AND last_active_at>?)
export const recentlyActive = statement<[course: string, since: number, at: number, id: string, limit: number]>(
  `SELECT id, last_active_at AS at FROM enrollments INDEXED BY enrollments_recent
    WHERE course_slug = ?1 AND last_active_at >= ?2 AND (last_active_at, id) > (?3, ?4)
    ORDER BY last_active_at, id LIMIT ?5`,
);

// plan: SEARCH courses USING PRIMARY KEY (slug>?)
export const courseAfter = statement<[after: string]>("SELECT slug FROM courses WHERE slug > ? ORDER BY slug LIMIT 1");

// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const PLACED = setStatement((set) => `SELECT slug, shard FROM courses WHERE slug IN (SELECT value FROM ${set})`);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const USERS_INDEX = setStatement(
  (set) => `INSERT INTO user_courses (user_id, course_slug, asked_at)
    SELECT value ->> 'user', value ->> 'course', 0 FROM ${set} WHERE true ON CONFLICT DO NOTHING`,
);

// plan: looks nothing up
export const forgetSupersededRows = statement<[]>("DELETE FROM restore_superseded");

// plan: SEARCH backup_epochs USING INTEGER PRIMARY KEY (rowid=?)
export const knownEpoch = statement<[epoch: number, backup: string]>(
  "SELECT 1 FROM backup_epochs WHERE epoch = ? AND backup = ?",
);

// plan: SEARCH backup_epochs USING INTEGER PRIMARY KEY (rowid>?)
export const forgetAllEpochs = statement<[]>("DELETE FROM backup_epochs WHERE epoch > 0");

// plan: looks nothing up
export const forgetAllChanges = statement<[]>("DELETE FROM backup_changes");

/** Notes keys that no trigger notes, as if they had been noted in an earlier epoch. */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ADD_CHANGES = setStatement(
  (set) => `INSERT INTO backup_changes (kind, key, epoch) SELECT ?2, value, ?3 FROM ${set} WHERE true
    ON CONFLICT DO NOTHING`,
);

/** Tables of a shard that have rows. */
// plan: COMPOUND QUERY
// plan: LEFT-MOST SUBQUERY
// plan: SCAN enrollments EXISTS USING COVERING INDEX enrollments_by_engine
// plan: UNION ALL
// plan: SCAN progress EXISTS
// plan: UNION ALL
// plan: SCAN submissions EXISTS USING COVERING INDEX submissions_by_enrollment
// plan: UNION ALL
// plan: SCAN unlock_events EXISTS
// plan: UNION ALL
// plan: SCAN divergences EXISTS USING COVERING INDEX divergences_by_age
// scans: it stops at the first row.
export const filledTables = statement<[]>(
  SHARDED.map((name) => `SELECT '${name}' AS name WHERE EXISTS (SELECT 1 FROM ${name})`).join(" UNION ALL "),
);

/** Where an id of a user may be; each place has an index that begins with it. */
const PLACES_OF_USERS = [
  ["users", "id"],
  ["user_courses", "user_id"],
  ["files", "owner"],
  ["translation_sessions", "owner"],
  ["courses", "owner_id"],
  ["event_log", "user_id"],
] as const;

/** The next ids of users in each place, in order. */
// plan of users: SEARCH users USING PRIMARY KEY (id>?)
// plan of user_courses: SEARCH user_courses USING PRIMARY KEY (user_id>?)
// plan of files: SEARCH files USING COVERING INDEX files_by_owner (owner>?)
// plan of translation_sessions: SEARCH translation_sessions USING COVERING INDEX translation_sessions_by_owner_updated (owner>?)
// plan of courses: SEARCH courses USING COVERING INDEX courses_by_owner (owner_id>?)
// plan of event_log: SEARCH event_log USING COVERING INDEX event_log_by_user (user_id>?)
export const usersIn = Object.fromEntries(
  PLACES_OF_USERS.map(([table, column]) => [
    table,
    statement<[after: string, limit: number]>(
      `SELECT DISTINCT ${column} AS id FROM ${table} WHERE ${column} > ? ORDER BY ${column} LIMIT ?`,
    ),
  ]),
);
