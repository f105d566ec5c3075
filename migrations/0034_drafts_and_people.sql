-- Drafts that were dropped: the row stays, so that no number is given twice; its texts and its document are gone.
ALTER TABLE course_versions ADD COLUMN dropped_at INTEGER; -- NULL: it was not dropped
ALTER TABLE course_versions ADD COLUMN is_kept INTEGER NOT NULL DEFAULT 1; -- 0: its document and files were removed too
CREATE INDEX course_versions_dropped ON course_versions (dropped_at) WHERE dropped_at IS NOT NULL AND is_kept = 1;

-- What else is done with an archive: a look at its people, and their import.
ALTER TABLE course_imports ADD COLUMN kind TEXT NOT NULL DEFAULT 'course'; -- course, roster, people
ALTER TABLE course_imports ADD COLUMN source_id TEXT; -- roster: the import with the archive; people: the roster
ALTER TABLE course_imports ADD COLUMN applied INTEGER NOT NULL DEFAULT 0; -- people: rows of the roster and facts that are done
CREATE INDEX course_imports_by_source ON course_imports (source_id, created_at) WHERE source_id IS NOT NULL;
