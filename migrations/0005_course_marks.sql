-- Courses whose enrollments are still to be marked stale. Publishing writes one row here, in the batch that moves the
-- pointer, however many learners the course has; the queue and the minute cron carry the marks out page by page.
CREATE TABLE course_marks (
  course_slug TEXT PRIMARY KEY REFERENCES courses (slug),
  reason TEXT NOT NULL,
  -- Grows with every request: marking then starts again from the first learner.
  generation INTEGER NOT NULL DEFAULT 1,
  -- Learners up to this user id are marked.
  marked_up_to TEXT NOT NULL DEFAULT '',
  requested_at INTEGER NOT NULL
) WITHOUT ROWID;
