/** What a commit has begun: items completed for the first time, and the enrollment itself. */
export interface CommitTally {
  chapters: number;
  problems: number;
  enrollments: number;
}
export const NOTHING_BEGUN: CommitTally = { chapters: 0, problems: 0, enrollments: 0 };
