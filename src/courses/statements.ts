import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** The working copy of a course, without its text. */
// plan: SEARCH course_working_copies USING PRIMARY KEY (course_slug=?)
// plan: SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN
export const workingCopyOf = statement<[course: string]>(
  `SELECT revision, save_id, base_version, saved_by, saved_at, name FROM course_working_copies
    LEFT JOIN users ON users.id = saved_by WHERE course_slug = ?`,
);

/** The same with the parts of its text, a row each; one row without a part where it has none. */
// plan: SEARCH copies USING PRIMARY KEY (course_slug=?)
// plan: SEARCH parts USING PRIMARY KEY (course_slug=?) LEFT-JOIN
// plan: SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN
export const workingTextOf = statement<[course: string]>(
  `SELECT revision, save_id, base_version, saved_by, saved_at, name, body FROM course_working_copies AS copies
    LEFT JOIN course_working_parts AS parts ON parts.course_slug = copies.course_slug
    LEFT JOIN users ON users.id = saved_by WHERE copies.course_slug = ? ORDER BY part`,
);

/** Makes the next revision, where the one it was made from is still the newest (0: there was none). */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_working_copies USING PRIMARY KEY (course_slug=?)
export const nextRevision = statement<
  [course: string, from: number, save: string, base: number | null, user: string, now: number]
>(
  `INSERT INTO course_working_copies (course_slug, revision, save_id, base_version, saved_by, saved_at)
    SELECT ?1, 1, ?3, ?4, ?5, ?6
      WHERE ?2 = 0 OR EXISTS (SELECT 1 FROM course_working_copies WHERE course_slug = ?1 AND revision = ?2)
    ON CONFLICT (course_slug) DO UPDATE SET revision = revision + 1, save_id = excluded.save_id,
      base_version = excluded.base_version, saved_by = excluded.saved_by, saved_at = excluded.saved_at
    WHERE revision = ?2`,
);

/** After {@link nextRevision}: the text before it goes, if this request made the revision. */
// plan: SEARCH course_working_parts USING PRIMARY KEY (course_slug=?)
// plan: SCALAR SUBQUERY 1
// plan: SEARCH course_working_copies USING PRIMARY KEY (course_slug=?)
export const dropWorkingParts = statement<[course: string, save: string]>(
  `DELETE FROM course_working_parts WHERE course_slug = ?1
    AND EXISTS (SELECT 1 FROM course_working_copies WHERE course_slug = ?1 AND save_id = ?2)`,
);

/** After {@link dropWorkingParts}: a part of the new text. */
// plan: SEARCH course_working_copies EXISTS USING PRIMARY KEY (course_slug=?)
export const addWorkingPart = statement<[course: string, save: string, part: number, body: string]>(
  `INSERT INTO course_working_parts (course_slug, part, body) SELECT ?1, ?3, ?4
    WHERE EXISTS (SELECT 1 FROM course_working_copies WHERE course_slug = ?1 AND save_id = ?2)`,
);

/** Somebody has the working copy open; since when, unless they were away. */
// plan: looks nothing up
export const noteWriter = statement<[course: string, user: string, now: number, away: number]>(
  `INSERT INTO course_writers (course_slug, user_id, since, seen_at) VALUES (?1, ?2, ?3, ?3)
    ON CONFLICT (course_slug, user_id) DO UPDATE SET seen_at = ?3,
      since = CASE WHEN seen_at < ?4 THEN ?3 ELSE since END`,
);

/** Who has it open is forgotten when they were not seen for a while. */
// plan: SEARCH course_writers USING PRIMARY KEY (course_slug=?)
export const dropAwayWriters = statement<[course: string, away: number]>(
  "DELETE FROM course_writers WHERE course_slug = ? AND seen_at < ?",
);

/** Who else has it open. */
// plan: SEARCH course_writers USING PRIMARY KEY (course_slug=?)
// plan: SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN
export const otherWriters = statement<[course: string, user: string, away: number, most: number]>(
  `SELECT user_id, since, seen_at, name FROM course_writers LEFT JOIN users ON users.id = user_id
    WHERE course_slug = ?1 AND user_id <> ?2 AND seen_at >= ?3 ORDER BY user_id LIMIT ?4`,
);

/** Names of people by their ids. */
// plan: SCAN asked VIRTUAL TABLE INDEX 1:
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const NAMES_BY_ID = setStatement(
  (set) => `SELECT users.id AS id, name FROM ${set} AS asked JOIN users ON users.id = asked.value`,
);

/** Texts of a set of items that hold up to four words; an empty word is in every text. */
// plan: SEARCH course_contents USING INDEX sqlite_autoindex_course_contents_1 (course_slug=? AND version=? AND item_id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const CONTENTS_WITH = setStatement(
  (set) => `SELECT item_id, content FROM course_contents
    WHERE course_slug = ?2 AND version = ?3 AND item_id IN (SELECT value FROM ${set})
      AND instr(lower(content), ?4) > 0 AND instr(lower(content), ?5) > 0
      AND instr(lower(content), ?6) > 0 AND instr(lower(content), ?7) > 0
    LIMIT ?8`,
);
