import type { NewEntry } from "../audit/entry.ts";
import type { CoursePointer } from "../courses/index.ts";
import type { NewEvent } from "../events/index.ts";
import type { Language } from "../shared/text.ts";
import type { Delta, Explanation, Override, OverrideKind } from "../unlock/index.ts";

/** What crosses the line between the Worker and the enrollment object. Plain data; both sides must tolerate a release more or less. */

export interface ActorRef {
  id: string;
  role: string;
  /** Request in which the actor acts, for the audit log. */
  request_id?: string;
}

/** Makes a write repeatable: the same key and body hash replay the stored answer. */
export interface Idempotency {
  key: string;
  body_hash: string;
}

/** How an answer came about, and the numbers that make up its freshness. */
export interface SnapshotInfo {
  version: number;
  source: "snapshot" | "recomputed" | "realtime" | "staff";
  computed_at: string;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  engine: number;
  valid_until: string | null;
  /** Set when the answer is known to be older than the course or the policy. */
  stale_since?: string;
}

export type Want =
  | { kind: "chapters"; after: string | null; limit: number }
  | { kind: "problems"; chapter: string | null; after: string | null; limit: number }
  | { kind: "states" }
  | { kind: "item"; item: string }
  | { kind: "why"; item: string };

export interface ReadRequest {
  /** Null when the Worker does not know it (D1 dark): the object answers from what it has. */
  pointer: CoursePointer | null;
  want: Want;
  language: Language;
  min_seq: number | null;
  /** Instant to answer for, epoch ms; null is now. */
  at: number | null;
  if_none_match: string | null;
}

export type ReadAnswer =
  | { unchanged: true; etag: string; snapshot: SnapshotInfo }
  | { unchanged: false; etag: string; snapshot: SnapshotInfo; content: Content };

/** Lists and states are the whole body in UTF-8, rendered once per snapshot: the Worker passes the bytes on. */
export type Content =
  | { kind: "body"; body: Uint8Array }
  | { kind: "item"; row: string; is_open: boolean; explanation: Explanation }
  | { kind: "why"; explanation: Explanation };

/** One thing a learner did. `at` is epoch ms; null is now. */
export interface NewFact {
  item: string;
  completed: boolean;
  score: number | null;
  at: number | null;
}

export type FactOutcome = "recorded" | "unchanged" | "superseded" | "item_not_found";

export interface WriteAnswer extends Delta {
  /** Present when the answer was stored by an earlier request with the same Idempotency-Key. */
  replayed?: boolean;
  enrollment_id: string;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
}

export interface RecordAnswer extends WriteAnswer {
  outcomes: FactOutcome[];
}

export interface RecordRequest {
  facts: NewFact[];
  /** Problems are completed by submissions only. */
  chapters_only: boolean;
  actor: ActorRef;
  /** own: a locked item is refused. import: it happened elsewhere, so it is recorded even on a locked item. */
  mode: "own" | "import";
  /** Of the reasons, should an item be locked. */
  language: Language;
  pointer: CoursePointer | null;
  idempotency: Idempotency | null;
}

export interface SubmitAnswer extends WriteAnswer {
  submission_id: string;
  item: string;
  status: "pending" | "passed" | "failed";
  score: number | null;
  feedback: string | null;
}

export interface OverrideInput {
  item: string;
  kind: OverrideKind;
  reason: string;
  expires_at: number | null;
  extend_to: number | null;
}

export interface StoredOverride extends Override {
  reason: string;
  actor: string;
}

export interface EnrollRequest {
  enrolled_at: number;
  /** Null keeps what staff set before a withdrawal; nothing for a newcomer. */
  cohorts: string[] | null;
  practice_mode: boolean | null;
  /** The registry knows progress of this enrollment, so an empty object must first be rebuilt from it. */
  has_history: boolean;
  pointer: CoursePointer;
  actor: ActorRef;
}

/** What D1 mirrors of one enrollment, with everything the outbox still has to deliver. */
export interface ProjectionBatch {
  enrollment_id: string;
  /** Outbox rows up to this id are in the batch; confirming it removes them. */
  head: number;
  /** Age of the oldest of them, ms. */
  oldest_ms: number;
  /** Null while more rows wait than one batch holds: D1 must never claim a sequence whose facts it has not got yet. */
  mirror: Mirror | null;
  facts: ProjectedFact[];
  submissions: ProjectedSubmission[];
  events: ProjectedEvent[];
  /** What the learner's live events are still to be told; their keys make a second telling harmless. */
  notices: NewEvent[];
  /** What the audit chain is still to be told; their keys make a second telling harmless. An older object has none. */
  audit?: NewEntry[];
}

export interface Mirror {
  enrollment_id: string;
  policy: string;
  kept: string;
  earned: string;
  version: number;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  activation: number;
  engine: number;
  valid_until: number | null;
  computed_at: number;
  open_count: number;
  completed_count: number;
  item_count: number;
  last_active_at: number;
}

export interface ProjectedFact {
  item: string;
  attempted_at: number | null;
  completed_at: number | null;
  best_score: number | null;
  revoked_at: number | null;
  seq: number;
}

export interface ProjectedSubmission {
  id: string;
  item: string;
  answer: string;
  status: "pending" | "passed" | "failed";
  score: number | null;
  feedback: string | null;
  submitted_at: number;
  judged_at: number | null;
}

export interface ProjectedEvent {
  version: number;
  unlocked: string;
  locked: string;
  cause: string;
  announced_at: number;
}

/** Why a snapshot changed. */
export type Cause = "enrollment" | "progress" | "policy" | "publish" | "date" | "engine" | "stale";
