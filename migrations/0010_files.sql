-- Files: what is known about the bytes in the bucket FILES. A row is written before its bytes and removed after them, so
-- whatever dies in between leaves a row that says what to clean up.
CREATE TABLE files (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  key TEXT NOT NULL UNIQUE, -- in the bucket; begins with the owner's prefix
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT, -- hex; NULL: neither announced nor computed yet
  state TEXT NOT NULL, -- pending, ready, deleting
  created_at INTEGER NOT NULL,
  ready_at INTEGER,
  expires_at INTEGER,
  upload_key TEXT -- the Idempotency-Key of a direct upload
) STRICT, WITHOUT ROWID;

-- Lists of one owner; with the size, so that a quota is counted from the index alone.
CREATE INDEX files_by_owner ON files (owner, created_at, id, size);
CREATE UNIQUE INDEX files_by_upload_key ON files (owner, upload_key) WHERE upload_key IS NOT NULL;
-- What a sweep looks for.
CREATE INDEX files_pending ON files (created_at) WHERE state = 'pending';
CREATE INDEX files_deleting ON files (state, id) WHERE state = 'deleting';
CREATE INDEX files_by_expiry ON files (expires_at) WHERE expires_at IS NOT NULL;

-- The sweep that is under way, if any: one row, which lets the next run go on where the last one ended or died.
CREATE TABLE file_sweeps (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  as_of INTEGER NOT NULL, -- the instant ages are counted from
  position TEXT NOT NULL  -- keys up to this one have been compared
) STRICT;
