import { setStatement } from "../platform/database/set-statement.ts";

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
