-- What changed in this shard since the last backup. What each table is for, and why, says the directory's own migration
-- 0019; the tables of a restore are in the directory alone.
CREATE TABLE backup_epochs (epoch INTEGER PRIMARY KEY, backup TEXT NOT NULL) STRICT;
INSERT INTO backup_epochs (epoch, backup) VALUES (0, '');

CREATE TABLE backup_changes (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (kind, key, epoch)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER backup_enrollment_added AFTER INSERT ON enrollments
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasing WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'enrollments', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_enrollment_changed AFTER UPDATE ON enrollments
WHEN NEW.last_active_at = OLD.last_active_at
  AND (NEW.version, NEW.progress_seq, NEW.policy_seq, NEW.status, NEW.enrolled_at, NEW.stale_mark, NEW.is_stale,
       NEW.reached_activation, NEW.asked_at, coalesce(NEW.computed_at, 0), coalesce(NEW.withdrawn_at, 0))
    <> (OLD.version, OLD.progress_seq, OLD.policy_seq, OLD.status, OLD.enrolled_at, OLD.stale_mark, OLD.is_stale,
       OLD.reached_activation, OLD.asked_at, coalesce(OLD.computed_at, 0), coalesce(OLD.withdrawn_at, 0))
  AND (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasing WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'enrollments', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_enrollment_removed AFTER DELETE ON enrollments
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasing WHERE user_id = OLD.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'enrollments', OLD.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
-- A verdict may change nothing else.
CREATE TRIGGER backup_submission_judged AFTER UPDATE ON submissions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
BEGIN
  INSERT INTO backup_changes SELECT 'enrollments', NEW.enrollment_id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
