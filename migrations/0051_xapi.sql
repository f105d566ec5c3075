-- Stores of learning records (xAPI), one for a course that has switched its own on.
CREATE TABLE xapi_stores (
  course_slug TEXT PRIMARY KEY REFERENCES courses (slug),
  is_on INTEGER NOT NULL CHECK (is_on IN (0, 1)),
  settings TEXT NOT NULL, -- which statements become which facts; JSON
  kept INTEGER NOT NULL DEFAULT 0, -- statements, about: erased ones are not subtracted
  stored_at INTEGER, -- when the last statement was stored, epoch ms
  refused_at INTEGER,
  refused TEXT, -- why a write was refused last: code and broken rules, JSON; nothing that was sent
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- seq is the order in which statements were stored; stored never goes back as seq grows.
CREATE TABLE xapi_statements (
  course_slug TEXT NOT NULL,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  stored INTEGER NOT NULL, -- epoch ms, of the database's clock
  voids INTEGER NOT NULL CHECK (voids IN (0, 1)), -- whether it is a voiding statement
  voided INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1)),
  ref TEXT, -- the statement that its object refers to
  user_id TEXT, -- its actor, if that is somebody here
  due INTEGER, -- since when a fact of it waits to be recorded, epoch ms; NULL: none does
  outcome TEXT, -- what became of that fact; NULL: it makes none, or has not yet
  body TEXT NOT NULL, -- JSON as it was sent, with what the store has added
  PRIMARY KEY (course_slug, seq)
) STRICT;
CREATE INDEX xapi_statements_due ON xapi_statements (due) WHERE due IS NOT NULL;
CREATE UNIQUE INDEX xapi_statements_by_id ON xapi_statements (course_slug, id);
CREATE INDEX xapi_statements_by_ref ON xapi_statements (course_slug, ref) WHERE ref IS NOT NULL;

-- What statements are found by: 128 bits of the SHA-256 of a kind (agent, verb, activity, …) and a value.
CREATE TABLE xapi_terms (
  course_slug TEXT NOT NULL,
  term TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (course_slug, term, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX xapi_terms_by_statement ON xapi_terms (course_slug, seq);

-- Users whom a statement names, in any place of it.
CREATE TABLE xapi_people (
  user_id TEXT NOT NULL,
  course_slug TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (user_id, course_slug, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX xapi_people_by_statement ON xapi_people (course_slug, seq);

CREATE TABLE xapi_attachments (
  course_slug TEXT NOT NULL,
  seq INTEGER NOT NULL,
  sha2 TEXT NOT NULL,
  content_type TEXT NOT NULL,
  bytes TEXT NOT NULL, -- base64
  PRIMARY KEY (course_slug, seq, sha2)
) STRICT;

-- What is known of activities: the definitions that statements sent, merged.
CREATE TABLE xapi_activities (
  course_slug TEXT NOT NULL,
  id TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (course_slug, id)
) STRICT, WITHOUT ROWID;

-- Documents of state, of profiles of activities and of agents.
CREATE TABLE xapi_documents (
  course_slug TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('state', 'activity', 'agent')),
  activity TEXT NOT NULL, -- empty: none
  agent TEXT NOT NULL, -- the agent's identifier; empty: none
  registration TEXT NOT NULL, -- empty: none
  id TEXT NOT NULL,
  user_id TEXT, -- whose it is, if that is somebody here
  content_type TEXT NOT NULL,
  bytes TEXT NOT NULL, -- base64
  etag TEXT NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (course_slug, kind, activity, agent, registration, id)
) STRICT;
CREATE INDEX xapi_documents_by_user ON xapi_documents (user_id) WHERE user_id IS NOT NULL;
