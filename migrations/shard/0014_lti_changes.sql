-- Learners of other platforms whose progress has changed and whose platforms do not know yet. The directory's own migration
-- 0049 says more.
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
