// The parts of the API's answers that the pages show; /docs has the complete schemas.

export type ItemState = "locked" | "unlocked" | "started" | "completed";

export interface Page<T> {
  results: T[];
  next_cursor: string | null;
}

export interface Course {
  slug: string;
  title: string;
  owner_id: string;
  active_version: number | null;
  activation: number;
  created_at: string;
  updated_at: string;
}

export interface Snapshot {
  version: number;
  source: "snapshot" | "recomputed" | "realtime" | "staff";
  progress_seq: number;
  course_version: number;
  valid_until: string | null;
}

interface ItemRow {
  id: string;
  title: string;
  order: number;
  status: ItemState;
  item_status: "active" | "draft" | "beta" | "deprecated";
  prerequisite_progress: { met: number; total: number; percent: number };
  unlock_condition_description: string;
  completed_at: string | null;
}

export interface ChapterRow extends ItemRow {
  is_locked: boolean;
  problems_completed: number;
  problems_total: number;
}

export interface ProblemRow extends ItemRow {
  chapter_id: string | null;
  difficulty: number;
  is_unlocked: boolean;
  best_score: number | null;
}

export interface ListOf<T> extends Page<T> {
  snapshot: Snapshot;
}

export type ChapterDetail = ChapterRow & { content: string | null; snapshot: Snapshot };
export type ProblemDetail = ProblemRow & { content: string | null; snapshot: Snapshot };

export type ReasonCode =
  | "not_completed"
  | "not_attempted"
  | "score_too_low"
  | "progress_too_low"
  | "opens_later"
  | "closed"
  | "enrolled_too_recently"
  | "waiting_period"
  | "not_in_cohort"
  | "excluded"
  | "chapter_locked"
  | "previous_chapter_not_completed"
  | "tutorial_not_completed"
  | "locked_by_staff";

export interface Reason {
  code: ReasonCode;
  item?: string;
  title?: string;
  required?: number | string;
  actual?: number | string | null;
  remaining?: number;
  available_at?: string | null;
}

export interface Step {
  action: "complete" | "attempt" | "score" | "wait";
  item?: string;
  title?: string;
  min_score?: number;
  until?: string;
}

export interface Explanation {
  item: string;
  is_locked: boolean;
  reasons: Reason[];
  to_unlock: Step[] | null;
  do_next: Step[];
  sentence: { en: string; zh: string };
  snapshot: Snapshot;
}

export interface WriteAnswer {
  enrollment_id: string;
  version: number;
  unlocked: string[];
  locked: string[];
}

export interface SubmissionAnswer extends WriteAnswer {
  submission_id: string;
  item: string;
  status: "pending" | "passed" | "failed";
  score: number | null;
  feedback: string | null;
}

export interface Finding {
  path: string;
  rule: string;
  message: string;
}

export interface CourseVersion {
  version: number;
  is_active: boolean;
  note: string | null;
  chapters: number;
  problems: number;
  warnings: Finding[];
  published_by: string;
  published_at: string;
}

export interface Published {
  version: number;
  created: boolean;
  chapters: number;
  problems: number;
  warnings: Finding[];
}

export interface Impact {
  chapters: number;
  problems: number;
  warnings: Finding[];
  impact: {
    enrollments: number;
    evaluated: number;
    gaining: number;
    losing: number;
    items: { item: string; gain: number; lose: number }[];
  };
}

export interface EnrollmentRow {
  id: string;
  user_id: string;
  last_active_at: string;
  is_stale: boolean;
  course_version: number;
}

export interface DeadLetter {
  id: string;
  queue: string;
  body: unknown;
  attempts: number;
  failed_at: string;
}

export interface PendingSubmission {
  id: string;
  enrollment_id: string;
  item: string;
  answer: string;
  submitted_at: string;
}

/** The short name of an item inside its course, as it stands in addresses. */
export function shortName(item: string): string {
  return item.slice(item.indexOf(".") + 1);
}
