import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** A feed by the hash of its secret, with its course's title. */
// plan: SEARCH calendar_feeds USING PRIMARY KEY (id=?)
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
export const feedBySecret = statement<[hash: string]>(
  `SELECT user_id, course_slug, entries, revision, title FROM calendar_feeds
    JOIN courses ON courses.slug = course_slug WHERE id = ?`,
);

// plan: SEARCH calendar_feeds USING INDEX calendar_feeds_by_user (user_id=? AND course_slug=?)
export const feedOf = statement<[user: string, course: string]>(
  "SELECT created_at FROM calendar_feeds WHERE user_id = ? AND course_slug = ?",
);

/** A new address replaces the one before. The sent dates stay, because the subscribers may be the same. */
// plan: looks nothing up
export const setFeed = statement<[hash: string, user: string, course: string, now: number]>(
  `INSERT INTO calendar_feeds (id, user_id, course_slug, created_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (user_id, course_slug) DO UPDATE SET id = excluded.id, created_at = excluded.created_at`,
);

// plan: SEARCH calendar_feeds USING COVERING INDEX calendar_feeds_by_user (user_id=? AND course_slug=?)
export const dropFeed = statement<[user: string, course: string]>(
  "DELETE FROM calendar_feeds WHERE user_id = ? AND course_slug = ?",
);

/** The new dates for subscribers; no change if another answer was first. */
// plan: SEARCH calendar_feeds USING PRIMARY KEY (id=?)
export const noteTold = statement<[hash: string, entries: string, revision: number]>(
  "UPDATE calendar_feeds SET entries = ?2, revision = revision + 1 WHERE id = ?1 AND revision = ?3",
);

/** Issues a certificate with the present names; no change if the learner has one for the course. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const issueCertificate = statement<[id: string, user: string, course: string, at: number]>(
  `INSERT INTO certificates (id, user_id, course_slug, holder, title, issued_at)
    SELECT ?1, ?2, slug, coalesce((SELECT name FROM users WHERE id = ?2), ?2), title, ?4 FROM courses WHERE slug = ?3
    ON CONFLICT DO NOTHING`,
);

// plan: SEARCH certificates USING INDEX certificates_by_user (user_id=? AND course_slug=?)
export const certificateOf = statement<[user: string, course: string]>(
  `SELECT number, id, user_id, course_slug, holder, title, issued_at, revoked_at, reason FROM certificates
    WHERE user_id = ? AND course_slug = ?`,
);

// plan: SEARCH certificates USING INDEX sqlite_autoindex_certificates_1 (id=?)
export const certificateById = statement<[id: string]>(
  `SELECT number, id, user_id, course_slug, holder, title, issued_at, revoked_at, reason FROM certificates
    WHERE id = ?`,
);

// plan: SEARCH certificates USING INDEX certificates_by_course (course_slug=? AND number>?)
export const certificatesOf = statement<[course: string, after: number, limit: number]>(
  `SELECT number, id, user_id, course_slug, holder, title, issued_at, revoked_at, reason FROM certificates
    WHERE course_slug = ?1 AND number > ?2 AND user_id IS NOT NULL ORDER BY number LIMIT ?3`,
);

// plan: SEARCH certificates USING INDEX sqlite_autoindex_certificates_1 (id=?)
export const revokeCertificate = statement<[id: string, course: string, now: number, reason: string]>(
  "UPDATE certificates SET revoked_at = ?3, reason = ?4 WHERE id = ?1 AND course_slug = ?2 AND revoked_at IS NULL",
);

/** Whether there is a certificate of this number or a later one. */
// plan: SEARCH certificates USING INTEGER PRIMARY KEY (rowid>?)
export const numberReached = statement<[from: number]>("SELECT 1 FROM certificates WHERE number >= ? LIMIT 1");

/** Numbers of the revoked certificates in one list. */
// plan: SEARCH certificates USING INDEX certificates_revoked (number>? AND number<?)
export const revokedNumbers = statement<[from: number, until: number]>(
  "SELECT number FROM certificates WHERE number >= ? AND number < ? AND revoked_at IS NOT NULL",
);

