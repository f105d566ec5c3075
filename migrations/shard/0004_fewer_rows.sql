-- A completion writes three rows here. The directory's own migration 0024 says why.
ALTER TABLE enrollments ADD COLUMN active_at INTEGER NOT NULL DEFAULT 0;
DROP INDEX unlock_events_by_age;
CREATE TABLE walks (name TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL) STRICT, WITHOUT ROWID;
