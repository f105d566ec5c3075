-- A shard holds what is large and of one course: enrollments and the mirror of what their objects projected. Everything
-- else is in the directory (the folder above), and is missing here on purpose: a statement that was sent to the wrong
-- database fails instead of finding nothing. Columns, and their order, are those of the directory's own tables, which
-- say what each is for.
CREATE TABLE enrollments (
  id TEXT PRIMARY KEY,
  course_slug TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'withdrawn')),
  enrolled_at INTEGER NOT NULL,
  withdrawn_at INTEGER,
  policy TEXT NOT NULL DEFAULT '{"cohorts":[],"practice_mode":false,"overrides":[]}',
  kept TEXT NOT NULL DEFAULT '[]',
  earned TEXT NOT NULL DEFAULT '[]',
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
  is_stale INTEGER NOT NULL DEFAULT 0,
  stale_reason TEXT,
  stale_scope TEXT CHECK (stale_scope IN ('course', 'problems')),
  stale_since INTEGER,
  stale_mark INTEGER NOT NULL DEFAULT 0,
  leased_until INTEGER NOT NULL DEFAULT 0,
  reached_activation INTEGER NOT NULL DEFAULT 0,
  asked_at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE INDEX enrollments_by_course ON enrollments (course_slug, status, user_id);
CREATE INDEX enrollments_by_user ON enrollments (user_id, course_slug);
CREATE INDEX enrollments_stale ON enrollments (stale_scope, stale_since) WHERE is_stale = 1;
CREATE INDEX enrollments_expiring ON enrollments (valid_until)
  WHERE status = 'active' AND is_stale = 0 AND valid_until IS NOT NULL;
CREATE INDEX enrollments_recent ON enrollments (course_slug, last_active_at);
CREATE INDEX enrollments_by_engine ON enrollments (engine);
CREATE INDEX enrollments_withdrawn ON enrollments (withdrawn_at) WHERE status = 'withdrawn';

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

CREATE TABLE divergences (
  id TEXT PRIMARY KEY,
  enrollment_id TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  differences TEXT NOT NULL,
  detected_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX divergences_by_age ON divergences (detected_at);
CREATE INDEX divergences_by_enrollment ON divergences (enrollment_id);

-- Whether the database takes writes can only be told by writing: one row, for ever.
CREATE TABLE write_probes (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  written_at INTEGER NOT NULL
) STRICT;

-- Who is being erased, for as long as that takes. The directory knows it from its erasures; here an erasure notes it
-- before it removes anything, so that what was read earlier is not written afterwards.
CREATE TABLE erasing (
  user_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Courses that have been here and are elsewhere now, or are about to be.
CREATE TABLE closed_courses (
  course_slug TEXT PRIMARY KEY,
  moved_to TEXT NOT NULL,
  generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the marking of a course has come in this database: a page that comes twice is marked once.
CREATE TABLE mark_fences (
  course_slug TEXT PRIMARY KEY,
  -- Which marking: that of course_marks with this request and generation.
  requested_at INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  marked_up_to TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER enrollments_closed_insert BEFORE INSERT ON enrollments
WHEN EXISTS (SELECT 1 FROM closed_courses WHERE course_slug = NEW.course_slug) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER enrollments_closed_update BEFORE UPDATE ON enrollments
WHEN EXISTS (SELECT 1 FROM closed_courses WHERE course_slug = NEW.course_slug) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER progress_closed_insert BEFORE INSERT ON progress
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER progress_closed_update BEFORE UPDATE ON progress
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER submissions_closed_insert BEFORE INSERT ON submissions
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER submissions_closed_update BEFORE UPDATE ON submissions
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER unlock_events_closed_insert BEFORE INSERT ON unlock_events
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER unlock_events_closed_update BEFORE UPDATE ON unlock_events
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER divergences_closed_insert BEFORE INSERT ON divergences
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER divergences_closed_update BEFORE UPDATE ON divergences
WHEN EXISTS (
  SELECT 1 FROM closed_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1)
) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
