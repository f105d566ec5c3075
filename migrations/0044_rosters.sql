-- Where rosters of a course come from: files that are sent, an https address, a key of the bucket. A nightly source has an hour.
CREATE TABLE roster_sources (
  course_slug TEXT NOT NULL REFERENCES courses (slug),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('upload', 'https', 'bucket')),
  format TEXT NOT NULL CHECK (format IN ('csv', 'oneroster')),
  address TEXT, -- of https: the address; of bucket: the key below rosters/inbox/<course>/; NULL: files are sent
  secret TEXT, -- the bearer token for the address, encrypted
  hour INTEGER CHECK (hour BETWEEN 0 AND 23), -- UTC; NULL: never by itself
  settings TEXT NOT NULL,
  owner TEXT NOT NULL, -- who set it last: their rights are asked at each run
  role TEXT NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0, -- nightly runs that failed one after the other
  due_at INTEGER, -- when it runs next by itself, epoch ms
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (course_slug, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_sources_due ON roster_sources (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX roster_sources_failing ON roster_sources (failures) WHERE failures > 1;
CREATE INDEX roster_sources_by_owner ON roster_sources (owner);

-- Runs of them. The file, the plan and the preview of a run are in the bucket for a week.
CREATE TABLE roster_runs (
  id TEXT PRIMARY KEY,
  course_slug TEXT NOT NULL,
  source TEXT NOT NULL,
  begun TEXT NOT NULL CHECK (begun IN ('sent', 'asked', 'nightly')),
  file_name TEXT NOT NULL,
  owner TEXT NOT NULL,
  role TEXT NOT NULL,
  request_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'reading', 'planned', 'confirmed', 'applying', 'done', 'failed', 'replaced')),
  held INTEGER NOT NULL DEFAULT 1, -- 0: the bucket has nothing of it any more
  total INTEGER NOT NULL DEFAULT 0, -- acts
  applied INTEGER NOT NULL DEFAULT 0,
  counts TEXT NOT NULL DEFAULT '{}',
  errors TEXT NOT NULL DEFAULT '[]',
  attempts INTEGER NOT NULL DEFAULT 0,
  lease TEXT,
  due_at INTEGER NOT NULL DEFAULT 0,
  asked_at INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  finished_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_runs_by_course ON roster_runs (course_slug, created_at, id);
CREATE INDEX roster_runs_waiting ON roster_runs (due_at) WHERE state IN ('queued', 'reading', 'confirmed', 'applying');
CREATE INDEX roster_runs_by_owner ON roster_runs (owner, created_at, id);
CREATE INDEX roster_runs_by_age ON roster_runs (created_at);

-- What a source said last about people, by their ids in the other system: a later file may hold changes only.
CREATE TABLE roster_people (
  course_slug TEXT NOT NULL,
  source TEXT NOT NULL,
  person TEXT NOT NULL,
  said TEXT NOT NULL,
  user_id TEXT, -- NULL: not matched yet
  learner TEXT, -- cohorts asked for by the last run, as JSON; NULL: no learner
  PRIMARY KEY (course_slug, source, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_people_by_user ON roster_people (user_id) WHERE user_id IS NOT NULL;

-- Rights that a source gave: it takes no others away.
CREATE TABLE roster_grants (
  course_slug TEXT NOT NULL,
  source TEXT NOT NULL,
  user_id TEXT NOT NULL,
  learner_id TEXT NOT NULL, -- whom they observe; empty: they are a member
  PRIMARY KEY (course_slug, source, user_id, learner_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_grants_by_user ON roster_grants (user_id);
CREATE INDEX roster_grants_by_learner ON roster_grants (learner_id);
