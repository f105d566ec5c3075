// Over 200 lines: every statement of the store stands in one list, each with its plan.

import { setStatement } from "../../platform/database/set-statement.ts";
import { type Statement, statement } from "../../platform/database/statement.ts";

/** The instant by the database's clock, epoch ms. One clock gives every statement its time, and it only goes forward. */
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

// plan: SEARCH xapi_stores USING PRIMARY KEY (course_slug=?)
export const storeOf = statement<[course: string]>("SELECT * FROM xapi_stores WHERE course_slug = ?");

// plan: looks nothing up
export const setStore = statement<[course: string, isOn: number, settings: string, now: number]>(
  `INSERT INTO xapi_stores (course_slug, is_on, settings, updated_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (course_slug) DO UPDATE SET is_on = ?2, settings = ?3, updated_at = ?4`,
);

/** Stores of all courses, for the operator. */
// plan: SEARCH xapi_stores USING PRIMARY KEY (course_slug>?)
export const storesAfter = statement<[course: string, limit: number]>(
  "SELECT * FROM xapi_stores WHERE course_slug > ? ORDER BY course_slug LIMIT ?",
);

// plan: SEARCH xapi_stores USING PRIMARY KEY (course_slug=?)
export const noteRefused = statement<[course: string, now: number, refused: string]>(
  "UPDATE xapi_stores SET refused_at = ?2, refused = ?3 WHERE course_slug = ?1",
);

// plan: SEARCH xapi_stores USING PRIMARY KEY (course_slug=?)
export const noteKept = statement<[course: string, count: number]>(
  `UPDATE xapi_stores SET kept = kept + ?2, stored_at = ${NOW} WHERE course_slug = ?1`,
);

/** The database's clock: whatever was stored before is found by a read after it. */
// plan: SCAN CONSTANT ROW
export const clock = statement<[]>(`SELECT ${NOW} AS now`);

