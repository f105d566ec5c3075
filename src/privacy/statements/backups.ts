import { setStatement } from "../../platform/database/set-statement.ts";
import { statement } from "../../platform/database/statement.ts";

// What backups have noted of changes.

// plan: SEARCH courses USING PRIMARY KEY (slug>?)
export const coursesAfter = statement<[after: string, limit: number]>(
  "SELECT slug FROM courses WHERE slug > ? ORDER BY slug LIMIT ?",
);

// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key=?)
export const forgetOwnChanges = statement<[user: string]>(
  "DELETE FROM backup_changes WHERE kind IN ('users', 'channels') AND key = ?",
);

// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key>? AND key<?)
export const forgetRecordChanges = statement<[user: string]>(
  `DELETE FROM backup_changes WHERE kind IN ('translation_sessions', 'translation_tasks')
    AND key >= ?1 || ':' AND key < ?1 || ';'`,
);

/** Forgets what backups have noted of enrollments. */
// plan: SEARCH backup_changes USING PRIMARY KEY (kind=? AND key=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const FORGET_ENROLLMENTS = setStatement(
  (set) => `DELETE FROM backup_changes WHERE kind IN ('enrollments', 'insight_learners', 'insight_predictions')
    AND key IN (SELECT value FROM ${set})`,
);
