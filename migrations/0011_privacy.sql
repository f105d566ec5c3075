-- Users who were erased, by the SHA-256 of their id: the id itself is gone with them. Such an id is never given out again,
-- and whatever still arrives for it is thrown away.
CREATE TABLE tombstones (
  subject TEXT PRIMARY KEY,
  erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each erasure is. A row is taken up again until it is done, so a crash at any point costs time only.
CREATE TABLE erasures (
  subject TEXT PRIMARY KEY,
  -- Needed to find what is left; NULL as soon as nothing is.
  user_id TEXT,
  -- The admin who asked for it; NULL: the user.
  requested_by TEXT,
  requested_at INTEGER NOT NULL,
  -- running: the first pass. settling: waits for what was under way then, and makes a second. done: nothing is left.
  state TEXT NOT NULL CHECK (state IN ('running', 'settling', 'done')),
  -- Name of the source that is erased next.
  step TEXT NOT NULL,
  -- When it is taken up next; while somebody works on it, when that is taken for dead.
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_due ON erasures (due_at) WHERE state <> 'done';

CREATE INDEX divergences_by_enrollment ON divergences (enrollment_id);
CREATE INDEX users_by_role ON users (role, id);
CREATE INDEX users_banned ON users (id) WHERE banned = 1;
CREATE INDEX courses_by_owner ON courses (owner_id);
CREATE INDEX course_versions_by_publisher ON course_versions (published_by);
CREATE INDEX course_activations_by_actor ON course_activations (activated_by);
CREATE INDEX erasures_by_requester ON erasures (requested_by) WHERE requested_by IS NOT NULL;
