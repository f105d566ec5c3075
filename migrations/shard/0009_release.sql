-- The score that counts now. The directory's own migration 0030 says why.
ALTER TABLE progress ADD COLUMN latest TEXT;
