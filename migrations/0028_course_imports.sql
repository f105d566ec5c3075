-- Imports of courses: archives that were uploaded, and what became of each. A row is written before its archive and
-- removed after it, so whatever dies in between leaves a row that says what to clean up. Archive and report lie in the
-- bucket DOCUMENTS, under `imports/<id>/`.
CREATE TABLE course_imports (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  role TEXT NOT NULL, -- the owner's, when the archive was uploaded
  request_id TEXT NOT NULL, -- of the upload
  upload_key TEXT, -- the Idempotency-Key of the upload
  format TEXT NOT NULL,
  course_slug TEXT NOT NULL,
  name TEXT NOT NULL, -- of the archive, as people see it
  size INTEGER NOT NULL,
  sha256 TEXT, -- hex; NULL: the archive has not arrived
  state TEXT NOT NULL, -- receiving, queued, reading, checking, done, failed
  held INTEGER NOT NULL DEFAULT 1, -- whether archive and report are still kept
  bytes_read INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  lease TEXT, -- of the worker that has the job
  due_at INTEGER NOT NULL DEFAULT 0, -- nobody takes the job before: its worker has it, or failed a moment ago
  asked_at INTEGER NOT NULL DEFAULT 0, -- when a message last asked for it; 0: since then a worker had it
  announced INTEGER NOT NULL DEFAULT 0, -- whether its owner was told how it ended
  reported INTEGER NOT NULL DEFAULT 0, -- whether there is a report
  version INTEGER, -- the draft
  counts TEXT, -- JSON: exact, approximated, unmapped
  errors TEXT NOT NULL DEFAULT '[]', -- JSON: why it failed, or why the last attempt did
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX course_imports_by_owner ON course_imports (owner, created_at, id);
CREATE INDEX course_imports_by_time ON course_imports (created_at, id);
CREATE UNIQUE INDEX course_imports_by_upload_key ON course_imports (owner, upload_key) WHERE upload_key IS NOT NULL;
-- What an owner has here, counted from the index alone.
CREATE INDEX course_imports_room ON course_imports (owner, state, size) WHERE held = 1;
-- What waits for somebody: a job for its worker, an owner for the news.
CREATE INDEX course_imports_waiting ON course_imports (due_at) WHERE announced = 0 AND state <> 'receiving';
-- What the night looks for.
CREATE INDEX course_imports_receiving ON course_imports (created_at) WHERE state = 'receiving';
CREATE INDEX course_imports_held ON course_imports (created_at) WHERE held = 1;
