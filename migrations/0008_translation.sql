-- Translation sessions and their tasks, as the journal objects have stored them (write-behind). `body` is the record as
-- its writer sent it; the columns are what lists filter and sort by.
CREATE TABLE translation_sessions (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  status TEXT NOT NULL,
  source_language TEXT NOT NULL,
  target_language TEXT NOT NULL,
  total_tasks INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX translation_sessions_by_owner_created ON translation_sessions (owner, created_at, id);
CREATE INDEX translation_sessions_by_owner_updated ON translation_sessions (owner, updated_at, id);
CREATE INDEX translation_sessions_by_status ON translation_sessions (status, updated_at, id);
CREATE INDEX translation_sessions_by_updated ON translation_sessions (updated_at, id);
CREATE INDEX translation_sessions_by_created ON translation_sessions (created_at, id);
CREATE INDEX translation_sessions_by_expiry ON translation_sessions (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE translation_tasks (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER,
  session_id TEXT NOT NULL,
  status TEXT NOT NULL,
  position INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX translation_tasks_by_session ON translation_tasks (session_id, position, id);
CREATE INDEX translation_tasks_by_session_status ON translation_tasks (session_id, status, position, id);
CREATE INDEX translation_tasks_by_owner_updated ON translation_tasks (owner, updated_at, id);
CREATE INDEX translation_tasks_by_updated ON translation_tasks (updated_at, id);
