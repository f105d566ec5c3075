-- A release asks again and again who has something held. Without this index each call reads every learner of the course.
CREATE INDEX enrollments_held ON enrollments (course_slug, status, user_id)
  WHERE status = 'active' AND instr(policy, '"held":[') > 0;
