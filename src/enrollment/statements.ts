import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** Enrollments that were withdrawn long ago, a page. */
// plan: SEARCH enrollments USING INDEX enrollments_withdrawn (withdrawn_at<?)
export const withdrawnBefore = statement<[until: number, limit: number]>(
  "SELECT id, asked_at FROM enrollments WHERE status = 'withdrawn' AND withdrawn_at <= ? ORDER BY withdrawn_at LIMIT ?",
);

// A learner who asks to come back keeps everything, because the object starts again from these rows. Rows that a course
// has left behind here, or is leaving behind now, do not count.
const isGone = (set: string) =>
  `status = 'withdrawn' AND (id, asked_at) IN (SELECT value ->> 'id', value ->> 'asked_at' FROM ${set})
   AND NOT EXISTS (SELECT 1 FROM closed_courses AS closed WHERE closed.course_slug = enrollments.course_slug)`;

const removalOf = (table: string) =>
  setStatement(
    (set) => `DELETE FROM ${table} WHERE enrollment_id IN (SELECT id FROM enrollments WHERE ${isGone(set)})`,
  );

/** Removes the mirrored data of removed enrollments. */
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

/** Removes enrollments. */
// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 3
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SEARCH closed USING PRIMARY KEY (course_slug=?)
export const REMOVE_GONE = setStatement((set) => `DELETE FROM enrollments WHERE ${isGone(set)}`);

/** Submissions that one listing reads: those of a page, and one more. */
export interface PendingRow {
  id: string;
  enrollment_id: string;
  item_id: string;
  answer: string;
  submitted_at: number;
}

const COURSE_OF = "substr(waiting.enrollment_id, 1, instr(waiting.enrollment_id, ':') - 1)";
const AFTER = "(waiting.submitted_at, waiting.id) > (?2, ?3) ORDER BY waiting.submitted_at, waiting.id LIMIT ?4";
const PENDING = `SELECT id, enrollment_id, item_id, answer, submitted_at FROM submissions AS waiting
  WHERE waiting.status = 'pending'`;
type Place = [which: string, instant: number, id: string, limit: number];

/** The oldest pending submissions of a course after a place. */
// plan: SEARCH waiting USING INDEX submissions_pending_course (<expr>=? AND (submitted_at,id)>(?,?))
export const pendingOfCourse = statement<Place>(`${PENDING} AND ${COURSE_OF} = ?1 AND ${AFTER}`);

/** The same for an item. */
// plan: SEARCH waiting USING INDEX submissions_pending_item (item_id=? AND (submitted_at,id)>(?,?))
export const pendingOfItem = statement<Place>(`${PENDING} AND waiting.item_id = ?1 AND ${AFTER}`);

/** The same for some courses. From each course, no more are read than requested. */
// plan: SEARCH submissions USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 2
// plan: SCAN asked VIRTUAL TABLE INDEX 1:
// plan: SEARCH found USING PRIMARY KEY (id=?)
// plan: CORRELATED LIST SUBQUERY 1
// plan: SEARCH waiting USING INDEX submissions_pending_course (<expr>=? AND (submitted_at,id)>(?,?))
// plan: USE TEMP B-TREE FOR ORDER BY
// plan: USE TEMP B-TREE FOR ORDER BY
export const PENDING_OF_COURSES = setStatement(
  (set) => `
  SELECT id, enrollment_id, item_id, answer, submitted_at FROM submissions WHERE id IN (
    SELECT found.id FROM ${set} AS asked CROSS JOIN submissions AS found ON found.id IN (
      SELECT waiting.id FROM submissions AS waiting
      WHERE waiting.status = 'pending' AND ${COURSE_OF} = asked.value AND ${AFTER})
    ORDER BY found.submitted_at, found.id LIMIT ?4)
  ORDER BY submitted_at, id`,
);

/** Which of some enrollments belong to a cohort. */
// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: SCAN cohort EXISTS VIRTUAL TABLE INDEX 3:
export const IN_COHORT = setStatement(
  (set) => `SELECT id FROM enrollments WHERE id IN (SELECT value FROM ${set})
    AND EXISTS (SELECT 1 FROM json_each(enrollments.policy, '$.cohorts') AS cohort WHERE cohort.value = ?2)`,
);

/** Pending submissions in some courses by item, up to a limit of rows. */
// plan: CO-ROUTINE (subquery-1)
// plan: SCAN asked VIRTUAL TABLE INDEX 1:
// plan: SEARCH waiting USING COVERING INDEX submissions_pending_item (item_id>? AND item_id<?)
// plan: SCAN (subquery-1)
// plan: USE TEMP B-TREE FOR GROUP BY
export const COUNT_PENDING = setStatement(
  (set) => `SELECT item_id, count(*) AS pending, min(submitted_at) AS oldest FROM (
      SELECT waiting.item_id, waiting.submitted_at FROM ${set} AS asked CROSS JOIN submissions AS waiting
      WHERE waiting.status = 'pending' AND waiting.item_id > asked.value || '.' AND waiting.item_id < asked.value || '/'
      LIMIT ?2)
    GROUP BY item_id`,
);

/** A page of the learners of a course, and whether they have tried an item. */
// plan: SEARCH enrollments USING COVERING INDEX enrollments_by_course (course_slug=? AND status=? AND user_id>?)
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH progress USING PRIMARY KEY (enrollment_id=? AND item_id=?)
export const learnersTried = statement<[item: string, course: string, after: string, limit: number]>(
  `SELECT user_id, EXISTS (SELECT 1 FROM progress WHERE enrollment_id = enrollments.id AND item_id = ?1) AS tried
    FROM enrollments WHERE course_slug = ?2 AND status = 'active' AND user_id > ?3 ORDER BY user_id LIMIT ?4`,
);

/** Courses in which a user judges: their own, and those in which they are a co-author or a grader. */
// plan: MERGE (UNION)
// plan: LEFT
// plan: SEARCH courses USING COVERING INDEX courses_by_owner (owner_id=?)
// plan: RIGHT
// plan: SEARCH course_members USING INDEX course_members_by_user (user_id=?)
export const judgedBy = statement<[owner: string, user: string, limit: number]>(
  `SELECT slug FROM courses WHERE owner_id = ?1
    UNION SELECT course_slug FROM course_members WHERE user_id = ?2 AND role IN ('co_author', 'grader') LIMIT ?3`,
);

/** The names of some users. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const NAMES_OF = setStatement((set) => `SELECT id, name FROM users WHERE id IN (SELECT value FROM ${set})`);
/**
 * Learners of a course with held facts: of a cohort (null: any), and of some items, or (1) of any. Rows that were never
 * evaluated have no policy.
 */
// plan: SEARCH enrollments USING INDEX enrollments_held (course_slug=? AND status=?)
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