/** Which of these ids are known, and what refers to any of them. */
// plan: SEARCH xapi_statements USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const KNOWN = setStatement(
  (set) => `SELECT id, seq, stored, voids, voided, due, user_id, body FROM xapi_statements
    WHERE course_slug = ?2 AND id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH xapi_statements USING COVERING INDEX xapi_statements_by_ref (course_slug=? AND ref=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REFERRING = setStatement(
  (set) => `SELECT ref AS id FROM xapi_statements WHERE course_slug = ?2 AND ref IN (SELECT value FROM ${set}) LIMIT 1`,
);

/** Statements whose facts wait, those that have waited longest first. */
// plan: SEARCH xapi_statements USING INDEX xapi_statements_due (due<?)
export const waitingFacts = statement<[before: number, limit: number]>(
  "SELECT course_slug, seq, id, stored, voided, user_id, body FROM xapi_statements WHERE due < ? ORDER BY due LIMIT ?",
);

/** Values are [seq, outcome]. */
// plan: SEARCH xapi_statements USING COVERING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=?)
// plan: SCAN told VIRTUAL TABLE INDEX 1:
export const SETTLE_FACTS = setStatement(
  (set) => `UPDATE xapi_statements SET due = NULL, outcome = told.value ->> '$[1]' FROM ${set} AS told
    WHERE course_slug = ?2 AND seq = told.value ->> '$[0]'`,
);

/** Facts that could not be recorded are tried again later. Values are numbers of statements. */
// plan: SEARCH xapi_statements USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const POSTPONE_FACTS = setStatement(
  (set) =>
    `UPDATE xapi_statements SET due = ?3 WHERE course_slug = ?2 AND seq IN (SELECT value FROM ${set}) AND due IS NOT NULL`,
);

/** The newest statements with what became of them. */
// plan: SEARCH xapi_statements USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=?)
export const newestOutcomes = statement<[course: string, limit: number]>(
  `SELECT id, stored, voided, outcome, due, body FROM xapi_statements WHERE course_slug = ? ORDER BY seq DESC LIMIT ?`,
);

/** Adds statements, in their order: values are [id, voids, ref, body, user, whether it may make a fact]. An id that is there already stops the whole batch. */
// plan: SCAN added VIRTUAL TABLE INDEX 1:
// plan: SCALAR SUBQUERY 1
// plan: SEARCH xapi_statements USING COVERING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=?)
// plan: SCALAR SUBQUERY 3
// plan: SEARCH xapi_statements USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
// plan: SCALAR SUBQUERY 2
// plan: SEARCH xapi_statements USING COVERING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=?)
export const ADD_STATEMENTS = setStatement(
  (set) => `INSERT INTO xapi_statements (course_slug, seq, id, stored, voids, ref, body, user_id, due)
    SELECT ?2, 1 + key + (SELECT coalesce(max(seq), 0) FROM xapi_statements WHERE course_slug = ?2), value ->> '$[0]',
      max(${NOW}, (SELECT coalesce(max(stored), 0) FROM xapi_statements WHERE course_slug = ?2 AND seq =
        (SELECT max(seq) FROM xapi_statements WHERE course_slug = ?2))),
      value ->> '$[1]', value ->> '$[2]', value ->> '$[3]', value ->> '$[4]', CASE WHEN value ->> '$[5]' THEN ${NOW} END FROM ${set} AS added`,
);

/** Values are [id, term]. */
// plan: SCAN added VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH xapi_statements USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
export const ADD_TERMS = setStatement(
  (set) => `INSERT OR IGNORE INTO xapi_terms (course_slug, term, seq)
    SELECT ?2, value ->> '$[1]', (SELECT seq FROM xapi_statements WHERE course_slug = ?2 AND id = value ->> '$[0]')
    FROM ${set} AS added`,
);

/**
 * A statement that refers to another is found by what that one says too, and so on (1.0.3 part 3, section 2.1.3). Values are
 * the ids of new statements: they, and those that refer to them, take over what they are found by. Rows of a cycle end with
 * the depth.
 */
// plan: CO-ROUTINE pairs
// plan: SETUP
// plan: CO-ROUTINE holders
// plan: SETUP
// plan: SEARCH xapi_statements USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: RECURSIVE STEP
// plan: SCAN holders
// plan: SEARCH s USING INDEX xapi_statements_by_ref (course_slug=? AND ref=?)
// plan: SCAN holders
// plan: RECURSIVE STEP
// plan: SCAN pairs
// plan: SEARCH t USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
// plan: SCAN pairs
// plan: SEARCH t USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
// plan: SEARCH x USING COVERING INDEX xapi_terms_by_statement (course_slug=? AND seq=?)
// scans: what refers to these statements, one after the other: at most 5,000, and 20,000 pairs.
export const ADD_TERMS_OF_TARGETS = setStatement(
  (set) => `INSERT OR IGNORE INTO xapi_terms (course_slug, term, seq)
    WITH RECURSIVE holders (id, seq, ref, depth) AS (
      SELECT id, seq, ref, 0 FROM xapi_statements WHERE course_slug = ?2 AND id IN (SELECT value FROM ${set})
      UNION SELECT s.id, s.seq, s.ref, depth + 1 FROM holders CROSS JOIN xapi_statements AS s
        WHERE s.course_slug = ?2 AND s.ref = holders.id AND depth < ?3 LIMIT 5000
    ), pairs (holder, ref, depth) AS (
      SELECT seq, ref, 0 FROM holders WHERE ref IS NOT NULL
      UNION SELECT holder, t.ref, depth + 1 FROM pairs CROSS JOIN xapi_statements AS t
        WHERE t.course_slug = ?2 AND t.id = pairs.ref AND t.ref IS NOT NULL AND depth < ?3 LIMIT 20000
    )
    SELECT ?2, x.term, pairs.holder FROM pairs CROSS JOIN xapi_statements AS t CROSS JOIN xapi_terms AS x
      WHERE t.course_slug = ?2 AND t.id = pairs.ref AND x.course_slug = ?2 AND x.seq = t.seq`,
);

/** Voids those of these ids that a voiding statement refers to. A voiding statement is not voided. */
// plan: SEARCH xapi_statements USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SEARCH v USING INDEX xapi_statements_by_ref (course_slug=? AND ref=?)
export const VOID = setStatement(
  (set) => `UPDATE xapi_statements SET voided = 1 WHERE course_slug = ?2 AND id IN (SELECT value FROM ${set})
    AND voids = 0 AND EXISTS (SELECT 1 FROM xapi_statements AS v
      WHERE v.course_slug = ?2 AND v.ref = xapi_statements.id AND v.voids = 1)`,
);

/** Values are [id, definition]. What is known is kept where the new definition does not say otherwise. */
// plan: SCAN added VIRTUAL TABLE INDEX 1:
export const ADD_ACTIVITIES = setStatement(
  (set) => `INSERT INTO xapi_activities (course_slug, id, definition)
    SELECT ?2, value ->> '$[0]', value ->> '$[1]' FROM ${set} AS added WHERE true
    ON CONFLICT (course_slug, id) DO UPDATE SET definition = json_patch(definition, excluded.definition)
    WHERE definition <> excluded.definition AND length(definition) < 200000`,
);

/** Values are [id, user]. */
// plan: SCAN added VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH xapi_statements USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
export const ADD_PEOPLE = setStatement(
  (set) => `INSERT OR IGNORE INTO xapi_people (user_id, course_slug, seq)
    SELECT value ->> '$[1]', ?2, (SELECT seq FROM xapi_statements WHERE course_slug = ?2 AND id = value ->> '$[0]')
    FROM ${set} AS added`,
);

/** Values are [id, sha2, content type, base64]. */
// plan: SCAN added VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH xapi_statements USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
export const ADD_ATTACHMENTS = setStatement(
  (set) => `INSERT OR IGNORE INTO xapi_attachments (course_slug, seq, sha2, content_type, bytes)
    SELECT ?2, (SELECT seq FROM xapi_statements WHERE course_slug = ?2 AND id = value ->> '$[0]'),
      value ->> '$[1]', value ->> '$[2]', value ->> '$[3]' FROM ${set} AS added`,
);

// plan: SEARCH xapi_statements USING INDEX xapi_statements_by_id (course_slug=? AND id=?)
export const oneStatement = statement<[course: string, id: string, voided: number]>(
  "SELECT seq, id, stored, body FROM xapi_statements WHERE course_slug = ? AND id = ? AND voided = ?",
);

type PageStatement = Statement<[course: string, position: number, since: number, until: number, limit: number]>;
// plan: SEARCH xapi_statements USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq<?)
export const newestStatements: PageStatement = statement(
  `SELECT seq, id, stored, body FROM xapi_statements WHERE course_slug = ?1 AND seq < ?2 AND stored > ?3 AND stored <= ?4
    AND voided = 0 ORDER BY seq DESC LIMIT ?5`,
);
// plan: SEARCH xapi_statements USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq>?)
export const oldestStatements: PageStatement = statement(
  `SELECT seq, id, stored, body FROM xapi_statements WHERE course_slug = ?1 AND seq > ?2 AND stored > ?3 AND stored <= ?4
    AND voided = 0 ORDER BY seq LIMIT ?5`,
);

/** Of all that have one term, those that have the terms of a set too. */
const found = (sign: "<" | ">", order: string) =>
  setStatement(
    (set) => `SELECT s.seq AS seq, id, stored, body FROM xapi_terms AS t CROSS JOIN xapi_statements AS s
      WHERE t.course_slug = ?2 AND t.term = ?7 AND t.seq ${sign} ?3 AND s.course_slug = ?2 AND s.seq = t.seq
        AND stored > ?4 AND stored <= ?5 AND voided = 0
        AND NOT EXISTS (SELECT 1 FROM ${set} AS other WHERE NOT EXISTS (
          SELECT 1 FROM xapi_terms AS o WHERE o.course_slug = ?2 AND o.term = other.value AND o.seq = t.seq))
      ORDER BY t.seq ${order} LIMIT ?6`,
  );
// plan: SEARCH t USING PRIMARY KEY (course_slug=? AND term=? AND seq<?)
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SCAN other VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH o USING PRIMARY KEY (course_slug=? AND term=? AND seq=?)
// plan: SEARCH s USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
export const NEWEST_FOUND = found("<", "DESC");
// plan: SEARCH t USING PRIMARY KEY (course_slug=? AND term=? AND seq>?)
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SCAN other VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH o USING PRIMARY KEY (course_slug=? AND term=? AND seq=?)
// plan: SEARCH s USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
export const OLDEST_FOUND = found(">", "ASC");

/** The newest that have one term and the other terms of a set, and one of the verbs of it: pairs of `term` or `verb` and its value. */
// plan: SEARCH t USING PRIMARY KEY (course_slug=? AND term=?)
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SCAN other VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH o USING PRIMARY KEY (course_slug=? AND term=? AND seq=?)
// plan: SEARCH s USING INDEX sqlite_autoindex_xapi_statements_1 (course_slug=? AND seq=?)
// plan: SCAN verb EXISTS VIRTUAL TABLE INDEX 1:
export const NEWEST_WITH_VERBS = setStatement(
  (set) => `SELECT s.seq AS seq, id, stored, body FROM xapi_terms AS t CROSS JOIN xapi_statements AS s
    WHERE t.course_slug = ?2 AND t.term = ?3 AND s.course_slug = ?2 AND s.seq = t.seq AND voided = 0
      AND NOT EXISTS (SELECT 1 FROM ${set} AS other WHERE other.value ->> 0 = 'term' AND NOT EXISTS (
        SELECT 1 FROM xapi_terms AS o WHERE o.course_slug = ?2 AND o.term = other.value ->> 1 AND o.seq = t.seq))
      AND EXISTS (SELECT 1 FROM ${set} AS verb WHERE verb.value ->> 0 = 'verb' AND verb.value ->> 1 = s.body ->> '$.verb.id')
    ORDER BY t.seq DESC LIMIT ?4`,
);

// plan: SEARCH xapi_attachments USING INDEX sqlite_autoindex_xapi_attachments_1 (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ATTACHMENT_SIZES = setStatement(
  (set) => `SELECT seq, length(bytes) AS size FROM xapi_attachments
    WHERE course_slug = ?2 AND seq IN (SELECT value FROM ${set})`,
);

// plan: SEARCH xapi_attachments USING INDEX sqlite_autoindex_xapi_attachments_1 (course_slug=? AND seq=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ATTACHMENTS = setStatement(
  (set) => `SELECT sha2, content_type, bytes FROM xapi_attachments
    WHERE course_slug = ?2 AND seq IN (SELECT value FROM ${set})`,
);

// plan: SEARCH xapi_activities USING PRIMARY KEY (course_slug=? AND id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const DEFINITIONS = setStatement(
  (set) => `SELECT id, definition FROM xapi_activities WHERE course_slug = ?2 AND id IN (SELECT value FROM ${set})`,
);

type Place = [course: string, kind: string, activity: string, agent: string, registration: string, id: string];
const AT = "course_slug = ?1 AND kind = ?2 AND activity = ?3 AND agent = ?4 AND registration = ?5 AND id = ?6";

// plan: SEARCH xapi_documents USING INDEX sqlite_autoindex_xapi_documents_1 (course_slug=? AND kind=? AND activity=? AND agent=? AND registration=? AND id=?)
export const documentAt = statement<Place>(`SELECT content_type, bytes, etag, updated FROM xapi_documents WHERE ${AT}`);

/** Writes a document if it is still what the caller has seen; an empty tag says that there was none. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 2
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH xapi_documents USING COVERING INDEX sqlite_autoindex_xapi_documents_1 (course_slug=? AND kind=? AND activity=? AND agent=?)
// plan: SCAN (subquery-1)
export const addDocument = statement<
  [...Place, user: string | null, contentType: string, bytes: string, etag: string, now: number, most: number]
>(
  `INSERT INTO xapi_documents (course_slug, kind, activity, agent, registration, id, user_id, content_type, bytes, etag, updated)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 WHERE (SELECT count(*) FROM (SELECT 1 FROM xapi_documents
      WHERE course_slug = ?1 AND kind = ?2 AND activity = ?3 AND agent = ?4 LIMIT ?12)) < ?12
    ON CONFLICT DO NOTHING`,
);
// plan: SEARCH xapi_documents USING INDEX sqlite_autoindex_xapi_documents_1 (course_slug=? AND kind=? AND activity=? AND agent=? AND registration=? AND id=?)
export const replaceDocument = statement<
  [...Place, contentType: string, bytes: string, etag: string, now: number, before: string]
>(`UPDATE xapi_documents SET content_type = ?7, bytes = ?8, etag = ?9, updated = ?10 WHERE ${AT} AND etag = ?11`);
/** Deletes a document; with a tag, only while it is still what the caller has seen. */
// plan: SEARCH xapi_documents USING INDEX sqlite_autoindex_xapi_documents_1 (course_slug=? AND kind=? AND activity=? AND agent=? AND registration=? AND id=?)
export const dropDocument = statement<[...Place, before: string | null]>(
  `DELETE FROM xapi_documents WHERE ${AT} AND (?7 IS NULL OR etag = ?7)`,
);

/** Ids of documents; `since`: those changed after. Without a registration (null), those of every one. */
// plan: SEARCH xapi_documents USING INDEX sqlite_autoindex_xapi_documents_1 (course_slug=? AND kind=? AND activity=? AND agent=?)
export const documentIds = statement<
  [course: string, kind: string, activity: string, agent: string, registration: string | null, since: number]
>(
  `SELECT id FROM xapi_documents WHERE course_slug = ?1 AND kind = ?2 AND activity = ?3 AND agent = ?4
    AND (?5 IS NULL OR registration = ?5) AND updated > ?6 ORDER BY registration, id LIMIT 2000`,
);
// plan: SEARCH xapi_documents USING INDEX sqlite_autoindex_xapi_documents_1 (course_slug=? AND kind=? AND activity=? AND agent=?)
export const dropDocuments = statement<
  [course: string, kind: string, activity: string, agent: string, registration: string | null]
>(
  `DELETE FROM xapi_documents WHERE course_slug = ?1 AND kind = ?2 AND activity = ?3 AND agent = ?4
    AND (?5 IS NULL OR registration = ?5)`,
);

/** Users by their addresses, which are stored in lower case. */
// plan: SEARCH users USING INDEX sqlite_autoindex_users_2 (email=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const USERS_BY_EMAIL = setStatement(
  (set) => `SELECT id, email FROM users WHERE email IN (SELECT value FROM ${set}) AND email_verified = 1`,
);

/** The address of a user, where they have shown that it is theirs. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const addressesOf = statement<[user: string]>("SELECT email FROM users WHERE id = ? AND email_verified = 1");

/** Values are [course, term]: statements that are found by it name the user. */
// plan: SCAN named VIRTUAL TABLE INDEX 1:
// plan: SEARCH t USING PRIMARY KEY (course_slug=? AND term=?)
export const ADOPT_STATEMENTS = setStatement(
  (set) => `INSERT OR IGNORE INTO xapi_people (user_id, course_slug, seq)
    SELECT ?2, t.course_slug, t.seq FROM ${set} AS named CROSS JOIN xapi_terms AS t
      WHERE t.course_slug = named.value ->> '$[0]' AND t.term = named.value ->> '$[1]'`,
);

/** Values are [course, agent]: documents of it are the user's. */
// plan: SEARCH xapi_documents USING INDEX sqlite_autoindex_xapi_documents_1 (course_slug=?)
// plan: LIST SUBQUERY 2
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CREATE BLOOM FILTER
export const ADOPT_DOCUMENTS = setStatement(
  (set) => `UPDATE xapi_documents SET user_id = ?2 WHERE user_id IS NULL
    AND (course_slug, agent) IN (SELECT value ->> '$[0]', value ->> '$[1]' FROM ${set})`,
);
