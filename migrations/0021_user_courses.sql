-- Which courses to ask for something of a user: enrollments are spread over databases. Written before an enrollment is,
-- and removed long after it: there may be a row too many, and never one too few.
CREATE TABLE user_courses (
  user_id TEXT NOT NULL,
  course_slug TEXT NOT NULL,
  -- When somebody last asked to enroll the user: a clean-up leaves what is recent.
  asked_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, course_slug)
) STRICT, WITHOUT ROWID;
INSERT INTO user_courses (user_id, course_slug, asked_at) SELECT user_id, course_slug, asked_at FROM enrollments;

-- The release before this one still registers people meanwhile, and knows of no index.
CREATE TRIGGER enrollments_known AFTER INSERT ON enrollments BEGIN
  INSERT INTO user_courses (user_id, course_slug, asked_at) VALUES (NEW.user_id, NEW.course_slug, NEW.asked_at)
  ON CONFLICT DO NOTHING;
END;
