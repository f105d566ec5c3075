-- Courses are spread over databases. This one is the directory, which all courses share, and the first shard too: what
-- is here stays here until somebody moves it.
ALTER TABLE courses ADD COLUMN shard TEXT NOT NULL DEFAULT 'DB';
-- Grows with every move. NULL: not placed yet, because nothing was published; nobody can have enrolled then.
ALTER TABLE courses ADD COLUMN shard_generation INTEGER;
UPDATE courses SET shard_generation = 0 WHERE active_version IS NOT NULL;
-- How full each shard is, is asked when a new course is placed.
CREATE INDEX courses_by_shard ON courses (shard);

-- Courses that have been here and are elsewhere now, or are about to be. Nothing of them is written here any more,
-- whatever a writer remembers of where they are.
CREATE TABLE closed_courses (
  course_slug TEXT PRIMARY KEY,
  moved_to TEXT NOT NULL,
  -- The course's generation in the shard it moves to.
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

-- Who is being erased, under the name that every shard knows it by.
CREATE VIEW erasing AS SELECT user_id FROM erasures WHERE user_id IS NOT NULL;
