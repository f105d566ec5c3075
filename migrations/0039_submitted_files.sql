-- Files that a learner submitted: the first submission that names the file. While it is set, its owner cannot delete the
-- file, because whoever judges reads it. NULL: it was not submitted.
ALTER TABLE files ADD COLUMN submitted_with TEXT;
