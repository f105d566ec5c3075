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

/** Every write carries who, what it knows of the course, and how to repeat it. */
export type OverrideRequest<T> = T & {
  actor: ActorRef;
  pointer: CoursePointer | null;
  idempotency: Idempotency | null;
};
export type SubmitRequest = OverrideRequest<{
  submission_id: string;
  item: string;
  answer: string;
  /** Files that are submitted; who sends them has checked that they are the learner's. An older Worker says nothing of them. */
  files?: AnswerFile[];
  language: Language;
  /** IANA time zone for the dates in reasons; null or nothing for UTC. */
  zone?: string | null;
}>;
/** What a person says of one criterion of a rubric, with the names it had then. */
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
/** What a verdict says beside its score and its comment. */
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
/** A submission with its verdict, and those that came before it, oldest first. */
export interface StoredSubmission extends ProjectedSubmission, GivenVerdict {
  history: GivenVerdict[];
}

export type VerdictRequest = {
  submission_id: string;
  passed: boolean;
  score: number;
  /** The item itself is passed or failed by it. An older Worker says nothing of it. */
  decides?: boolean;
  feedback: string | null;
  marks?: Marks;
  /** Neither shown nor counted until it is released. An older Worker says nothing of it. */
  held?: boolean;
  /** Number of the verdict that this one takes the place of; null where nobody has judged yet. */
  replaces?: number | null;
  /** With `replaces`: what rested on the verdict before locks again, where the rules do not open it now. */
  relock?: boolean;
  actor: ActorRef;
  idempotency: Idempotency | null;
};
export type ReleaseRequest = OverrideRequest<{ items: string[] | null }>;
/** With the items whose scores count from now on. */
export type ReleaseAnswer = WriteAnswer & { released: string[] };

/** All that the answer key of one problem has judged is judged again by the key of the version that is named. */
export type RegradeRequest = {
  item: string;
  /** What rested on a verdict that changes locks again, where the rules do not open it now. */
  relock: boolean;
  /** Nothing is changed: only what would be is said. */
  dry_run: boolean;
  actor: ActorRef;
  pointer: CoursePointer;
};
type Judged = Pick<ProjectedSubmission, "status" | "score">;
export interface Regraded extends WriteAnswer {
  changes: { submission_id: string; before: Judged; after: Judged }[];
  /** All of them, those that are not listed too. */
  changed: number;
}
export type RevokeRequest = OverrideRequest<{ item: string; reason: string; relock?: boolean }>;
export type RelockRequest = OverrideRequest<{ reason: string | null }>;
/** An override of one item to set; or null: to remove that of a kind, or all of them. */
export type SetOverrideRequest = OverrideRequest<{
  item: string;
  override: OverrideInput | null;
  kind?: OverrideKind | null;
  relock?: boolean;
}>;
/** Pauses the learner's course, or with null resumes it. */
export type PauseRequest = OverrideRequest<{ pause: { until: number | null; reason: string } | null }>;
export type ChangePolicyRequest = OverrideRequest<PolicyChange & { relock?: boolean }>;

/** What staff see of an enrollment. */
export interface Inspection {
  overrides: StoredOverride[];
  cohorts: string[];
  practice_mode: boolean;
  profile: Readonly<Record<string, string>>;
  /** Other courses that the learner has completed, and since when. */
  courses: Readonly<Record<string, number>>;
  /** The pause in force; null when there is none. */
  pause: Pause | null;
  /** Items with a score that is not released, and since when. */
  held: { item: string; held_at: number }[];
  outbox: { rows: number; oldest_ms: number };
  mirror: Mirror;
}

/** Which of a learner's submissions are asked for; `after` is the position that the page before ended with. */
export interface SubmissionsRequest {
  item: string;
  after: string | null;
  limit: number;
  /** Whoever judges sees what is held. */
  byStaff?: boolean;
}
export interface SubmissionsPage {
  submissions: StoredSubmission[];
  /** Null at the end. */
  next: string | null;
}
