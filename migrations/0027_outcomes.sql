-- What the latest verdict that decides says of an item, the best attempt in points with the range it had, and when the item
-- was first opened and something first submitted. NULL where nothing of the kind was told: all that was recorded before.
ALTER TABLE progress ADD COLUMN outcome TEXT;
ALTER TABLE progress ADD COLUMN outcome_at INTEGER;
ALTER TABLE progress ADD COLUMN points REAL;
ALTER TABLE progress ADD COLUMN points_min REAL;
ALTER TABLE progress ADD COLUMN points_max REAL;
ALTER TABLE progress ADD COLUMN viewed_at INTEGER;
ALTER TABLE progress ADD COLUMN submitted_at INTEGER;
