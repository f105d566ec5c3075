import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** Enrollments that were withdrawn long ago, a page. */
// plan: SEARCH enrollments USING INDEX enrollments_withdrawn (withdrawn_at<?)
export const withdrawnBefore = statement<[until: number, limit: number]>(
  "SELECT id, asked_at FROM enrollments WHERE status = 'withdrawn' AND withdrawn_at <= ? ORDER BY withdrawn_at LIMIT ?",
);

// Whoever asked to come back meanwhile keeps everything: the object starts again from these very rows. What a course has left
// behind here, or is leaving behind just now, says nothing.
const isGone = (set: string) =>
  `status = 'withdrawn' AND (id, asked_at) IN (SELECT value ->> 'id', value ->> 'asked_at' FROM ${set})
   AND NOT EXISTS (SELECT 1 FROM closed_courses AS closed WHERE closed.course_slug = enrollments.course_slug)`;

const removalOf = (table: string) =>
  setStatement(
    (set) => `DELETE FROM ${table} WHERE enrollment_id IN (SELECT id FROM enrollments WHERE ${isGone(set)})`,
  );

/** Removes what is mirrored of enrollments that are gone. */
// plan of progress: SEARCH progress USING PRIMARY KEY (enrollment_id=?)
// plan of progress: LIST SUBQUERY 3
// plan of progress: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan of progress: LIST SUBQUERY 4
// plan of progress: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of progress: LIST SUBQUERY 1
// plan of progress: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of progress: CREATE BLOOM FILTER
// plan of progress: CORRELATED SCALAR SUBQUERY 2
// plan of progress: SEARCH closed USING PRIMARY KEY (course_slug=?)
// plan of submissions: SEARCH submissions USING INDEX submissions_by_enrollment (enrollment_id=?)
// plan of submissions: LIST SUBQUERY 3
// plan of submissions: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan of submissions: LIST SUBQUERY 4
// plan of submissions: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of submissions: LIST SUBQUERY 1
// plan of submissions: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of submissions: CREATE BLOOM FILTER
// plan of submissions: CORRELATED SCALAR SUBQUERY 2
// plan of submissions: SEARCH closed USING PRIMARY KEY (course_slug=?)
// plan of unlock_events: SEARCH unlock_events USING PRIMARY KEY (enrollment_id=?)
// plan of unlock_events: LIST SUBQUERY 3
// plan of unlock_events: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan of unlock_events: LIST SUBQUERY 4
// plan of unlock_events: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of unlock_events: LIST SUBQUERY 1
// plan of unlock_events: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of unlock_events: CREATE BLOOM FILTER
// plan of unlock_events: CORRELATED SCALAR SUBQUERY 2
// plan of unlock_events: SEARCH closed USING PRIMARY KEY (course_slug=?)
export const REMOVE_MIRRORED = {
  progress: removalOf("progress"),
  submissions: removalOf("submissions"),
  unlock_events: removalOf("unlock_events"),
};

// plan: SEARCH user_courses USING PRIMARY KEY (user_id=? AND course_slug=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const FORGET_COURSES_OF = setStatement(
  (set) => `DELETE FROM user_courses WHERE asked_at < ?2 AND (user_id, course_slug) IN
    (SELECT value ->> 'user', value ->> 'course' FROM ${set})`,
);

/** Those of some enrollments that are registered. */
// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REGISTERED = setStatement((set) => `SELECT id FROM enrollments WHERE id IN (SELECT value FROM ${set})`);

/** Removes enrollments that are gone. */
// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 3
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SEARCH closed USING PRIMARY KEY (course_slug=?)
export const REMOVE_GONE = setStatement((set) => `DELETE FROM enrollments WHERE ${isGone(set)}`);

/**
 * Learners of a course of whom something is held: of a cohort (null: any), and of some items, or (1) of any. Rows that
 * nobody has evaluated yet have no policy.
 */
// plan: SEARCH enrollments USING INDEX enrollments_by_course (course_slug=? AND status=?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SCAN own VIRTUAL TABLE INDEX 3:
// plan: CORRELATED SCALAR SUBQUERY 3
// plan: SCAN score VIRTUAL TABLE INDEX 3:
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
export const WITH_HELD = setStatement(
  (set) => `SELECT user_id FROM enrollments
   WHERE course_slug = ?2 AND status = 'active' AND instr(policy, '"held":[') > 0
     AND (?3 IS NULL OR EXISTS (
       SELECT 1 FROM json_each(CASE policy WHEN '' THEN '{}' ELSE policy END, '$.cohorts') AS own WHERE own.value = ?3))
     AND (?4 = 1 OR EXISTS (
       SELECT 1 FROM json_each(CASE policy WHEN '' THEN '{}' ELSE policy END, '$.held') AS score
       WHERE score.value ->> 'item' IN (SELECT value FROM ${set})))
   ORDER BY user_id LIMIT ?5`,
);
