-- Providers that people sign in with (OpenID Connect), and whose tokens the API may accept. Instants are epoch milliseconds, UTC.
-- Who came by one is a row of `accounts`: provider_id "oidc <issuer>", account_id as the provider says.
CREATE TABLE identity_providers (
  name TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  issuer TEXT NOT NULL UNIQUE,
  jwks_uri TEXT NOT NULL, -- where its keys are, as its discovery document said last
  client_id TEXT NOT NULL,
  secret TEXT, -- the client's secret, encrypted; NULL: the client has none
  settings TEXT NOT NULL, -- JSON: claims, what they mean, who may come
  sign_in INTEGER NOT NULL, -- 1: people sign in with it
  audience TEXT, -- tokens for this audience are accepted on the API; NULL: none are
  top_role TEXT NOT NULL, -- nobody comes by it who has a higher role
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  signed_in_at INTEGER, -- the last sign-in that went well
  failed_at INTEGER, -- the last that did not, and why
  failure TEXT
) STRICT, WITHOUT ROWID;
