import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";
import { MOVED_TABLES } from "./shards/moved-tables.ts";

// plan: SEARCH courses USING PRIMARY KEY (slug=?)
export const courseToMove = statement<[course: string]>(
  "SELECT shard, shard_generation, active_version, learners FROM courses WHERE slug = ?",
);

/** Begins a move, unless the course has moved or is moving. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
export const insertMove = statement<[course: string, source: string, target: string, generation: number, now: number]>(
  `INSERT INTO course_moves (course_slug, source, target, generation, started_at, progressed_at)
    SELECT slug, shard, ?3, ?4, ?5, ?5 FROM courses
    WHERE slug = ?1 AND shard = ?2 AND coalesce(shard_generation, 0) = ?4 - 1
    ON CONFLICT DO NOTHING`,
);

// plan: SEARCH course_moves USING PRIMARY KEY (course_slug=?)
export const moveOf = statement<[course: string]>("SELECT * FROM course_moves WHERE course_slug = ?");

/** Names the new shard of a course: from here on it is there. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_moves USING PRIMARY KEY (course_slug=?)
export const nameShard = statement<[course: string, from: string, to: string, generation: number, step: number]>(
  `UPDATE courses SET shard = ?3, shard_generation = ?4
    WHERE slug = ?1 AND shard = ?2 AND coalesce(shard_generation, 0) = ?4 - 1
      AND EXISTS (SELECT 1 FROM course_moves WHERE course_slug = ?1 AND step = ?5 AND state = 'closing')`,
);

// plan: SEARCH course_moves USING PRIMARY KEY (course_slug=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
export const noteMoved = statement<[course: string, generation: number, step: number, now: number, shard: string]>(
  `UPDATE course_moves SET state = 'moved', moved_at = ?4 WHERE course_slug = ?1 AND step = ?3
    AND EXISTS (SELECT 1 FROM courses WHERE slug = ?1 AND shard = ?5 AND shard_generation = ?2)`,
);

// plan: SEARCH moving_courses USING PRIMARY KEY (course_slug=?)
export const setMoveState = statement<[course: string, generation: number, state: string]>(
  "UPDATE moving_courses SET state = ?3 WHERE course_slug = ?1 AND generation = ?2",
);

// plan: SEARCH moving_changes USING COVERING INDEX moving_changes_by_number (course_slug=?)
export const forgetChanges = statement<[course: string]>("DELETE FROM moving_changes WHERE course_slug = ?");

// plan: SEARCH course_moves USING PRIMARY KEY (course_slug=?)
export const endMove = statement<[course: string, step: number]>(
  "DELETE FROM course_moves WHERE course_slug = ? AND step = ?",
);

/** Takes the next step of a move, unless another call holds it. */
// plan: SEARCH course_moves USING PRIMARY KEY (course_slug=?)
export const takeMove = statement<[course: string, now: number, until: number]>(
  `UPDATE course_moves SET step = step + 1, leased_until = ?3 WHERE course_slug = ?1 AND leased_until <= ?2
    RETURNING *`,
);

/** Closes a course in its present place, unless this step has already done so. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH moving_courses USING PRIMARY KEY (course_slug=?)
export const closeCourse = statement<[course: string, generation: number, step: number, state: string]>(
  `INSERT INTO closed_courses (course_slug, moved_to, generation) SELECT ?1, NULL, ?2
    WHERE NOT EXISTS (SELECT 1 FROM moving_courses
      WHERE course_slug = ?1 AND generation = ?2 AND step = ?3 AND state = ?4)`,
);

/** Notes the step of a move in a shard, which then refuses older steps. */
// plan: looks nothing up
export const noteMoveStep = statement<[course: string, generation: number, step: number, state: string]>(
  `INSERT INTO moving_courses (course_slug, generation, step, state) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (course_slug) DO UPDATE SET generation = ?2, step = ?3, state = ?4
    WHERE generation < ?2 OR (generation = ?2 AND step < ?3 AND state = ?4)`,
);

/** Notes the new place of a course. */
// plan: looks nothing up
export const leaveNote = statement<[course: string, movedTo: string | null, generation: number]>(
  `INSERT INTO closed_courses (course_slug, moved_to, generation) VALUES (?1, ?2, ?3)
    ON CONFLICT (course_slug) DO UPDATE SET moved_to = ?2, generation = ?3`,
);

/** Accepts writes of a course again. */
// plan: SEARCH closed_courses USING PRIMARY KEY (course_slug=?)
export const openCourse = statement<[course: string, generation: number]>(
  "DELETE FROM closed_courses WHERE course_slug = ? AND generation = ?",
);

// plan: SEARCH mark_fences USING PRIMARY KEY (course_slug=?)
export const forgetMarkFence = statement<[course: string]>("DELETE FROM mark_fences WHERE course_slug = ?");

/** Names of a table's columns. */
// plan: SCAN pragma_table_info VIRTUAL TABLE INDEX 0:
export const columnsOf = statement<[table: string]>("SELECT name FROM pragma_table_info(?)");

