-- People of platforms that were removed or switched off: what their launches have opened ends at once, and again until the
-- instant, because a launch may have been under way.
CREATE TABLE lti_leaving (
  user_id TEXT PRIMARY KEY,
  until INTEGER NOT NULL -- epoch milliseconds, UTC
) STRICT, WITHOUT ROWID;
