-- Whether somebody is enrolled is decided by the enrollment's object alone; `status`, `withdrawn_at` and `enrolled_at`
-- of its row follow with the mirror, under the version's fence. The registry writes only when somebody last asked to
-- enroll, so that the nightly clean-up leaves the row of a learner who came back while it ran.
ALTER TABLE enrollments ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
