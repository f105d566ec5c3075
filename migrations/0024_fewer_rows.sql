-- A completion writes three rows here: the enrollment, the fact, the announcement. Each index of a column that it sets would be
-- one more.

-- When the learner was last active, exactly; last_active_at, which has an index, follows by the hour. The release before
-- this one sets last_active_at alone: the later of the two holds.
ALTER TABLE enrollments ADD COLUMN active_at INTEGER NOT NULL DEFAULT 0;

-- The night walks over all announcements instead of finding the old ones; how far it has come in a table is in `walks`.
DROP INDEX unlock_events_by_age;
CREATE TABLE walks (name TEXT NOT NULL PRIMARY KEY, place TEXT NOT NULL) STRICT, WITHOUT ROWID;
