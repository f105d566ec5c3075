import { setStatement } from "./database/set-statement.ts";
import { statement } from "./database/statement.ts";

/** Asks a database whether it answers. */
// plan: SCAN CONSTANT ROW
export const alive = statement<[]>("SELECT 1");

// plan: SEARCH dead_letters USING INDEX dead_letters_by_queue (queue=? AND replayed_at=?)
export const bytesOfLetters = statement<[queue: string]>(
  `SELECT coalesce(sum(length(CAST(body AS BLOB))), 0) AS bytes FROM dead_letters
    WHERE queue = ? AND replayed_at IS NULL`,
);

/** Stores no more of a queue than the limit, even with other writers at the same time. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH dead_letters USING COVERING INDEX dead_letters_by_queue (queue=? AND replayed_at=?)
export const insertLetter = statement<
  [id: string, queue: string, body: string, attempts: number, now: number, most: number]
>(
  `INSERT INTO dead_letters (id, queue, body, attempts, failed_at)
    SELECT ?1, ?2, ?3, ?4, ?5
    WHERE (SELECT count(*) FROM dead_letters WHERE queue = ?2 AND replayed_at IS NULL) < ?6
    ON CONFLICT (id) DO NOTHING`,
);

// plan: SEARCH dead_letters USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH dead_letters USING INDEX dead_letters_open (failed_at<?)
export const pruneOpenLetters = statement<[before: number, limit: number]>(
  `DELETE FROM dead_letters WHERE id IN (
      SELECT id FROM dead_letters WHERE replayed_at IS NULL AND failed_at < ? ORDER BY failed_at LIMIT ?
    ) RETURNING queue`,
);

// plan: SEARCH dead_letters USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH dead_letters USING COVERING INDEX dead_letters_replayed (replayed_at>? AND replayed_at<?)
export const pruneHandledLetters = statement<[before: number, limit: number]>(
  `DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters WHERE replayed_at IS NOT NULL AND replayed_at < ? LIMIT ?)`,
);

/** Removes the letters of a queue that were handled longest ago. */
// plan: SEARCH dead_letters USING INDEX dead_letters_by_queue (queue=? AND replayed_at>?)
// plan: LIST SUBQUERY 1
// plan: SEARCH dead_letters USING COVERING INDEX dead_letters_by_queue (queue=? AND replayed_at>?)
// plan: CREATE BLOOM FILTER
export const forgetHandled = statement<[queue: string, kept: number]>(
  `DELETE FROM dead_letters WHERE queue = ?1 AND replayed_at IS NOT NULL AND id NOT IN (
    SELECT id FROM dead_letters WHERE queue = ?1 AND replayed_at IS NOT NULL ORDER BY replayed_at DESC LIMIT ?2)`,
);

/** Removes a page of old answers. */
// plan: SEARCH idempotency_keys USING PRIMARY KEY (scope=? AND key=?)
// plan: LIST SUBQUERY 2
// plan: SEARCH idempotency_keys USING COVERING INDEX idempotency_keys_by_age (created_at<?)
export const pruneKeys = statement<[before: number, limit: number]>(
  `DELETE FROM idempotency_keys WHERE (scope, key) IN
    (SELECT scope, key FROM idempotency_keys WHERE created_at < ? LIMIT ?)`,
);

/** The smallest possible write: one row that always stays. */
// plan: looks nothing up
export const writeProbe = statement<[now: number]>(
  `INSERT INTO write_probes (id, written_at) VALUES (1, ?)
    ON CONFLICT (id) DO UPDATE SET written_at = excluded.written_at`,
);

/** How many courses and learners each shard has. */
// plan: SCAN courses USING INDEX courses_by_shard
// scans: a row for each published course; an isolate asks once a minute, where something is published or enrolled.
export const fills = statement<[]>(
  `SELECT shard AS name, sum(learners) AS learners, count(*) AS courses FROM courses
    WHERE active_version IS NOT NULL GROUP BY shard`,
);

// plan: SEARCH courses USING PRIMARY KEY (slug=?)
export const placeOfCourse = statement<[course: string]>(
  "SELECT shard, shard_generation, active_version FROM courses WHERE slug = ?",
);

/** Moves under way, in no order. */
// plan: SCAN course_moves
// scans: at most 200 moves are under way (MAX_MOVES).
export const movesFound = statement<[limit: number]>("SELECT * FROM course_moves LIMIT ?");

// plan: SCAN course_moves
// scans: at most 200 moves are under way (MAX_MOVES).
export const anyClosing = statement<[]>("SELECT 1 FROM course_moves WHERE state IN ('closing', 'moved') LIMIT 1");

/**
 * Names the courses that the rest of a batch writes to. It writes nothing; a trigger refuses courses that have left.
 */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const COURSE_WRITES = setStatement((set) => `INSERT INTO course_writes (course_slug) SELECT value FROM ${set}`);

// plan: SEARCH dead_letters USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const KNOWN_LETTERS = setStatement(
  (set) => `SELECT id FROM dead_letters WHERE id IN (SELECT value FROM ${set})`,
);

/** Notes that a letter was sent to its queue again, when and by whom. */
// plan: SEARCH dead_letters USING PRIMARY KEY (id=?)
export const noteReplay = statement<[now: number, by: string, id: string]>(
  "UPDATE dead_letters SET replayed_at = ?, replayed_by = ? WHERE id = ?",
);
