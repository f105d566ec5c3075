import { insertEntryWhere } from "../../../audit/index.ts";
import { statement } from "../../../platform/database/statement.ts";

// Platforms as operators enter them. Each statement has its plan above it.

// plan: SEARCH lti_platforms USING INDEX sqlite_autoindex_lti_platforms_2 (issuer=?)
export const platformsOf = statement<[issuer: string]>(
  "SELECT * FROM lti_platforms WHERE issuer = ? ORDER BY client_id",
);

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const platformById = statement<[id: string]>("SELECT * FROM lti_platforms WHERE id = ?");

// plan: SEARCH lti_platforms USING PRIMARY KEY (id>?)
// scans: operators enter each platform by hand, up to 500.
export const everyPlatform = statement<[after: string, limit: number]>(
  "SELECT * FROM lti_platforms WHERE id > ? ORDER BY id LIMIT ?",
);

/** Makes or changes a platform; nothing where there are as many as there may be. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
// plan: SCALAR SUBQUERY 2
// plan: SCAN lti_platforms USING COVERING INDEX lti_platforms_by_owner
// scans: a count of at most 500 rows, when an operator makes a platform.
export const setPlatform = statement<
  [
    id: string,
    name: string,
    kind: string,
    issuer: string,
    client: string,
    auth: string,
    token: string,
    jwks: string,
    settings: string,
    owner: string,
    now: number,
    most: number,
  ]
>(
  `INSERT INTO lti_platforms
    (id, name, kind, issuer, client_id, auth_url, token_url, jwks_url, settings, owner, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
    WHERE EXISTS (SELECT 1 FROM lti_platforms WHERE id = ?1) OR (SELECT count(*) FROM lti_platforms) < ?12
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, issuer = excluded.issuer,
      client_id = excluded.client_id, auth_url = excluded.auth_url, token_url = excluded.token_url,
      jwks_url = excluded.jwks_url, settings = excluded.settings, owner = excluded.owner, updated_at = excluded.updated_at`,
);

/** Makes a platform that registers itself; nothing where one has the id already, or where there are as many as there may be. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SCAN lti_platforms USING COVERING INDEX lti_platforms_by_owner
// scans: a count of at most 500 rows, when a platform registers itself.
export const addPlatform = statement<
  [
    id: string,
    name: string,
    kind: string,
    issuer: string,
    client: string,
    auth: string,
    token: string,
    jwks: string,
    settings: string,
    owner: string,
    now: number,
    most: number,
  ]
>(
  `INSERT INTO lti_platforms
    (id, name, kind, issuer, client_id, auth_url, token_url, jwks_url, settings, owner, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
    WHERE (SELECT count(*) FROM lti_platforms) < ?12 ON CONFLICT (id) DO NOTHING`,
);

/** The entry of the audit log about a platform that has just been made: its id, its client id and its issuer. */
// plan: SCAN lti_platforms EXISTS
// scans: up to 500 rows, when a platform registers itself.
export const entryOfAdded = insertEntryWhere(
  "EXISTS (SELECT 1 FROM lti_platforms WHERE id || ' ' || client_id || ' ' || issuer = ?)",
);

// plan: SEARCH lti_platforms USING PRIMARY KEY (id=?)
export const dropPlatform = statement<[id: string]>("DELETE FROM lti_platforms WHERE id = ?");
