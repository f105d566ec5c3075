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
import type { Language } from "../platform/text.ts";
import type { OverrideKind } from "../unlock/index.ts";

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
  language: Language;
  /** IANA time zone for the dates in reasons; null or nothing for UTC. */
  zone?: string | null;
}>;
export type VerdictRequest = {
  submission_id: string;
  passed: boolean;
  score: number;
  /** The item itself is passed or failed by it. An older Worker says nothing of it. */
  decides?: boolean;
  /** It waits for its release. An older Worker says nothing of it. */
  held?: boolean;
  feedback: string | null;
  actor: ActorRef;
  idempotency: Idempotency | null;
};
export type ReleaseRequest = OverrideRequest<{ items: string[] | null }>;
/** With the items whose scores count from now on. */
export type ReleaseAnswer = WriteAnswer & { released: string[] };
export type RevokeRequest = OverrideRequest<{ item: string; reason: string; relock?: boolean }>;
export type RelockRequest = OverrideRequest<{ reason: string | null }>;
/** An override of one item to set; or null: to remove that of a kind, or all of them. */
export type SetOverrideRequest = OverrideRequest<{
  item: string;
  override: OverrideInput | null;
  kind?: OverrideKind | null;
  relock?: boolean;
}>;
export type ChangePolicyRequest = OverrideRequest<PolicyChange & { relock?: boolean }>;

/** What staff see of an enrollment. */
export interface Inspection {
  overrides: StoredOverride[];
  cohorts: string[];
  practice_mode: boolean;
  profile: Readonly<Record<string, string>>;
  /** Other courses that the learner has completed, and since when. */
  courses: Readonly<Record<string, number>>;
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
}
export interface SubmissionsPage {
  submissions: ProjectedSubmission[];
  /** Null at the end. */
  next: string | null;
}
