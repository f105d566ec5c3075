-- Barriers against late writes of records, one per journal (src/records/journal/fences.ts): a write does nothing once its
-- barrier stands higher than when it was sent.
CREATE TABLE record_fences (
  name TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Whoever is being erased is in nothing that is written meanwhile.
CREATE INDEX erasures_by_user ON erasures (user_id) WHERE user_id IS NOT NULL;
