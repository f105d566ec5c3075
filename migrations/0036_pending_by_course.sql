-- Graders read what waits in their own courses, oldest first, and count it by item: neither may look at what waits in
-- the courses of others. Both indexes hold only what waits; an answer that its key judges is in neither.
CREATE INDEX submissions_pending_course
  ON submissions (substr(enrollment_id, 1, instr(enrollment_id, ':') - 1), submitted_at, id) WHERE status = 'pending';
CREATE INDEX submissions_pending_item ON submissions (item_id, submitted_at, id) WHERE status = 'pending';
