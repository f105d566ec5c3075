-- What completion is derived from: how an item came to be completed (told by a service, marked by the learner, passed by an
-- attempt), the first contribution, when the best score was reached, and the lower scores before it. NULL where that was not
-- noted: all that was recorded before.
ALTER TABLE progress ADD COLUMN told_at INTEGER;
ALTER TABLE progress ADD COLUMN marked_at INTEGER;
ALTER TABLE progress ADD COLUMN passed_at INTEGER;
ALTER TABLE progress ADD COLUMN contributed_at INTEGER;
ALTER TABLE progress ADD COLUMN scored_at INTEGER;
ALTER TABLE progress ADD COLUMN steps TEXT;
