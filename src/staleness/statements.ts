import { setParameter } from "../platform/database/batches.ts";
import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** SQL that leaves out courses which have moved away from this database and whose rows are still here. */
const STILL_HERE =
  "NOT EXISTS (SELECT 1 FROM closed_courses AS closed WHERE closed.course_slug = freshness.course_slug)";

/** SQL that leaves out courses that another database answers for. */
const AT_HOME = `NOT IN (SELECT value FROM ${setParameter(1)})`;
const COURSE = "substr(enrollment_id, 1, instr(enrollment_id, ':') - 1)";

// plan: SCAN courses
// scans: a row for each course, once after a restore.
export const markEveryCourse = statement<[now: number]>(
  `INSERT INTO course_marks (course_slug, reason, requested_at)
    SELECT slug, 'publish', ? FROM courses WHERE active_version IS NOT NULL ON CONFLICT DO NOTHING`,
);

// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: SEARCH course_marks USING PRIMARY KEY (course_slug=?)
export const markOf = statement<[course: string]>(
  `SELECT generation, marked_up_to, reason, requested_at, activation
    FROM course_marks JOIN courses ON slug = course_slug WHERE course_slug = ?`,
);

/** The number of enrollments on the next page to mark, and the last of them. */
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id>?)
// plan: SCAN (subquery-1)
export const pageToMark = statement<[course: string, from: string, limit: number]>(
  `SELECT count(*) AS enrollments, max(user_id) AS last FROM (
    SELECT user_id FROM freshness WHERE course_slug = ?1 AND status = 'active' AND user_id > ?2
    ORDER BY user_id LIMIT ?3)`,
);

// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id>?)
export const pageToEvaluate = statement<[course: string, from: string, limit: number]>(
  `SELECT user_id, stale_mark FROM freshness WHERE course_slug = ?1 AND status = 'active' AND user_id > ?2
    ORDER BY user_id LIMIT ?3`,
);

/** Marks a page, once: the fence of its marking allows it only the first time. */
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id>? AND user_id<?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH fence USING PRIMARY KEY (course_slug=?)
export const markPage = statement<
  [course: string, reason: string, from: string, since: number, last: string, activation: number, generation: number]
>(
  `UPDATE freshness SET is_stale = 1, stale_reason = ?2, stale_scope = 'course',
      stale_since = coalesce(stale_since, ?4), stale_mark = stale_mark + 1, leased_until = 0
    WHERE course_slug = ?1 AND status = 'active' AND user_id > ?3 AND user_id <= ?5
      AND (?2 = 'doubt' OR reached_activation < ?6)
      AND NOT EXISTS (SELECT 1 FROM mark_fences AS fence
        WHERE fence.course_slug = ?1 AND requested_at = ?4 AND generation = ?7 AND marked_up_to >= ?5)`,
);

// plan: looks nothing up
export const fencePage = statement<[course: string, since: number, generation: number, last: string]>(
  `INSERT INTO mark_fences (course_slug, requested_at, generation, marked_up_to) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (course_slug) DO UPDATE SET requested_at = ?2, generation = ?3, marked_up_to = ?4`,
);

/** Learners who were active lately, the most recent first. */
// plan: SEARCH e USING INDEX enrollments_recent (course_slug=? AND last_active_at>? AND (last_active_at,id)<(?,?))
// plan: SEARCH f USING PRIMARY KEY (course_slug=? AND user_id=?)
export const recentLearners = statement<
  [course: string, since: number, lastActive: number, lastId: string, limit: number]
>(
  `SELECT e.id, e.user_id, e.last_active_at, f.is_stale, f.stale_mark, e.activation, f.reached_activation
    FROM enrollments AS e JOIN freshness AS f ON f.course_slug = e.course_slug AND f.user_id = e.user_id
    WHERE e.course_slug = ?1 AND e.last_active_at >= ?2 AND (e.last_active_at, e.id) < (?3, ?4)
    ORDER BY e.last_active_at DESC, e.id DESC LIMIT ?5`,
);

