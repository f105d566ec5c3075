import { setStatement } from "../platform/database/set-statement.ts";
import { statement } from "../platform/database/statement.ts";

/** Role and ban of a user; of one whom another identity provider knows, the ban alone: it gives no role to an account. */
// plan: COMPOUND QUERY
// plan: LEFT-MOST SUBQUERY
// plan: SEARCH outside_bans USING PRIMARY KEY (user_id=?)
// plan: SEARCH users USING PRIMARY KEY (id=?) LEFT-JOIN
// plan: UNION ALL
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const accountOf = statement<[user: string]>(
  `SELECT coalesce(users.role, 'admin') AS role, 1 AS banned, until AS ban_expires
      FROM outside_bans LEFT JOIN users ON users.id = user_id WHERE user_id = ?1
    UNION ALL SELECT role, banned, ban_expires FROM users WHERE id = ?1 LIMIT 1`,
);

/** What a key is checked against. */
// plan: SEARCH service_keys USING PRIMARY KEY (id=?)
export const serviceKey = statement<[id: string]>(
  `SELECT hash, previous_hash, previous_until, scopes, courses, expires_at, last_used_on, revoked_at
    FROM service_keys WHERE id = ?`,
);

/** Notes the day on which a key was last used, once a day. */
// plan: SEARCH service_keys USING PRIMARY KEY (id=?)
export const noteKeyUse = statement<[id: string, day: number]>(
  "UPDATE service_keys SET last_used_on = ?2 WHERE id = ?1 AND coalesce(last_used_on, 0) < ?2",
);

/** Providers whose tokens the API accepts; there are few. */
// plan: SCAN identity_providers
// scans: there are twenty at most.
export const tokenIssuers = statement<[limit: number]>(
  `SELECT issuer, jwks_uri, audience, top_role, settings ->> '$.claims.id' AS id_claim FROM identity_providers
    WHERE audience IS NOT NULL LIMIT ?`,
);

/** Whoever came by a provider before. */
// plan: SEARCH accounts USING INDEX sqlite_autoindex_accounts_2 (provider_id=? AND account_id=?)
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const linkedUser = statement<[provider: string, subject: string]>(
  `SELECT user_id, role FROM accounts JOIN users ON users.id = user_id WHERE provider_id = ? AND account_id = ?`,
);

// plan: SEARCH tombstones USING PRIMARY KEY (subject=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
export const ERASED_AMONG = setStatement(
  (set) => `SELECT subject FROM tombstones WHERE subject IN (SELECT value FROM ${set})`,
);

/** Accounts of another organisation than the one named, as far as they were never in this course. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SCAN json_each VIRTUAL TABLE INDEX 1:
// plan: CORRELATED SCALAR SUBQUERY 2
// plan: SEARCH user_courses USING PRIMARY KEY (user_id=? AND course_slug=?)
export const FOREIGN_AMONG = setStatement(
  (set) => `SELECT id FROM users WHERE id IN (SELECT value FROM ${set}) AND organization_id IS NOT ?2
    AND NOT EXISTS (SELECT 1 FROM user_courses WHERE user_id = users.id AND course_slug = ?3)`,
);

/** Whether a user is of an organisation. */
// plan: SEARCH users USING PRIMARY KEY (id=?)
export const isOfOrganization = statement<[user: string, organization: string]>(
  "SELECT 1 FROM users WHERE id = ? AND organization_id = ?",
);
