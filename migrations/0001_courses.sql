-- Courses and their immutable versions. Instants are epoch milliseconds, UTC.
CREATE TABLE courses (
  slug TEXT PRIMARY KEY,
  owner_id TEXT NOT NULL,
  title TEXT NOT NULL,
  -- The pointer. `activation` only grows, so an object can tell an older pointer from a newer one even when an older
  -- version is activated again.
  active_version INTEGER,
  activation INTEGER NOT NULL DEFAULT 0,
  -- The latest activation that relocked: an object that skipped it must still relock.
  last_relock INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE course_versions (
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  version INTEGER NOT NULL,
  -- SHA-256 of the canonical document; also its key in R2.
  sha256 TEXT NOT NULL,
  note TEXT,
  chapter_count INTEGER NOT NULL,
  problem_count INTEGER NOT NULL,
  warnings TEXT NOT NULL DEFAULT '[]',
  published_by TEXT NOT NULL,
  published_at INTEGER NOT NULL,
  PRIMARY KEY (course_slug, version)
) WITHOUT ROWID;

-- Every move of the pointer, kept for "which version applied then?".
CREATE TABLE course_activations (
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  activation INTEGER NOT NULL,
  version INTEGER NOT NULL,
  policy TEXT NOT NULL CHECK (policy IN ('grandfather', 'relock')),
  activated_by TEXT NOT NULL,
  activated_at INTEGER NOT NULL,
  PRIMARY KEY (course_slug, activation)
) WITHOUT ROWID;

-- The outline as JSON text, cut into parts because one D1 row holds at most 2 MB.
CREATE TABLE course_outlines (
  course_slug TEXT NOT NULL,
  version INTEGER NOT NULL,
  part INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (course_slug, version, part),
  FOREIGN KEY (course_slug, version) REFERENCES course_versions (course_slug, version)
);

-- Markdown of one item of one version, read one row at a time when a learner opens it.
CREATE TABLE course_contents (
  course_slug TEXT NOT NULL,
  version INTEGER NOT NULL,
  item_id TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (course_slug, version, item_id),
  FOREIGN KEY (course_slug, version) REFERENCES course_versions (course_slug, version)
);
