import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** Whether an entry about a user waits for the chain. */
// plan: SCAN audit_outbox
// scans: the outbox holds what the last minute has left.
export const entryAbout = statement<[user: string]>(
  "SELECT 1 FROM audit_outbox WHERE entry ->> '$.actor.id' = ?1 OR entry ->> '$.target.id' = ?1 LIMIT 1",
);

// plan: SEARCH audit_log USING COVERING INDEX audit_log_by_place (chain=?)
export const lastProjected = statement<[chain: string]>(
  "SELECT seq FROM audit_log WHERE chain = ? ORDER BY seq DESC LIMIT 1",
);

// plan: SEARCH audit_log USING INDEX audit_log_by_place (chain=? AND seq>? AND seq<?)
export const projectedBetween = statement<[chain: string, from: number, to: number]>(
  "SELECT seq, hash FROM audit_log WHERE chain = ? AND seq BETWEEN ? AND ?",
);

/** Counts a refused sign-in under its own key, or under that of all others once as many have one. */
// plan: CO-ROUTINE place
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH audit_outbox USING COVERING INDEX sqlite_autoindex_audit_outbox_1 (key=?)
// plan: SCALAR SUBQUERY 2
// plan: SCAN audit_outbox
// plan: SCAN place
// scans: the outbox holds what the last minute has left; place is the one row above.
export const countRefusedSignIn = statement<
  [key: string, entry: string, othersKey: string, othersEntry: string, readyAt: number, most: number, now: number]
>(
  `WITH place AS (SELECT EXISTS (SELECT 1 FROM audit_outbox WHERE key = ?1)
         OR (SELECT count(*) FROM audit_outbox WHERE ready_at = ?5) < ?6 AS is_free)
       INSERT INTO audit_outbox (key, entry, created_at, ready_at)
       SELECT iif(is_free, ?1, ?3), iif(is_free, ?2, ?4), ?7, ?5 FROM place WHERE true
       ON CONFLICT (key) DO UPDATE SET
         entry = json_set(entry, '$.details.entries', json_extract(entry, '$.details.entries') + 1)`,
);

/** Removes a page of what was purged. */
// plan: SEARCH audit_log USING INTEGER PRIMARY KEY (rowid=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH audit_log USING COVERING INDEX audit_log_by_place (chain=? AND seq<?)
export const removePurged = statement<[chain: string, upTo: number, limit: number]>(
  `DELETE FROM audit_log WHERE id IN
    (SELECT id FROM audit_log WHERE chain = ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3)
  RETURNING id`,
);

// plan: looks nothing up
export const insertEntry = statement<[key: string, entry: string, now: number]>(
  "INSERT INTO audit_outbox (key, entry, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
);

/** Entries that wait for the chain, in their order. */
// plan: SCAN audit_outbox
// scans: the outbox holds what the last minute has left, and is read in its order.
export const waitingEntries = statement<[now: number, limit: number]>(
  "SELECT id, key, entry FROM audit_outbox WHERE error IS NULL AND ready_at <= ? ORDER BY id LIMIT ?",
);

// plan: SEARCH audit_outbox USING INTEGER PRIMARY KEY (rowid=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REFUSE_ENTRIES = setStatement(
  (set) => `UPDATE audit_outbox SET error = 'refused by the chain' WHERE id IN (SELECT value FROM ${set})`,
);

// plan: SEARCH audit_outbox USING INTEGER PRIMARY KEY (rowid=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const REMOVE_ENTRIES = setStatement(
  (set) => `DELETE FROM audit_outbox WHERE id IN (SELECT value FROM ${set}) AND error IS NULL`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const KEEP_ENTRIES = setStatement(
  (set) => `INSERT INTO audit_outbox (key, entry, created_at)
    SELECT value ->> 'key', value ->> 'entry', ?2 FROM ${set} WHERE true ON CONFLICT DO NOTHING`,
);

/** A place of the chain is written once: the first row stays, and the verifier compares it. */
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const PROJECT_ENTRIES = setStatement(
  (set) => `
  INSERT INTO audit_log (chain, seq, hash, key, action, occurred_at, received_at, actor_id, actor_role, target_type,
    target_id, course, enrollment, request_id, outcome, details, reported_by, tokens)
  SELECT ?2, value ->> 'seq', value ->> 'hash', value ->> 'key', value ->> 'action', value ->> 'occurred_at',
    value ->> 'received_at', value ->> 'actor_id', value ->> 'actor_role', value ->> 'target_type',
    value ->> 'target_id', value ->> 'course', value ->> 'enrollment', value ->> 'request_id', value ->> 'outcome',
    value ->> 'details', value ->> 'reported_by', value ->> 'tokens'
  FROM ${set} WHERE true ON CONFLICT (chain, seq) DO NOTHING`,
);

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const PROJECT_PEOPLE = setStatement(
  (set) => `
  INSERT INTO audit_people (pseudonym, user_id) SELECT value ->> 'pseudonym', value ->> 'user_id' FROM ${set}
  WHERE true ON CONFLICT DO NOTHING`,
);

/** Adds an entry to the outbox only where a condition with one parameter holds. It is of the code, never from outside. */
export function insertEntryWhere(condition: string) {
  return statement<[key: string, entry: string, now: number, about: string]>(
    `INSERT INTO audit_outbox (key, entry, created_at) SELECT ?, ?, ? WHERE ${condition} ON CONFLICT DO NOTHING`,
  );
}
