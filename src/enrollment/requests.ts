import type { CoursePointer } from "../courses/index.ts";
import type {
  ActorRef,
  Idempotency,
  Mirror,
  OverrideInput,
  PolicyChange,
  ProjectedSubmission,
  StoredOverride,
  WriteAnswer,
} from "../mirror/index.ts";
import type { Language, LocalizedText } from "../platform/text.ts";
import type { AnswerFile, OverrideKind, Pause } from "../unlock/index.ts";

/** Every write contains the caller, what the caller knows of the course, and how to repeat it. */
export type OverrideRequest<T> = T & {
  actor: ActorRef;
  pointer: CoursePointer | null;
  idempotency: Idempotency | null;
};
export type SubmitRequest = OverrideRequest<{
  submission_id: string;
  item: string;
  answer: string;
  /** Submitted files; the sender has checked that they are the learner's. An older Worker does not send this. */
  files?: AnswerFile[];
  language: Language;
  /** IANA time zone for the dates in reasons; null or absent for UTC. */
  zone?: string | null;
}>;
/** A person's judgement about one criterion of a rubric, with the names it had then. */
export interface RubricMark {
  criterion: string;
  title: LocalizedText;
  level: string | null;
  level_title: LocalizedText | null;
  points: number;
  max: number;
  comment: string | null;
}
/** A remark on lines of an answer, counted from 1. */
export interface LineComment {
  line: number;
  to: number;
  text: string;
}
/** The parts of a verdict besides its score and its comment. */
export interface Marks {
  rubric?: RubricMark[];
  comments?: LineComment[];
  points?: { points: number; max: number };
  /** The item itself is passed or failed by it. */
  decides?: true;
}
/** A verdict as it was given; its number counts those of one submission from 1. */
export interface GivenVerdict {
  number: number;
  status: ProjectedSubmission["status"];
  score: number | null;
  feedback: string | null;
  marks: Marks;
  judged_at: number | null;
  judged_by: string | null;
  /** Its learner does not see it. */
  held: boolean;
}
/** A submission with its verdict, and the earlier verdicts, oldest first. */
export interface StoredSubmission extends ProjectedSubmission, GivenVerdict {
  history: GivenVerdict[];
}

export type VerdictRequest = {
  submission_id: string;
  passed: boolean;
  score: number;
  /** The item itself is passed or failed by it. An older Worker does not send this. */
  decides?: boolean;
  feedback: string | null;
  marks?: Marks;
  /** Neither shown nor counted until it is released. An older Worker does not send this. */
  held?: boolean;
  /** Number of the verdict that this one replaces; null if nobody has judged yet. */
  replaces?: number | null;
  /** With `replaces`: items that depended on the earlier verdict lock again, unless the rules open them now. */
  relock?: boolean;
  actor: ActorRef;
  idempotency: Idempotency | null;
};
export type ReleaseRequest = OverrideRequest<{ items: string[] | null }>;
/** With the items whose scores count from now on. */
export type ReleaseAnswer = WriteAnswer & { released: string[] };

/** Everything that the answer key of one problem has judged is judged again with the key of the named version. */
export type RegradeRequest = {
  item: string;
  /** Items that depended on a changed verdict lock again, unless the rules open them now. */
  relock: boolean;
  /** Nothing is changed: the answer only says what would change. */
  dry_run: boolean;
  actor: ActorRef;
  pointer: CoursePointer;
};
type Judged = Pick<ProjectedSubmission, "status" | "score">;
export interface Regraded extends WriteAnswer {
  changes: { submission_id: string; before: Judged; after: Judged }[];
  /** All of them, also those that are not listed. */
  changed: number;
}
export type RevokeRequest = OverrideRequest<{ item: string; reason: string; relock?: boolean }>;
export type RelockRequest = OverrideRequest<{ reason: string | null }>;
/** An override of one item to set; or null: to remove the one of a kind, or all of them. */
export type SetOverrideRequest = OverrideRequest<{
  item: string;
  override: OverrideInput | null;
  kind?: OverrideKind | null;
  relock?: boolean;
}>;
/** Pauses the learner's course, or with null resumes it. */
export type PauseRequest = OverrideRequest<{ pause: { until: number | null; reason: string } | null }>;
export type ChangePolicyRequest = OverrideRequest<PolicyChange & { relock?: boolean }>;

/** The data of an enrollment for staff. */
export interface Inspection {
  overrides: StoredOverride[];
  cohorts: string[];
  practice_mode: boolean;
  profile: Readonly<Record<string, string>>;
  /** Other courses that the learner has completed, and since when. */
  courses: Readonly<Record<string, number>>;
  /** The pause in force; null if there is none. */
  pause: Pause | null;
  /** Items with a score that is not released, and since when. */
  held: { item: string; held_at: number }[];
  outbox: { rows: number; oldest_ms: number };
  mirror: Mirror;
}

/** Which of a learner's submissions to read; `after` is the position at which the page before ended. */
export interface SubmissionsRequest {
  item: string;
  after: string | null;
  limit: number;
  /** People who judge see what is held. */
  byStaff?: boolean;
}
export interface SubmissionsPage {
  submissions: StoredSubmission[];
  /** Null at the end. */
  next: string | null;
}
