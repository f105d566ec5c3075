/** Whom to enroll and what is asked for them; what is null is left as it is. Instants in epoch ms. */
export interface Applicant {
  user: string;
  cohorts: string[] | null;
  practice_mode: boolean | null;
  profile: Readonly<Record<string, string>> | null;
  enrolled_at: number | null;
}
