import { notBeingErased } from "../identity/index.ts";
import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

// plan: SEARCH event_log USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH event_log USING COVERING INDEX event_log_by_time (at<?)
export const pruneArchived = statement<[before: number, limit: number]>(
  "DELETE FROM event_log WHERE id IN (SELECT id FROM event_log WHERE at < ? LIMIT ?)",
);

// plan: SEARCH event_log USING COVERING INDEX event_log_by_time
export const newestArchived = statement<[]>("SELECT max(at) AS at FROM event_log");

// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 1
// plan: SEARCH erasures USING COVERING INDEX erasures_by_user (user_id=?)
export const ARCHIVE = setStatement(
  (set) => `INSERT INTO event_log (id, user_id, at, type, level, priority, roles, data, topic)
    SELECT value ->> 'id', value ->> 'user_id', value ->> 'at', value ->> 'type', value ->> 'level',
           value ->> 'priority', value ->> 'roles', value ->> 'data', value ->> 'topic'
    FROM ${set} WHERE ${notBeingErased("value ->> 'user_id'")} ON CONFLICT (id) DO NOTHING`,
);
