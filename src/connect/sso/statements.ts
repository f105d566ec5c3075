import { statement } from "../../platform/database/statement.ts";

/** Notes that a sign-in was used; nothing where it was used before. It goes with other one-time values when it has ended. */
// plan: looks nothing up
export const spendFlow = statement<[id: string, now: number, until: number]>(
  `INSERT INTO verifications (id, identifier, value, expires_at, created_at, updated_at)
    VALUES (?1, 'sign-on', '{}', ?3, ?2, ?2) ON CONFLICT DO NOTHING`,
);

// plan: SEARCH identity_providers USING PRIMARY KEY (name=?)
export const providerByName = statement<[name: string]>("SELECT * FROM identity_providers WHERE name = ?");

/** All of them: there are few. */
// plan: SCAN identity_providers
// scans: there are twenty at most.
export const allProviders = statement<[limit: number]>("SELECT * FROM identity_providers ORDER BY name LIMIT ?");

/** Buttons of the sign-in page. */
// plan: SCAN identity_providers
// scans: there are twenty at most.
export const providerButtons = statement<[limit: number]>(
  "SELECT name, label FROM identity_providers WHERE sign_in = 1 ORDER BY name LIMIT ?",
);

/** Makes or changes a provider; nothing where there are as many as there may be, or another one has the issuer. */
// plan: SCAN CONSTANT ROW
// plan: SCALAR SUBQUERY 1
// plan: SEARCH identity_providers USING INDEX sqlite_autoindex_identity_providers_2 (issuer=?)
// plan: SCALAR SUBQUERY 2
// plan: SEARCH identity_providers USING PRIMARY KEY (name=?)
// plan: SCALAR SUBQUERY 3
// plan: SCAN identity_providers USING COVERING INDEX sqlite_autoindex_identity_providers_2
// scans: there are twenty at most.
export const setProvider = statement<
  [
    name: string,
    label: string,
    issuer: string,
    jwks: string,
    client: string,
    secret: string | null,
    settings: string,
    signIn: number,
    audience: string | null,
    top: string,
    now: number,
    most: number,
  ]
>(
  `INSERT INTO identity_providers
      (name, label, issuer, jwks_uri, client_id, secret, settings, sign_in, audience, top_role, created_at, updated_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
    WHERE NOT EXISTS (SELECT 1 FROM identity_providers WHERE issuer = ?3 AND name <> ?1)
      AND (EXISTS (SELECT 1 FROM identity_providers WHERE name = ?1)
        OR (SELECT count(*) FROM identity_providers) < ?12)
    ON CONFLICT (name) DO UPDATE SET label = excluded.label, issuer = excluded.issuer, jwks_uri = excluded.jwks_uri,
      client_id = excluded.client_id, secret = excluded.secret, settings = excluded.settings,
      sign_in = excluded.sign_in, audience = excluded.audience, top_role = excluded.top_role,
      updated_at = excluded.updated_at`,
);

// plan: SEARCH identity_providers USING PRIMARY KEY (name=?)
export const dropProvider = statement<[name: string]>("DELETE FROM identity_providers WHERE name = ?");

/** A secret that the key before this one had encrypted. */
// plan: SEARCH identity_providers USING PRIMARY KEY (name=?)
export const resealSecret = statement<[name: string, before: string, secret: string]>(
  "UPDATE identity_providers SET secret = ?3 WHERE name = ?1 AND secret = ?2",
);

// plan: SEARCH identity_providers USING PRIMARY KEY (name=?)
export const noteSignIn = statement<[name: string, now: number, jwks: string]>(
  "UPDATE identity_providers SET signed_in_at = ?2, jwks_uri = ?3, failures = 0 WHERE name = ?1",
);

/** @param counted 1: it was the provider that failed, not whoever tried. */
// plan: SEARCH identity_providers USING PRIMARY KEY (name=?)
export const noteFailure = statement<[name: string, now: number, failure: string, counted: number]>(
  "UPDATE identity_providers SET failed_at = ?2, failure = ?3, failures = failures + ?4 WHERE name = ?1",
);

/** Sign-ins in a row that failed by each provider that people sign in with. */
// plan: SCAN identity_providers
// scans: there are twenty at most.
export const providerFailures = statement<[limit: number]>(
  "SELECT name, failures FROM identity_providers WHERE sign_in = 1 ORDER BY name LIMIT ?",
);
