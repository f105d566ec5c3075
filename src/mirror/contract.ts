import type { NewEntry } from "../audit/index.ts";
import type { CoursePointer } from "../courses/index.ts";
import type { NewEvent } from "../events/index.ts";
import type { ProjectedNews } from "../hooks/index.ts";
import type { Language } from "../platform/text.ts";
import type { Explanation, Override, OverrideKind } from "../unlock/index.ts";
import type { SnapshotInfo, WriteAnswer } from "./answers.ts";
import type { ProjectedFact } from "./mirrored.ts";
import type { NewFact } from "./new-fact.ts";

export type { EnrollAnswer, SnapshotInfo, SubmitAnswer, WriteAnswer } from "./answers.ts";
export type { ProjectedFact } from "./mirrored.ts";
export type { HeldScore, NewFact } from "./new-fact.ts";

/**
 * Plain data that the Worker and the enrollment object send each other. Both sides must accept data of the release
 * before and the release after.
 */

/**
 * Enrollments that one message announces at most. A consumer gets ten messages and makes three calls for each of them,
 * below the thousand that the platform allows.
 */
export const MAX_GROUP = 25;

export interface ActorRef {
  id: string;
  role: string;
  /** The request of the actor, for the audit log. */
  request_id?: string;
}

/** Makes a write repeatable: the same key and body hash get the stored answer again. */
export interface Idempotency {
  key: string;
  body_hash: string;
}

export type Want =
  | { kind: "chapters"; after: string | null; limit: number }
  | { kind: "problems"; chapter: string | null; after: string | null; limit: number }
  | { kind: "states" }
  /** One bit for each item of the version, in its order: whether it may be opened. */
  | { kind: "open" }
  /** The items for the learner's calendar: every listed item with its state and dates, see `Agenda`. */
  | { kind: "agenda" }
  | { kind: "item"; item: string }
  | { kind: "why"; item: string };

export interface ReadRequest {
  /** Null when the Worker does not know it, because D1 does not answer: the object answers from its own data. */
  pointer: CoursePointer | null;
  want: Want;
  language: Language;
  /** IANA time zone for the dates in sentences; null or absent for UTC. */
  zone?: string | null;
  min_seq: number | null;
  /** Instant of the answer, epoch ms; null is now. */
  at: number | null;
  if_none_match: string | null;
  /** The learner opens the requested item: this is stored if a rule asks for it. */
  opens?: boolean;
}

export type ReadAnswer =
  | { unchanged: true; etag: string; snapshot: SnapshotInfo }
  | { unchanged: false; etag: string; snapshot: SnapshotInfo; content: Content };

/** Lists and states are the whole body in UTF-8, rendered once per snapshot: the Worker passes the bytes on. */
export type Content =
  | { kind: "body"; body: Uint8Array }
  | {
      kind: "item";
      /** The row of the requested instant. */
      row: string;
      /** Whether the learner may open the item now, and why not. */
      is_open: boolean;
      explanation: Explanation;
      /**
       * Version that decided this. An object one release older does not send it, and decides by the requested instant.
       */
      content_version?: number;
      /** The access to the item at another instant that was requested. */
      at?: Explanation;
    }
  | { kind: "why"; explanation: Explanation };

/** waiting: recorded for an item that is not in the published version; it takes effect when the item returns. */
export type FactOutcome =
  | "recorded"
  | "waiting"
  | "unchanged"
  | "superseded"
  | "item_not_found"
  | "held"
  | "held_limit";

export interface RecordAnswer extends WriteAnswer {
  outcomes: FactOutcome[];
}

export interface RecordRequest {
  facts: NewFact[];
  /** Problems are completed by submissions only. */
  chapters_only: boolean;
  actor: ActorRef;
  /** own: a locked item is refused. import: it happened elsewhere, so it is recorded for a locked item too. */
  mode: "own" | "import";
  /** For the reasons, if an item is locked. */
  language: Language;
  /** IANA time zone for their dates; null or absent for UTC. */
  zone?: string | null;
  pointer: CoursePointer | null;
  idempotency: Idempotency | null;
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

/** Cohorts, practice mode, profile, beginning: a null leaves the field as it is. */
export interface PolicyChange {
  cohorts: string[] | null;
  practice_mode: boolean | null;
  /** The whole profile. An older Worker does not send it. */
  profile?: Readonly<Record<string, string>> | null;
  /**
   * Other courses that are completed, epoch ms; null takes it back. Courses that are not named stay. An older Worker
   * does not send it.
   */
  courses?: Readonly<Record<string, number | null>>;
  /** Waiting periods count from this instant, epoch ms. */
  enrolled_at?: number | null;
}

export interface EnrollRequest {
  /** When the enrollment of a new learner began, epoch ms. */
  enrolled_at: number;
  /** Null keeps the present value, and means none for a new learner. */
  cohorts: string[] | null;
  practice_mode: boolean | null;
  profile?: Readonly<Record<string, string>> | null;
  /** The caller gave the day of enrollment: an enrollment that exists already gets it. Null keeps its day. */
  told_enrolled_at?: number | null;
  /** D1 has progress of this enrollment, so an empty object must first be rebuilt from it. */
  has_history: boolean;
  /** The learner's place in the course's order (place.ts); null for a learner who comes back. */
  place?: number | null;
  pointer: CoursePointer;
  actor: ActorRef;
  /** `own`: whom somebody else has withdrawn by hand does not come back. Left out: everybody does. */
  returns?: "own";
}

/** The mirror of one enrollment, with everything that the outbox still has to deliver. */
export interface ProjectionBatch {
  enrollment_id: string;
  /** Outbox rows up to this id are in the batch; confirming it removes them. */
  head: number;
  /** Age of the oldest of them, ms. */
  oldest_ms: number;
  /** Null while more rows wait than one batch holds: D1 must never have a sequence without its facts. */
  mirror: Mirror | null;
  facts: ProjectedFact[];
  submissions: ProjectedSubmission[];
  events: ProjectedEvent[];
  /** Pending live events of the learner; their keys make a second sending harmless. */
  notices: NewEvent[];
  /**
   * Outbox row up to which the learner's channel has the live events once the notices are published; to be confirmed
   * with `head`. An older object does not send it.
   */
  sent_up_to?: number;
  /** Pending entries for the audit chain; their keys make a second sending harmless. An older object has none. */
  audit?: NewEntry[];
  /** Events for other systems, if some listen to the course. An older object has none. */
  news?: ProjectedNews[];
  /**
   * Other courses that a rule asks for, and those to be notified when this one is completed, or no longer. An older
   * object has none.
   */
  asks?: string[];
  tells?: { course: string; completed_at: number | null }[];
}

export interface Mirror {
  enrollment_id: string;
  /**
   * The object is the only writer of these fields; D1's registry row follows. An older object has none of the three.
   */
  status?: "active" | "withdrawn";
  enrolled_at?: number;
  withdrawn_at?: number | null;
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
  /** Outbox row up to which other systems are notified; absent if none listens. */
  told_to?: number;
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
