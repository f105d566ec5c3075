-- Files that a learner handed in: the first submission that names the file. While it is set, its owner cannot delete the
-- file, because whoever judges reads it. NULL: nobody handed it in.
ALTER TABLE files ADD COLUMN handed_in TEXT;
