-- How far a chain of messages has come, each of which asks for the next: a message that comes twice, or belongs to a chain
-- that another has taken the place of, finds another step here and ends. Rows: two for sweeps, and at most one for each course.
CREATE TABLE chains (name TEXT NOT NULL PRIMARY KEY, step INTEGER NOT NULL) STRICT, WITHOUT ROWID;
