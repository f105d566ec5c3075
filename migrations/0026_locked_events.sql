-- What locked something lately, to find the passes that are void. Nearly every announcement opens something and locks nothing:
-- those are not in it, so a completion writes no row more.
CREATE INDEX unlock_events_locked ON unlock_events (announced_at) WHERE locked <> '[]';
