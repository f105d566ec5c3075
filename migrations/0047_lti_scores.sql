-- Scores of learners for the gradebooks of their platforms (Assignment and Grade Services 2.0).

-- What has changed is noted in the transaction that changes it, in each database of enrollments.
CREATE TABLE lti_changes (
  enrollment_id TEXT PRIMARY KEY,
  seq INTEGER NOT NULL -- goes up with each change: what was told is removed only if nothing has come since
) STRICT, WITHOUT ROWID;
CREATE TRIGGER lti_fact_added AFTER INSERT ON progress WHEN instr(NEW.enrollment_id, ':lti-') > 0
BEGIN
  INSERT INTO lti_changes VALUES (NEW.enrollment_id, 1)
    ON CONFLICT (enrollment_id) DO UPDATE SET seq = seq + 1;
END;
CREATE TRIGGER lti_fact_changed AFTER UPDATE ON progress WHEN instr(NEW.enrollment_id, ':lti-') > 0
BEGIN
  INSERT INTO lti_changes VALUES (NEW.enrollment_id, 1)
    ON CONFLICT (enrollment_id) DO UPDATE SET seq = seq + 1;
END;

-- One column of a gradebook for one learner: made by their launch of its link. It waits while due_at is set.
CREATE TABLE lti_scores (
  platform TEXT NOT NULL,
  deployment TEXT NOT NULL,
  link TEXT NOT NULL, -- id of the resource link
  user_id TEXT NOT NULL,
  subject TEXT NOT NULL, -- who they are there
  course_slug TEXT NOT NULL,
  item TEXT, -- NULL: the whole course
  line_item TEXT NOT NULL, -- its address
  due_at INTEGER, -- when it is sent next; NULL: nothing waits
  attempts INTEGER NOT NULL DEFAULT 0,
  sent TEXT, -- what was sent last
  sent_at INTEGER,
  failed_at INTEGER,
  failure TEXT, -- why the last attempt failed; NULL after one that did not
  PRIMARY KEY (platform, deployment, link, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lti_scores_due ON lti_scores (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lti_scores_by_learner ON lti_scores (user_id, course_slug);
CREATE INDEX lti_scores_by_sent ON lti_scores (platform, sent_at);
CREATE INDEX lti_scores_by_failure ON lti_scores (platform, failed_at) WHERE failure IS NOT NULL;
