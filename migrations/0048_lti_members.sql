-- Courses of platforms whose members are read (Names and Role Provisioning Services 2.0), each with the course here that it is
-- for.
CREATE TABLE lti_contexts (
  platform TEXT NOT NULL,
  deployment TEXT NOT NULL,
  context TEXT NOT NULL,
  course_slug TEXT NOT NULL,
  title TEXT,
  members_url TEXT NOT NULL,
  differences_url TEXT, -- where the platform says what has changed since; NULL: it does not, or all is to be read
  most_removed INTEGER, -- how many may go at the next reading, by hand; NULL: few
  due_at INTEGER NOT NULL, -- when they are read next
  attempts INTEGER NOT NULL DEFAULT 0,
  synced_at INTEGER,
  counts TEXT NOT NULL DEFAULT '{}',
  failed_at INTEGER,
  failure TEXT, -- why the last reading failed; NULL after one that did not
  PRIMARY KEY (platform, deployment, context, course_slug)
) STRICT, WITHOUT ROWID;
CREATE INDEX lti_contexts_due ON lti_contexts (due_at);

-- Who was a member when they were read last: only what differs is carried out.
CREATE TABLE lti_members (
  platform TEXT NOT NULL,
  deployment TEXT NOT NULL,
  context TEXT NOT NULL,
  course_slug TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  place TEXT NOT NULL CHECK (place IN ('learner', 'teacher')),
  PRIMARY KEY (platform, deployment, context, course_slug, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX lti_members_by_user ON lti_members (user_id);
