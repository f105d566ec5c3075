-- The registry of enrollments, and the mirror of what each enrollment object last projected. The object is the single
-- writer of facts; these rows are written from its outbox, guarded by its sequences, and never the other way round
-- except to rebuild a lost object.
CREATE TABLE enrollments (
  id TEXT PRIMARY KEY,
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  user_id TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'withdrawn')),
  enrolled_at INTEGER NOT NULL,
  withdrawn_at INTEGER,

  -- {cohorts, practice_mode, overrides}, as of policy_seq.
  policy TEXT NOT NULL DEFAULT '{"cohorts":[],"practice_mode":false,"overrides":[]}',
  -- Ids of the items kept open (sticky or grandfathered), and of those the rules opened, as of version. `earned` is
  -- empty in sticky courses, where it would equal `kept`; elsewhere a grandfathering publish needs it.
  kept TEXT NOT NULL DEFAULT '[]',
  earned TEXT NOT NULL DEFAULT '[]',

  -- The snapshot's freshness tuple and summary, as projected.
  version INTEGER NOT NULL DEFAULT 0,
  progress_seq INTEGER NOT NULL DEFAULT 0,
  policy_seq INTEGER NOT NULL DEFAULT 0,
  course_version INTEGER NOT NULL DEFAULT 0,
  activation INTEGER NOT NULL DEFAULT 0,
  engine INTEGER NOT NULL DEFAULT 0,
  valid_until INTEGER,
  computed_at INTEGER,
  open_count INTEGER NOT NULL DEFAULT 0,
  completed_count INTEGER NOT NULL DEFAULT 0,
  item_count INTEGER NOT NULL DEFAULT 0,
  last_active_at INTEGER NOT NULL DEFAULT 0,

  -- The stale mark. `stale_mark` grows with every marking; a refresh clears the mark only with the number it read.
  is_stale INTEGER NOT NULL DEFAULT 0,
  stale_reason TEXT,
  stale_scope TEXT CHECK (stale_scope IN ('course', 'problems')),
  stale_since INTEGER,
  stale_mark INTEGER NOT NULL DEFAULT 0,
  -- A sweep takes an enrollment until this instant, so that the next sweep does not enqueue it again.
  leased_until INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX enrollments_by_course ON enrollments (course_slug, status, user_id);
CREATE INDEX enrollments_by_user ON enrollments (user_id, course_slug);
CREATE INDEX enrollments_stale ON enrollments (stale_scope, stale_since) WHERE is_stale = 1;
CREATE INDEX enrollments_expiring ON enrollments (valid_until)
  WHERE status = 'active' AND is_stale = 0 AND valid_until IS NOT NULL;
CREATE INDEX enrollments_recent ON enrollments (course_slug, last_active_at);
CREATE INDEX enrollments_by_engine ON enrollments (engine);
CREATE INDEX enrollments_withdrawn ON enrollments (withdrawn_at) WHERE status = 'withdrawn';

-- One row per item a learner has touched. `seq` is the object's progress_seq that last changed it.
CREATE TABLE progress (
  enrollment_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  attempted_at INTEGER,
  completed_at INTEGER,
  best_score REAL,
  revoked_at INTEGER,
  seq INTEGER NOT NULL,
  PRIMARY KEY (enrollment_id, item_id)
) WITHOUT ROWID;

CREATE TABLE submissions (
  id TEXT PRIMARY KEY,
  enrollment_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  answer TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'passed', 'failed')),
  score REAL,
  feedback TEXT,
  submitted_at INTEGER NOT NULL,
  judged_at INTEGER
) WITHOUT ROWID;
CREATE INDEX submissions_pending ON submissions (submitted_at, id) WHERE status = 'pending';
CREATE INDEX submissions_by_enrollment ON submissions (enrollment_id);

-- What was announced: one row per snapshot version that opened or locked something. The primary key is what makes a
-- second delivery of the same announcement harmless.
CREATE TABLE unlock_events (
  enrollment_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  unlocked TEXT NOT NULL,
  locked TEXT NOT NULL,
  cause TEXT NOT NULL,
  announced_at INTEGER NOT NULL,
  PRIMARY KEY (enrollment_id, version)
) WITHOUT ROWID;
CREATE INDEX unlock_events_by_age ON unlock_events (announced_at);