// plan: SEARCH reading_places USING PRIMARY KEY (user_id=? AND course_slug=?)
export const placesOfCourse = statement<[user: string, course: string]>(
  "SELECT item_id, place, read_at FROM reading_places WHERE user_id = ? AND course_slug = ?",
);

/** The place where a learner stopped; an older place from another device changes nothing. */
// plan: looks nothing up
export const setPlace = statement<[user: string, course: string, item: string, place: number, at: number]>(
  `INSERT INTO reading_places (user_id, course_slug, item_id, place, read_at) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET place = excluded.place, read_at = excluded.read_at WHERE excluded.read_at >= read_at`,
);

/** After {@link setPlace}: keeps only the latest places. */
// plan: SEARCH reading_places USING PRIMARY KEY (user_id=? AND course_slug=? AND item_id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH reading_places USING PRIMARY KEY (user_id=? AND course_slug=?)
// plan: USE TEMP B-TREE FOR ORDER BY
export const dropOldPlaces = statement<[user: string, course: string, most: number]>(
  `DELETE FROM reading_places WHERE user_id = ?1 AND course_slug = ?2 AND item_id IN
    (SELECT item_id FROM reading_places WHERE user_id = ?1 AND course_slug = ?2
      ORDER BY read_at DESC, item_id LIMIT -1 OFFSET ?3)`,
);

// plan: SEARCH notice_marks USING PRIMARY KEY (user_id=? AND course_slug=?)
export const noticesReadAt = statement<[user: string, course: string]>(
  "SELECT read_at FROM notice_marks WHERE user_id = ? AND course_slug = ?",
);

/** Notices are read up to an instant; an earlier instant changes nothing. */
// plan: looks nothing up
export const markNoticesRead = statement<[user: string, course: string, at: number]>(
  `INSERT INTO notice_marks (user_id, course_slug, read_at) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET read_at = excluded.read_at WHERE excluded.read_at > read_at`,
);

// plan: SEARCH learner_messages USING INDEX learner_messages_by_user (user_id=? AND course_slug=?)
export const messagesTo = statement<[user: string, course: string, limit: number]>(
  `SELECT id, text, sent_at FROM learner_messages WHERE user_id = ? AND course_slug = ?
    ORDER BY sent_at DESC LIMIT ?`,
);

/** The data that the nightly job removes. */
// plan: SEARCH learner_messages USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH learner_messages USING COVERING INDEX learner_messages_by_time (sent_at<?)
export const dropOldMessages = statement<[before: number, limit: number]>(
  "DELETE FROM learner_messages WHERE id IN (SELECT id FROM learner_messages WHERE sent_at < ? ORDER BY sent_at LIMIT ?)",
);

// plan: looks nothing up
export const sendMessage = statement<
  [id: string, user: string, course: string, sender: string, text: string, now: number]
>(
  `INSERT INTO learner_messages (id, user_id, course_slug, sender_id, text, sent_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`,
);

/** The learners that somebody observes, in all courses. */
// plan: SEARCH course_observers USING COVERING INDEX course_observers_by_user (user_id=? AND (course_slug,learner_id)>(?,?))
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN
export const observedBy = statement<[user: string, course: string, learner: string, limit: number]>(
  `SELECT course_slug, learner_id, title, name FROM course_observers
    JOIN courses ON courses.slug = course_slug LEFT JOIN users ON users.id = learner_id
    WHERE user_id = ?1 AND (course_slug, learner_id) > (?2, ?3) ORDER BY course_slug, learner_id LIMIT ?4`,
);

/** Learners of a set of enrollments that are active. */
// plan: SEARCH enrollments USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ENROLLED_AMONG = setStatement(
  (set) => `SELECT user_id FROM enrollments WHERE id IN (SELECT value FROM ${set}) AND status = 'active'`,
);
