-- The topic that an event went to: sent again, it goes to no more people than the first time.
ALTER TABLE event_log ADD COLUMN topic TEXT;
