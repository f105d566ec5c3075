-- What the sweeps look at and write, apart from the rows that hold a whole mirror. What each trigger is for says the
-- directory's own migration 0023.
CREATE TABLE freshness (
  course_slug TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'withdrawn')),
  reached_activation INTEGER NOT NULL DEFAULT 0,
  engine INTEGER NOT NULL DEFAULT 0,
  valid_until INTEGER,
  is_stale INTEGER NOT NULL DEFAULT 0,
  stale_reason TEXT,
  stale_scope TEXT CHECK (stale_scope IN ('course', 'problems')),
  stale_since INTEGER,
  stale_mark INTEGER NOT NULL DEFAULT 0,
  leased_until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (course_slug, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX freshness_stale ON freshness (stale_scope, stale_since) WHERE is_stale = 1;
CREATE INDEX freshness_expiring ON freshness (valid_until) WHERE status = 'active' AND valid_until IS NOT NULL;
CREATE INDEX freshness_by_engine ON freshness (engine);

INSERT INTO freshness
SELECT course_slug, user_id, status, max(activation, reached_activation), engine, valid_until, is_stale, stale_reason,
  stale_scope, stale_since, stale_mark, leased_until
FROM enrollments;

CREATE TRIGGER freshness_added AFTER INSERT ON enrollments BEGIN
  INSERT INTO freshness (course_slug, user_id, status, reached_activation, engine, valid_until, is_stale, stale_reason,
    stale_scope, stale_since, stale_mark, leased_until)
  VALUES (NEW.course_slug, NEW.user_id, NEW.status, max(NEW.activation, NEW.reached_activation), NEW.engine,
    NEW.valid_until, NEW.is_stale, NEW.stale_reason, NEW.stale_scope, NEW.stale_since, NEW.stale_mark, NEW.leased_until)
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER freshness_removed AFTER DELETE ON enrollments BEGIN
  DELETE FROM freshness WHERE course_slug = OLD.course_slug AND user_id = OLD.user_id;
END;
CREATE TRIGGER freshness_followed
AFTER UPDATE OF status, engine, valid_until, activation, reached_activation ON enrollments
WHEN NEW.status <> OLD.status OR NEW.engine <> OLD.engine OR NEW.valid_until IS NOT OLD.valid_until
  OR NEW.activation <> OLD.activation OR NEW.reached_activation <> OLD.reached_activation
BEGIN
  UPDATE freshness SET status = NEW.status, engine = NEW.engine, valid_until = NEW.valid_until,
    reached_activation = max(reached_activation, NEW.activation, NEW.reached_activation)
  WHERE course_slug = NEW.course_slug AND user_id = NEW.user_id;
END;
CREATE TRIGGER freshness_overtaken AFTER UPDATE OF version ON enrollments
WHEN NEW.version <> OLD.version AND EXISTS (
  SELECT 1 FROM freshness WHERE course_slug = NEW.course_slug AND user_id = NEW.user_id
    AND reached_activation > max(NEW.activation, NEW.reached_activation))
BEGIN
  UPDATE freshness SET reached_activation = max(NEW.activation, NEW.reached_activation), engine = NEW.engine,
    valid_until = NEW.valid_until, is_stale = 1, stale_reason = coalesce(stale_reason, 'publish'), stale_scope = 'course',
    stale_since = coalesce(stale_since, NEW.computed_at), stale_mark = stale_mark + 1, leased_until = 0
  WHERE course_slug = NEW.course_slug AND user_id = NEW.user_id;
END;
CREATE TRIGGER freshness_marked AFTER UPDATE OF stale_mark ON enrollments WHEN NEW.stale_mark <> OLD.stale_mark BEGIN
  UPDATE freshness SET is_stale = 1, stale_reason = NEW.stale_reason, stale_scope = NEW.stale_scope,
    stale_since = coalesce(stale_since, NEW.stale_since), stale_mark = stale_mark + 1, leased_until = 0
  WHERE course_slug = NEW.course_slug AND user_id = NEW.user_id;
END;

CREATE TRIGGER freshness_closed_insert BEFORE INSERT ON freshness
WHEN EXISTS (SELECT 1 FROM closed_courses WHERE course_slug = NEW.course_slug) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
CREATE TRIGGER freshness_closed_update BEFORE UPDATE ON freshness
WHEN EXISTS (SELECT 1 FROM closed_courses WHERE course_slug = NEW.course_slug) BEGIN
  SELECT RAISE(ABORT, 'course_moved');
END;
