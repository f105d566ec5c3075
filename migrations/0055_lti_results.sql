-- Results that teachers give in the gradebook of a platform come in as facts (Assignment and Grade Services 2.0, Result service).
-- Where the columns of the gradebook are listed; NULL: the platform has not said.
ALTER TABLE lti_contexts ADD COLUMN columns_url TEXT;
-- JSON: the columns that it listed last.
ALTER TABLE lti_contexts ADD COLUMN line_items TEXT NOT NULL DEFAULT '[]';
-- JSON: which column is read for which item. An operator says it.
ALTER TABLE lti_contexts ADD COLUMN results TEXT NOT NULL DEFAULT '[]';
-- When they are read next; NULL: not by themselves.
ALTER TABLE lti_contexts ADD COLUMN results_due_at INTEGER;
ALTER TABLE lti_contexts ADD COLUMN results_attempts INTEGER NOT NULL DEFAULT 0;
-- JSON: how far the reading is, and how it went with each column.
ALTER TABLE lti_contexts ADD COLUMN results_state TEXT NOT NULL DEFAULT '{}';
-- JSON: some of whom the gradebook has and nobody here knows, by their ids at the platform.
ALTER TABLE lti_contexts ADD COLUMN results_unknown TEXT NOT NULL DEFAULT '[]';
ALTER TABLE lti_contexts ADD COLUMN results_read_at INTEGER;
ALTER TABLE lti_contexts ADD COLUMN results_failed_at INTEGER;
-- Why the last reading failed; NULL after one that did not.
ALTER TABLE lti_contexts ADD COLUMN results_failure TEXT;
CREATE INDEX lti_contexts_results_due ON lti_contexts (results_due_at) WHERE results_due_at IS NOT NULL;

-- JSON: percentages that were sent, the newest last. What comes back from the gradebook and is one of them is no news.
ALTER TABLE lti_scores ADD COLUMN given TEXT NOT NULL DEFAULT '[]';

-- What a gradebook said last, so that only what differs is told.
CREATE TABLE lti_results (
  platform TEXT NOT NULL,
  deployment TEXT NOT NULL,
  context TEXT NOT NULL,
  course_slug TEXT NOT NULL,
  line_item TEXT NOT NULL,
  subject TEXT NOT NULL,
  user_id TEXT NOT NULL,
  said TEXT NOT NULL, -- for which item, and the percentage
  told_at INTEGER, -- when it was read, which is the instant of its fact; NULL: it was our own score, and made no fact
  PRIMARY KEY (platform, deployment, context, course_slug, line_item, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX lti_results_by_user ON lti_results (user_id);
