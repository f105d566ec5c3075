import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

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

// plan: SEARCH enrollments USING COVERING INDEX enrollments_by_user (user_id=?)
export const enrollmentsOf = statement<[user: string, limit: number]>(
  "SELECT id FROM enrollments WHERE user_id = ? LIMIT ?",
);

// plan: SCAN courses USING COVERING INDEX courses_by_shard
// scans: a row for each course; once for each user who is erased.
export const everyCourse = statement<[]>("SELECT slug FROM courses");

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

// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REMOVE_ENROLLMENTS = setStatement(
  (set) => `DELETE FROM enrollments WHERE id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH user_courses USING PRIMARY KEY (user_id=?)
export const dropUserCourses = statement<[user: string]>("DELETE FROM user_courses WHERE user_id = ?");
