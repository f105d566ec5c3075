-- People and groups that a directory sends (SCIM 2.0), and what groups mean here. Instants are epoch milliseconds, UTC.
CREATE TABLE scim_users (
  user_id TEXT PRIMARY KEY,
  user_name TEXT NOT NULL UNIQUE, -- lower case
  external_id TEXT,
  active INTEGER NOT NULL,
  doc TEXT NOT NULL, -- JSON: what the directory sent, as far as it is kept
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX scim_users_by_external ON scim_users (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX scim_users_by_age ON scim_users (created_at, user_id);

CREATE TABLE scim_groups (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  external_id TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX scim_groups_by_external ON scim_groups (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX scim_groups_by_age ON scim_groups (created_at, id);

CREATE TABLE scim_members (
  group_id TEXT NOT NULL REFERENCES scim_groups (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX scim_members_by_user ON scim_members (user_id, group_id);

-- What a group of a source means: a place in a course. The source is `scim`, or the name of an identity provider.
CREATE TABLE group_rules (
  source TEXT NOT NULL,
  group_name TEXT NOT NULL,
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  role TEXT NOT NULL, -- learner, or what a member of the course is
  cohort TEXT, -- of learners; NULL: none
  PRIMARY KEY (source, group_name, course_slug)
) STRICT, WITHOUT ROWID;

-- Places that were given by such rules: no other is taken away.
CREATE TABLE group_places (
  source TEXT NOT NULL,
  user_id TEXT NOT NULL,
  course_slug TEXT NOT NULL,
  learner TEXT, -- JSON: the cohorts; NULL: no learner by this
  enrolled INTEGER NOT NULL, -- 1: it was this that enrolled them
  member TEXT, -- what they are in the course; NULL: nothing by this
  PRIMARY KEY (source, user_id, course_slug)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_places_by_user ON group_places (user_id, source);

-- Whose places have to be looked at.
CREATE TABLE group_due (
  source TEXT NOT NULL,
  user_id TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  changes INTEGER NOT NULL DEFAULT 1, -- counts what has happened: whoever looked at an older count has not seen all
  leased_until INTEGER NOT NULL DEFAULT 0, -- somebody looks at them until then, and nobody else does
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (source, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_due_by_time ON group_due (source, due_at);
CREATE INDEX group_due_by_user ON group_due (user_id);

-- When a source last said something, and what last went wrong.
CREATE TABLE group_notes (
  source TEXT PRIMARY KEY,
  synced_at INTEGER,
  failed_at INTEGER,
  failure TEXT
) STRICT, WITHOUT ROWID;
