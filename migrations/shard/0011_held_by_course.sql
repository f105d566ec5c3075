-- A release reads those of whom something is held. The directory's own migration of this name says why.
CREATE INDEX enrollments_held ON enrollments (course_slug, status, user_id)
  WHERE status = 'active' AND instr(policy, '"held":[') > 0;
