-- What this shard has to do with a move of a course, and had. A row stays when the move is over: a late step of it is known by it.
CREATE TABLE moving_courses (
  course_slug TEXT PRIMARY KEY,
  -- The course's generation in the shard it moves to: which move it is.
  generation INTEGER NOT NULL,
  -- The newest step of the move that has come here: what an older one still sends is refused.
  step INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('leaving', 'left', 'arriving', 'arrived')),
  -- Grows with every note.
  noted INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Enrollments that changed while their course is copied to another shard. What is noted again has a greater number.
CREATE TABLE moving_changes (
  course_slug TEXT NOT NULL,
  enrollment_id TEXT NOT NULL,
  noted INTEGER NOT NULL,
  PRIMARY KEY (course_slug, enrollment_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX moving_changes_by_number ON moving_changes (course_slug, noted);

-- How a trigger makes a note.
CREATE VIEW course_notes AS SELECT course_slug, enrollment_id FROM moving_changes;
CREATE TRIGGER course_notes_made INSTEAD OF INSERT ON course_notes BEGIN
  UPDATE moving_courses SET noted = noted + 1 WHERE course_slug = NEW.course_slug;
  INSERT INTO moving_changes (course_slug, enrollment_id, noted)
  SELECT NEW.course_slug, NEW.enrollment_id, noted FROM moving_courses WHERE course_slug = NEW.course_slug
  ON CONFLICT (course_slug, enrollment_id) DO UPDATE SET noted = excluded.noted;
END;

CREATE TRIGGER enrollments_moving_insert AFTER INSERT ON enrollments
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = NEW.course_slug AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (NEW.course_slug, NEW.id);
END;
CREATE TRIGGER enrollments_moving_update AFTER UPDATE ON enrollments
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = NEW.course_slug AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (NEW.course_slug, NEW.id);
END;
CREATE TRIGGER enrollments_moving_delete AFTER DELETE ON enrollments
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = OLD.course_slug AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (OLD.course_slug, OLD.id);
END;
CREATE TRIGGER freshness_moving_insert AFTER INSERT ON freshness
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = NEW.course_slug AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (NEW.course_slug, NEW.course_slug || ':' || NEW.user_id);
END;
CREATE TRIGGER freshness_moving_update AFTER UPDATE ON freshness
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = NEW.course_slug AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (NEW.course_slug, NEW.course_slug || ':' || NEW.user_id);
END;
CREATE TRIGGER freshness_moving_delete AFTER DELETE ON freshness
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = OLD.course_slug AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (OLD.course_slug, OLD.course_slug || ':' || OLD.user_id);
END;
CREATE TRIGGER progress_moving_insert AFTER INSERT ON progress
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER progress_moving_update AFTER UPDATE ON progress
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER progress_moving_delete AFTER DELETE ON progress
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1), OLD.enrollment_id);
END;
CREATE TRIGGER submissions_moving_insert AFTER INSERT ON submissions
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER submissions_moving_update AFTER UPDATE ON submissions
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER submissions_moving_delete AFTER DELETE ON submissions
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1), OLD.enrollment_id);
END;
CREATE TRIGGER unlock_events_moving_insert AFTER INSERT ON unlock_events
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER unlock_events_moving_update AFTER UPDATE ON unlock_events
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER unlock_events_moving_delete AFTER DELETE ON unlock_events
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1), OLD.enrollment_id);
END;
CREATE TRIGGER divergences_moving_insert AFTER INSERT ON divergences
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER divergences_moving_update AFTER UPDATE ON divergences
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(NEW.enrollment_id, 1, instr(NEW.enrollment_id, ':') - 1), NEW.enrollment_id);
END;
CREATE TRIGGER divergences_moving_delete AFTER DELETE ON divergences
WHEN EXISTS (SELECT 1 FROM moving_courses WHERE course_slug = substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1) AND state = 'leaving') BEGIN
  INSERT INTO course_notes (course_slug, enrollment_id) VALUES (substr(OLD.enrollment_id, 1, instr(OLD.enrollment_id, ':') - 1), OLD.enrollment_id);
END;

-- An update that finds no row fires no trigger. A writer names its courses here first, and is refused where one has left.
CREATE VIEW course_writes AS SELECT course_slug FROM closed_courses;
CREATE TRIGGER course_writes_refused INSTEAD OF INSERT ON course_writes
WHEN EXISTS (SELECT 1 FROM closed_courses WHERE course_slug = NEW.course_slug) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
