-- Graders read what waits in their own courses, oldest first, and count it by item. The directory's own migration 0036 says why.
CREATE INDEX submissions_pending_course
  ON submissions (substr(enrollment_id, 1, instr(enrollment_id, ':') - 1), submitted_at, id) WHERE status = 'pending';
CREATE INDEX submissions_pending_item ON submissions (item_id, submitted_at, id) WHERE status = 'pending';
