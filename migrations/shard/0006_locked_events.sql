-- What locked something lately. The directory's own migration 0030 says why.
CREATE INDEX unlock_events_locked ON unlock_events (announced_at) WHERE locked <> '[]';
