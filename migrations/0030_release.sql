-- The score that counts now, of items from which something is lost when a grade falls. NULL where nothing rests on it.
ALTER TABLE progress ADD COLUMN latest TEXT;
