-- Important live events, kept seven days. They are delivered from the channel objects' own logs; this is the record that
-- outlives the 24 hours there, for support and for sending one again. Ids are the positions in those logs.
CREATE TABLE event_log (
  id TEXT PRIMARY KEY,
  user_id TEXT, -- NULL: everybody
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  level TEXT NOT NULL,
  priority TEXT NOT NULL,
  roles TEXT, -- comma-separated; NULL: every role
  data TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX event_log_by_user ON event_log (user_id, at, id);
CREATE INDEX event_log_by_time ON event_log (at);
