-- An entry that still counts (refused sign-ins of one minute) is carried to the audit chain when its minute is over.
ALTER TABLE audit_outbox ADD COLUMN ready_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX audit_outbox_counting ON audit_outbox (ready_at) WHERE ready_at > 0;

-- Bans of users who have no account here: those who sign in with another identity provider. Their gates copy it from here.
CREATE TABLE outside_bans (
  user_id TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  -- NULL: until lifted.
  until INTEGER,
  banned_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the list of erasures beside the backups was read, and where the search for those who were revived stands. A
-- database that was set back is set back here too, and so reads the list again from there.
CREATE TABLE erasure_watch (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  -- Key of the list; what follows it was not read yet.
  read_to TEXT NOT NULL,
  -- Where the next page of people starts; NULL: nobody is searched for.
  walk_at TEXT
) STRICT;