// plan: SCAN course_marks
// scans: a row for each course whose marking has not ended.
export const marksUnderWay = statement<[]>("SELECT course_slug, reason, requested_at FROM course_marks");

// plan: SEARCH dead_letters USING INDEX dead_letters_open (failed_at>?)
export const openLetters = statement<[]>(
  "SELECT count(*) AS n FROM dead_letters WHERE replayed_at IS NULL AND failed_at > 0",
);

// plan: SEARCH freshness USING COVERING INDEX freshness_stale (stale_scope=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
export const staleCounted = statement<[away: string]>(
  `SELECT count(*) AS n, min(stale_since) AS oldest FROM freshness
    WHERE is_stale = 1 AND stale_scope IN ('course', 'problems') AND course_slug ${AT_HOME}`,
);

// plan: SEARCH divergences USING INDEX divergences_by_age (detected_at>?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
export const divergencesCounted = statement<[away: string, since: number]>(
  `SELECT count(*) AS n FROM divergences WHERE detected_at >= ?2 AND ${COURSE} ${AT_HOME}`,
);

// plan: SEARCH divergences USING INDEX divergences_by_age (detected_at>?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
export const divergencesSince = statement<[away: string, since: number, limit: number]>(
  `SELECT enrollment_id, detected_at, differences FROM divergences
    WHERE detected_at >= ?2 AND ${COURSE} ${AT_HOME} ORDER BY detected_at DESC LIMIT ?3`,
);

// plan: looks nothing up
export const insertChain = statement<[name: string]>(
  "INSERT INTO chains (name, step) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET step = step + 1 RETURNING step",
);

// plan: SEARCH chains USING PRIMARY KEY (name=?)
export const takeChainStep = statement<[name: string, step: number]>(
  "UPDATE chains SET step = step + 1 WHERE name = ? AND step = ? RETURNING step",
);

// plan: SEARCH chains USING PRIMARY KEY (name=?)
export const dropChain = statement<[name: string, step: number]>("DELETE FROM chains WHERE name = ? AND step = ?");

/** Takes the stale enrollments that have waited longest. */
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
// plan: LIST SUBQUERY 3
// plan: SEARCH freshness USING INDEX freshness_stale (stale_scope=?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH closed USING PRIMARY KEY (course_slug=?)
export const leaseStale = statement<[until: number, scope: string, now: number, limit: number]>(
  `UPDATE freshness SET leased_until = ?1
    WHERE (course_slug, user_id) IN (
      SELECT course_slug, user_id FROM freshness WHERE is_stale = 1 AND stale_scope = ?2 AND leased_until <= ?3
        AND ${STILL_HERE}
      ORDER BY stale_since LIMIT ?4)
    RETURNING course_slug AS course, user_id AS user, stale_mark, stale_reason`,
);

/** Notes that a marking is done, if it still stands at its last page. */
// plan: SEARCH course_marks USING PRIMARY KEY (course_slug=?)
export const endMarking = statement<[course: string, generation: number, from: string]>(
  "DELETE FROM course_marks WHERE course_slug = ?1 AND generation = ?2 AND marked_up_to = ?3",
);

/** Notes that a page is marked, if the marking still stands at its beginning. */
// plan: SEARCH course_marks USING PRIMARY KEY (course_slug=?)
export const moveMarking = statement<[course: string, generation: number, from: string, last: string]>(
  "UPDATE course_marks SET marked_up_to = ?4 WHERE course_slug = ?1 AND generation = ?2 AND marked_up_to = ?3",
);

/** A later marking may have the same numbers. */
// plan: SEARCH mark_fences USING PRIMARY KEY (course_slug=?)
export const dropMarkFence = statement<[course: string, since: number, generation: number]>(
  "DELETE FROM mark_fences WHERE course_slug = ?1 AND requested_at = ?2 AND generation = ?3",
);

