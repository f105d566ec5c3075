-- What the authors of a course are writing and have not published: one text a course, in parts as the texts of versions are.
-- The row stays when the text is discarded, so that no revision is given twice.
CREATE TABLE course_working_copies (
  course_slug TEXT PRIMARY KEY REFERENCES courses (slug),
  revision INTEGER NOT NULL,
  save_id TEXT NOT NULL, -- which request made this revision: a repetition knows itself
  base_version INTEGER, -- the version that the text began with; NULL: none
  saved_by TEXT NOT NULL,
  saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX course_working_copies_by_writer ON course_working_copies (saved_by);

CREATE TABLE course_working_parts (
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  part INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (course_slug, part)
) STRICT, WITHOUT ROWID;

-- Who has the working copy of a course open. Rows are renewed while the page is open, and removed when they are old.
CREATE TABLE course_writers (
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  user_id TEXT NOT NULL,
  since INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  PRIMARY KEY (course_slug, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX course_writers_by_user ON course_writers (user_id);
