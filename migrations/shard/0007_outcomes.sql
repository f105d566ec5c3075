-- Outcomes, points, views and submissions of facts. The directory's own migration 0027 says why.
ALTER TABLE progress ADD COLUMN outcome TEXT;
ALTER TABLE progress ADD COLUMN outcome_at INTEGER;
ALTER TABLE progress ADD COLUMN points REAL;
ALTER TABLE progress ADD COLUMN points_min REAL;
ALTER TABLE progress ADD COLUMN points_max REAL;
ALTER TABLE progress ADD COLUMN viewed_at INTEGER;
ALTER TABLE progress ADD COLUMN submitted_at INTEGER;
