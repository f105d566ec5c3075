import { statement } from "../../platform/database/statement.ts";

// plan: SEARCH event_log USING INDEX event_log_by_user (user_id=? AND (at,id)>(?,?))
export const archivedEvents = statement<[user: string, at: number, id: string, limit: number]>(
  "SELECT * FROM event_log WHERE user_id = ? AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?",
);

// plan: SEARCH event_log USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH event_log USING COVERING INDEX event_log_by_user (user_id=?)
export const dropArchivedEvents = statement<[user: string, limit: number]>(
  "DELETE FROM event_log WHERE id IN (SELECT id FROM event_log WHERE user_id = ? LIMIT ?)",
);
