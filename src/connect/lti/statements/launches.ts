import { setStatement } from "../../../platform/database/set-statement.ts";
import { statement } from "../../../platform/database/statement.ts";

// Launches of platforms, and what a teacher chooses a link from. Each statement has its plan above it.

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const noteLaunched = statement<[id: string, now: number]>(
  "UPDATE lti_platforms SET launched_at = ?2 WHERE id = ?1",
);

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const noteFailure = statement<[id: string, now: number, why: string]>(
  "UPDATE lti_platforms SET failed_at = ?2, failure = ?3 WHERE id = ?1",
);

/** Uses a launch: nothing is written when it was used before. */
// plan: looks nothing up
export const spendLaunch = statement<[id: string, expires: number]>(
  "INSERT INTO lti_used (id, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
);

// plan: SEARCH lti_used USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH lti_used USING COVERING INDEX lti_used_by_expiry (expires_at<?)
export const dropUsed = statement<[now: number, limit: number]>(
  "DELETE FROM lti_used WHERE id IN (SELECT id FROM lti_used WHERE expires_at <= ? LIMIT ?)",
);

/** Published courses of a list, with their titles. */
// plan: SEARCH courses USING PRIMARY KEY (slug=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const CHOSEN_COURSES = setStatement(
  (set) => `SELECT slug, title FROM courses WHERE slug IN (SELECT value FROM ${set}) AND active_version IS NOT NULL
    ORDER BY slug`,
);

// plan: SCAN courses
// scans: a row for each course, when a teacher of a platform that may open all of them chooses one.
export const everyPublished = statement<[limit: number]>(
  "SELECT slug, title FROM courses WHERE active_version IS NOT NULL AND organization_id IS NULL ORDER BY slug LIMIT ?",
);