/**
 * Marks snapshots whose date has passed. Only active ones: nobody refreshes a withdrawn enrollment, so it would be
 * marked every minute.
 */
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
// plan: LIST SUBQUERY 3
// plan: SEARCH freshness USING INDEX freshness_expiring (valid_until>? AND valid_until<?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH closed USING PRIMARY KEY (course_slug=?)
export const markPastDates = statement<[now: number, until: number, limit: number]>(
  `UPDATE freshness SET is_stale = 1, stale_reason = 'date', stale_scope = 'problems', stale_since = ?1,
      stale_mark = stale_mark + 1
    WHERE (course_slug, user_id) IN (
      SELECT course_slug, user_id FROM freshness
      WHERE status = 'active' AND is_stale = 0 AND valid_until IS NOT NULL AND valid_until <= ?2 AND ${STILL_HERE} LIMIT ?3)`,
);

/** Marks snapshots that an older engine has computed. */
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
// plan: LIST SUBQUERY 3
// plan: SEARCH freshness USING INDEX freshness_by_engine (engine<?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH closed USING PRIMARY KEY (course_slug=?)
export const markOldEngines = statement<[now: number, engine: number, limit: number]>(
  `UPDATE freshness SET is_stale = 1, stale_reason = 'engine', stale_scope = 'course', stale_since = ?1,
      stale_mark = stale_mark + 1
    WHERE (course_slug, user_id) IN (
      SELECT course_slug, user_id FROM freshness
      WHERE engine < ?2 AND is_stale = 0 AND status = 'active' AND ${STILL_HERE} LIMIT ?3)`,
);

// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REST = setStatement(
  (set) => `UPDATE freshness SET leased_until = ?2 WHERE is_stale = 1
    AND (course_slug, user_id) IN (SELECT value ->> 'course', value ->> 'user' FROM ${set})`,
);

/**
 * The snapshot has reached the activation, unless there was a write meanwhile: by the object, or of another mark
 * (invariant 4).
 */
// plan: SCAN m VIRTUAL TABLE INDEX 1:
// plan: SEARCH e USING PRIMARY KEY (id=?)
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
export const REACH_STANDING = setStatement(
  (set) => `UPDATE freshness SET reached_activation = m.value ->> 'reached', valid_until = m.value ->> 'valid_until',
      is_stale = 0, stale_reason = NULL, stale_scope = NULL, stale_since = NULL, leased_until = 0
    FROM ${set} AS m JOIN enrollments AS e ON e.id = m.value ->> 'id'
    WHERE freshness.course_slug = e.course_slug AND freshness.user_id = e.user_id
      AND freshness.stale_mark = m.value ->> 'mark' AND freshness.reached_activation <= m.value ->> 'reached'
      AND coalesce(freshness.stale_reason, '') <> 'doubt' AND e.status = 'active'
      AND (e.version, e.progress_seq, e.policy_seq, e.activation, e.computed_at)
        = (m.value ->> 'version', m.value ->> 'progress_seq', m.value ->> 'policy_seq', m.value ->> 'activation',
           m.value ->> 'computed_at')
    RETURNING freshness.user_id AS user`,
);

// plan: SCAN m VIRTUAL TABLE INDEX 1:
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
export const REACH = setStatement(
  (set) => `UPDATE freshness SET reached_activation = m.value ->> 'activation' FROM ${set} AS m
    WHERE course_slug = m.value ->> 'course' AND user_id = m.value ->> 'user'
      AND reached_activation < m.value ->> 'activation'`,
);

// plan: SCAN m VIRTUAL TABLE INDEX 1:
// plan: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
export const CLEAR_MARKS = setStatement(
  (
    set,
  ) => `UPDATE freshness SET is_stale = 0, stale_reason = NULL, stale_scope = NULL, stale_since = NULL, leased_until = 0
    FROM ${set} AS m WHERE course_slug = m.value ->> 'course' AND user_id = m.value ->> 'user'
      AND is_stale = 1 AND stale_mark = m.value ->> 'mark'`,
);
