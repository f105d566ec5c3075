-- Learners are told what a person has judged, the latest first. What an answer key judges at once is in no index.
CREATE INDEX submissions_judged ON submissions (enrollment_id, judged_at)
  WHERE judged_at > submitted_at AND score IS NOT NULL;
