/** The learner to enroll, with their settings; null leaves a setting unchanged. Instants in epoch ms. */
export interface Applicant {
  user: string;
  cohorts: string[] | null;
  practice_mode: boolean | null;
  profile: Readonly<Record<string, string>> | null;
  enrolled_at: number | null;
  /** `own`: not whom somebody else has withdrawn by hand. */
  returns?: "own";
}
