import { statement } from "../platform/database/statement.ts";

// plan: SEARCH user_courses USING PRIMARY KEY (user_id=?)
export const coursesOfUser = statement<[user: string]>("SELECT course_slug FROM user_courses WHERE user_id = ?");

// plan: SEARCH divergences USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH divergences USING COVERING INDEX divergences_by_age (detected_at<?)
export const pruneDivergences = statement<[before: number, limit: number]>(
  "DELETE FROM divergences WHERE id IN (SELECT id FROM divergences WHERE detected_at < ? LIMIT ?)",
);

/** The progress of the nightly job through the announcements. */
// plan: SEARCH walks USING PRIMARY KEY (name=?)
export const placeOfWalk = statement<[]>("SELECT place FROM walks WHERE name = 'unlock_events'");

/** The last announcement of a page; none if fewer are left. */
// plan: SEARCH unlock_events USING PRIMARY KEY ((enrollment_id,version)>(?,?))
export const endOfPage = statement<[enrollment: string, version: number, rows: number]>(
  `SELECT enrollment_id, version FROM unlock_events WHERE (enrollment_id, version) > (?1, ?2)
    ORDER BY enrollment_id, version LIMIT 1 OFFSET ?3`,
);

// plan: SEARCH unlock_events USING PRIMARY KEY ((enrollment_id,version)>(?,?))
export const pruneEventsFrom = statement<[enrollment: string, version: number, before: number]>(
  "DELETE FROM unlock_events WHERE (enrollment_id, version) > (?1, ?2) AND announced_at < ?3",
);

// plan: SEARCH unlock_events USING PRIMARY KEY ((enrollment_id,version)>(?,?) AND (enrollment_id,version)<(?,?))
export const pruneEventsBetween = statement<
  [enrollment: string, version: number, before: number, lastEnrollment: string, lastVersion: number]
>(
  `DELETE FROM unlock_events WHERE (enrollment_id, version) > (?1, ?2) AND announced_at < ?3
    AND (enrollment_id, version) <= (?4, ?5)`,
);

// plan: SEARCH walks USING PRIMARY KEY (name=?)
export const endWalk = statement<[]>("DELETE FROM walks WHERE name = 'unlock_events'");

// plan: looks nothing up
export const noteWalk = statement<[place: string]>(
  "INSERT INTO walks (name, place) VALUES ('unlock_events', ?1) ON CONFLICT (name) DO UPDATE SET place = ?1",
);

/** Items that opened for a learner, the latest first. */
// plan: SEARCH unlock_events USING PRIMARY KEY (enrollment_id=?)
export const openedFor = statement<[enrollment: string, limit: number]>(
  `SELECT version, unlocked, announced_at FROM unlock_events WHERE enrollment_id = ? AND unlocked <> '[]'
    ORDER BY version DESC LIMIT ?`,
);

/** Work of a learner that a person has judged, the latest first. A held score is not among it. */
// plan: SEARCH submissions USING INDEX submissions_judged (enrollment_id=?)
export const judgedFor = statement<[enrollment: string, limit: number]>(
  `SELECT id, item_id, judged_at FROM submissions
    WHERE enrollment_id = ? AND judged_at > submitted_at AND score IS NOT NULL ORDER BY judged_at DESC LIMIT ?`,
);