/** Enrollments of a course that changed while it was copied, the oldest change first. */
// plan: SEARCH moving_changes USING COVERING INDEX moving_changes_by_number (course_slug=?)
export const changesNoted = statement<[course: string, limit: number]>(
  "SELECT enrollment_id AS id, noted FROM moving_changes WHERE course_slug = ? ORDER BY noted LIMIT ?",
);

/** Published courses with their shards, a page. */
// plan: SEARCH courses USING PRIMARY KEY (slug>?)
export const placedCourses = statement<[after: string, limit: number]>(
  `SELECT slug AS course, shard, learners AS enrollments FROM courses
    WHERE slug > ? AND active_version IS NOT NULL ORDER BY slug LIMIT ?`,
);

// plan: SEARCH moving_changes USING COVERING INDEX moving_changes_by_number (course_slug=? AND noted=? AND enrollment_id=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const FORGET_CHANGES = setStatement(
  (set) => `DELETE FROM moving_changes WHERE course_slug = ?2
    AND (enrollment_id, noted) IN (SELECT value ->> 'id', value ->> 'noted' FROM ${set})`,
);

// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const LEARNERS_OF = setStatement(
  (set) => `SELECT learners FROM courses WHERE slug IN (SELECT value FROM ${set})`,
);

/**
 * Removes the rows of a course that has moved away, only while this move keeps the shard closed: a late call removes
 * nothing of a course that has come back. In this order.
 */
// plan of divergences: SEARCH divergences USING INDEX divergences_by_enrollment (enrollment_id=?)
// plan of divergences: LIST SUBQUERY 1
// plan of divergences: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of divergences: SCALAR SUBQUERY 2
// plan of divergences: SEARCH closed_courses USING PRIMARY KEY (course_slug=?)
// plan of unlock_events: SEARCH unlock_events USING PRIMARY KEY (enrollment_id=?)
// plan of unlock_events: LIST SUBQUERY 1
// plan of unlock_events: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of unlock_events: SCALAR SUBQUERY 2
// plan of unlock_events: SEARCH closed_courses USING PRIMARY KEY (course_slug=?)
// plan of submissions: SEARCH submissions USING INDEX submissions_by_enrollment (enrollment_id=?)
// plan of submissions: LIST SUBQUERY 1
// plan of submissions: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of submissions: SCALAR SUBQUERY 2
// plan of submissions: SEARCH closed_courses USING PRIMARY KEY (course_slug=?)
// plan of progress: SEARCH progress USING PRIMARY KEY (enrollment_id=?)
// plan of progress: LIST SUBQUERY 1
// plan of progress: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of progress: SCALAR SUBQUERY 2
// plan of progress: SEARCH closed_courses USING PRIMARY KEY (course_slug=?)
// plan of enrollments: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan of enrollments: LIST SUBQUERY 1
// plan of enrollments: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of enrollments: SCALAR SUBQUERY 2
// plan of enrollments: SEARCH closed_courses USING PRIMARY KEY (course_slug=?)
// plan of freshness: SEARCH freshness USING PRIMARY KEY (course_slug=? AND user_id=?)
// plan of freshness: LIST SUBQUERY 3
// plan of freshness: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan of freshness: SCALAR SUBQUERY 2
// plan of freshness: SEARCH closed_courses USING PRIMARY KEY (course_slug=?)
export const REMOVE_LEFT_BEHIND = Object.fromEntries(
  MOVED_TABLES.toReversed().map(({ name, isOf }) => [
    name,
    setStatement(
      (set) => `DELETE FROM ${name} WHERE ${isOf(set)}
    AND EXISTS (SELECT 1 FROM closed_courses WHERE course_slug = ?2 AND generation = ?3)`,
    ),
  ]),
);

/** The next ids of a course's enrollments that have rows in a table, in order. */
// plan of enrollments: SEARCH enrollments USING PRIMARY KEY (id>? AND id<?)
// plan of progress: SEARCH progress USING PRIMARY KEY (enrollment_id>? AND enrollment_id<?)
// plan of submissions: SEARCH submissions USING COVERING INDEX submissions_by_enrollment (enrollment_id>? AND enrollment_id<?)
// plan of unlock_events: SEARCH unlock_events USING PRIMARY KEY (enrollment_id>? AND enrollment_id<?)
// plan of divergences: SEARCH divergences USING COVERING INDEX divergences_by_enrollment (enrollment_id>? AND enrollment_id<?)
export const idsIn = Object.fromEntries(
  MOVED_TABLES.flatMap(({ name, owner }) =>
    owner === null
      ? []
      : [
          [
            name,
            statement<[after: string, to: string, limit: number]>(
              `SELECT DISTINCT ${owner} AS id FROM ${name} WHERE ${owner} > ? AND ${owner} < ? ORDER BY ${owner} LIMIT ?`,
            ),
          ],
        ],
  ),
);
