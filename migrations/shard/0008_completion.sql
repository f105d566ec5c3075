-- What completion is derived from. The directory's own migration 0029 says why.
ALTER TABLE progress ADD COLUMN told_at INTEGER;
ALTER TABLE progress ADD COLUMN marked_at INTEGER;
ALTER TABLE progress ADD COLUMN passed_at INTEGER;
ALTER TABLE progress ADD COLUMN contributed_at INTEGER;
ALTER TABLE progress ADD COLUMN scored_at INTEGER;
ALTER TABLE progress ADD COLUMN steps TEXT;
