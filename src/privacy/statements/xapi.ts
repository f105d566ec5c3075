import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

/** Statements that name a user, after one. */
// plan: SEARCH p USING PRIMARY KEY (user_id=? AND (course_slug,seq)>(?,?))
// plan: SEARCH s USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
export const xapiStatementsOf = statement<[user: string, course: string, seq: number, limit: number]>(
  `SELECT p.course_slug AS course_slug, p.seq AS seq, id, stored, voided, body FROM xapi_people AS p
    CROSS JOIN xapi_statements AS s WHERE p.user_id = ?1 AND (p.course_slug, p.seq) > (?2, ?3)
      AND s.course_slug = p.course_slug AND s.seq = p.seq ORDER BY p.course_slug, p.seq LIMIT ?4`,
);

/** What is attached to statements that name a user, after one. */
// plan: SEARCH p USING PRIMARY KEY (user_id=? AND course_slug>?)
// plan: SEARCH a USING INDEX sqlite_autoindex_xapi_attachments_1 (course_slug=? AND seq=?)
export const xapiAttachmentsOf = statement<[user: string, course: string, seq: number, sha2: string, limit: number]>(
  `SELECT a.course_slug AS course_slug, a.seq AS seq, sha2, content_type, bytes FROM xapi_people AS p
    CROSS JOIN xapi_attachments AS a WHERE p.user_id = ?1 AND (p.course_slug, p.seq) >= (?2, ?3)
      AND a.course_slug = p.course_slug AND a.seq = p.seq AND (a.course_slug, a.seq, sha2) > (?2, ?3, ?4)
    ORDER BY p.course_slug, p.seq, sha2 LIMIT ?5`,
);

// plan: SEARCH xapi_documents USING INDEX xapi_documents_by_user (user_id=? AND rowid>?)
export const xapiDocumentsOf = statement<[user: string, after: number, limit: number]>(
  `SELECT rowid AS position, course_slug, kind, activity, registration, id, content_type, bytes, updated
    FROM xapi_documents WHERE user_id = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3`,
);

// plan: SEARCH xapi_people USING PRIMARY KEY (user_id=?)
export const xapiToDrop = statement<[user: string, limit: number]>(
  "SELECT course_slug, seq FROM xapi_people WHERE user_id = ? LIMIT ?",
);

/** Rows of statements; values are [course, seq]. */
const ofStatements = (table: string) =>
  setStatement(
    (set) => `DELETE FROM ${table} WHERE (course_slug, seq) IN (SELECT value ->> '$[0]', value ->> '$[1]' FROM ${set})`,
  );

// plan: SEARCH xapi_terms USING COVERING INDEX xapi_terms_by_statement (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiTerms = ofStatements("xapi_terms");

// plan: SEARCH xapi_attachments USING COVERING INDEX sqlite_autoindex_xapi_attachments_1 (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiAttachments = ofStatements("xapi_attachments");

// plan: SEARCH xapi_statements USING COVERING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiStatements = ofStatements("xapi_statements");

// plan: SEARCH xapi_people USING COVERING INDEX xapi_people_by_statement (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const dropXapiPeople = ofStatements("xapi_people");

// plan: SEARCH xapi_documents USING INDEX xapi_documents_by_user (user_id=?)
export const dropXapiDocuments = statement<[user: string]>("DELETE FROM xapi_documents WHERE user_id = ?");
