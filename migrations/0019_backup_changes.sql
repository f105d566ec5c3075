-- What changed since the last backup, so that the next one copies that and nothing else.

-- Backups that were begun, each with the number of the time that began with it. Changes are noted under the newest number.
-- 0: no backup was begun here yet, and nothing is noted: the first one copies everything.
CREATE TABLE backup_epochs (epoch INTEGER PRIMARY KEY, backup TEXT NOT NULL) STRICT;
INSERT INTO backup_epochs (epoch, backup) VALUES (0, '');

-- Rows that were inserted, changed or removed, each once in an epoch. A key of the kind `enrollments` stands for everything
-- of that enrollment: its object, and its rows in every table.
CREATE TABLE backup_changes (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (kind, key, epoch)
) STRICT, WITHOUT ROWID;

-- While a backup is restored: which keys a later backup of the chain has something newer of. Empty at all other times.
CREATE TABLE restore_superseded (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  link INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Whoever is being erased is in nothing that is noted: a restore erases them again by the list of erasures.
--
-- What a learner does moves last_active_at, which has an index by course: a backup finds it there, and nothing is written
-- here for it. Here are the changes of another kind: by staff, by a date, by a publish.
CREATE TRIGGER backup_enrollment_added AFTER INSERT ON enrollments
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
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
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'enrollments', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_enrollment_removed AFTER DELETE ON enrollments
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.user_id)
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

-- Content of a version never changes.
CREATE TRIGGER backup_version_added AFTER INSERT ON course_versions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
BEGIN
  INSERT INTO backup_changes
  SELECT 'course_versions', NEW.course_slug || '@' || NEW.version, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;

-- Rows of users
CREATE TRIGGER backup_users_added AFTER INSERT ON users
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_users_changed AFTER UPDATE ON users
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_users_removed AFTER DELETE ON users
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.id)
BEGIN
  INSERT INTO backup_changes SELECT 'users', OLD.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;

-- Rows of accounts
CREATE TRIGGER backup_accounts_added AFTER INSERT ON accounts
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'accounts', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_accounts_changed AFTER UPDATE ON accounts
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'accounts', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_accounts_removed AFTER DELETE ON accounts
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'accounts', OLD.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;

-- Rows of files
CREATE TRIGGER backup_files_added AFTER INSERT ON files
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'files', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_files_changed AFTER UPDATE ON files
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'files', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_files_removed AFTER DELETE ON files
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'files', OLD.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;

-- Rows of translation_sessions
CREATE TRIGGER backup_translation_sessions_added AFTER INSERT ON translation_sessions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'translation_sessions', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_translation_sessions_changed AFTER UPDATE ON translation_sessions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'translation_sessions', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_translation_sessions_removed AFTER DELETE ON translation_sessions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'translation_sessions', OLD.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;

-- Rows of translation_tasks
CREATE TRIGGER backup_translation_tasks_added AFTER INSERT ON translation_tasks
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'translation_tasks', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_translation_tasks_changed AFTER UPDATE ON translation_tasks
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'translation_tasks', NEW.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_translation_tasks_removed AFTER DELETE ON translation_tasks
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.owner)
BEGIN
  INSERT INTO backup_changes SELECT 'translation_tasks', OLD.id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;

-- Rows of insight_learners
CREATE TRIGGER backup_insight_learners_added AFTER INSERT ON insight_learners
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'insight_learners', NEW.enrollment_id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_insight_learners_changed AFTER UPDATE ON insight_learners
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'insight_learners', NEW.enrollment_id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_insight_learners_removed AFTER DELETE ON insight_learners
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'insight_learners', OLD.enrollment_id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;

-- Rows of insight_predictions
CREATE TRIGGER backup_insight_predictions_added AFTER INSERT ON insight_predictions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'insight_predictions', NEW.enrollment_id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_insight_predictions_changed AFTER UPDATE ON insight_predictions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = NEW.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'insight_predictions', NEW.enrollment_id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER backup_insight_predictions_removed AFTER DELETE ON insight_predictions
WHEN (SELECT max(epoch) FROM backup_epochs) > 0
  AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = OLD.user_id)
BEGIN
  INSERT INTO backup_changes SELECT 'insight_predictions', OLD.enrollment_id, max(epoch) FROM backup_epochs WHERE true
  ON CONFLICT DO NOTHING;
END;
