-- The activation an enrollment's object is known to have reached, told by its last refresh. The mirror's `activation`
-- follows only with the facts that go with it; until then this keeps a refreshed learner from being marked once more.
ALTER TABLE enrollments ADD COLUMN reached_activation INTEGER NOT NULL DEFAULT 0;
