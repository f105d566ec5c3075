-- Learners are told what a person has judged, the latest first. The directory's own migration 0044 says more.
CREATE INDEX submissions_judged ON submissions (enrollment_id, judged_at)
  WHERE judged_at > submitted_at AND score IS NOT NULL;
