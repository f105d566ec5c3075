-- Latchkey as a tool of other platforms (LTI 1.3 and Advantage). Instants are epoch milliseconds, UTC.

-- Keys that the tool signs with. Which one signs follows from their age.
CREATE TABLE lti_keys (
  kid TEXT PRIMARY KEY,
  public_key TEXT NOT NULL, -- JWK
  private_key TEXT NOT NULL, -- JWK, encrypted
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Platforms that may launch. One issuer may have several, each with a client id of its own.
CREATE TABLE lti_platforms (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  issuer TEXT NOT NULL,
  client_id TEXT NOT NULL,
  auth_url TEXT NOT NULL,
  token_url TEXT NOT NULL,
  jwks_url TEXT NOT NULL,
  settings TEXT NOT NULL, -- JSON: deployments, origins, courses, what teachers become
  owner TEXT NOT NULL, -- who set it last
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  launched_at INTEGER,
  failed_at INTEGER,
  failure TEXT, -- why the last launch failed
  UNIQUE (issuer, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lti_platforms_by_owner ON lti_platforms (owner);

-- Who somebody of a platform is here. Nobody is found by an address.
CREATE TABLE lti_people (
  platform TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (platform, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX lti_people_by_user ON lti_people (user_id, platform);

-- Launches that were used: each is good once, for minutes.
CREATE TABLE lti_used (
  id TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lti_used_by_expiry ON lti_used (expires_at);
