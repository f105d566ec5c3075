-- Whether the database takes writes can only be told by writing: one row, for ever (src/ops/health).
CREATE TABLE write_probes (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  written_at INTEGER NOT NULL
) STRICT;

-- Each try of a request holds its key under a claim of its own: a key that was given up is taken over by whoever
-- replaces the very claim that was read, and a try that has lost its key stores nothing under it.
ALTER TABLE idempotency_keys ADD COLUMN claim TEXT NOT NULL DEFAULT '';
-- done: the effect is there, its answer is not; unknown: nobody can tell whether the effect is there.
ALTER TABLE idempotency_keys ADD COLUMN outcome TEXT;

-- Dead letters are bounded for each queue.
CREATE INDEX dead_letters_by_queue ON dead_letters (queue, replayed_at, failed_at);

-- How many learners have ever enrolled: the place of each in the course's line, by which work due for all at one instant
-- is spread (src/enrollment/place.ts).
ALTER TABLE courses ADD COLUMN learners INTEGER NOT NULL DEFAULT 0;
UPDATE courses SET learners = (SELECT count(*) FROM enrollments WHERE course_slug = courses.slug);
