-- Keys of services. Of a key only its SHA-256 is kept; the key itself was shown once. Instants are epoch milliseconds, UTC.
CREATE TABLE service_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  -- What a rotation replaced, and until when it still counts.
  previous_hash TEXT,
  previous_until INTEGER,
  -- JSON array of scopes (src/shared/scopes.ts).
  scopes TEXT NOT NULL,
  -- JSON array of course slugs; NULL: every course.
  courses TEXT,
  -- The admin who created it.
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  rotated_at INTEGER,
  -- Start of the day of its last use, coarse on purpose: one write a day.
  last_used_on INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX service_keys_by_creator ON service_keys (created_by);
