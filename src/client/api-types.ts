// Written by `node scripts/client-types.ts` from the OpenAPI document; a test fails when the two differ.

export type SignedIn = Access & {
  /** Exchanged at /auth/token for new access tokens. Shown once; keep it secret. */
  session_token: string;
};

export type User = {
  id: string;
  email: string;
  name: string;
  role: "learner" | "author" | "service" | "admin";
  ban: {
    reason: string;
    until: string | null;
  } | null;
  created_at: string;
  updated_at: string;
};

export type Access = {
  access_token: string;
  token_type: "Bearer";
  /** Seconds. */
  expires_in: number;
  user: User;
};

export type Problem = {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
  request_id: string;
  [extra: string]: unknown;
};

export type Session = {
  id: string;
  created_at: string;
  expires_at: string;
  user_agent: string | null;
  /** The session this request's token belongs to. */
  current: boolean;
};

export type EndedSessions = {
  /** How many sessions ended. */
  ended: number;
};

export type Course = {
  slug: string;
  title: string;
  owner_id: string;
  active_version: number | null;
  activation: number;
  created_at: string;
  updated_at: string;
};

export type NewCourse = {
  slug: string;
  title:
    | string
    | {
        en: string;
        zh?: string;
      }
    | {
        en?: string;
        zh: string;
      };
};

export type PublishedVersion = {
  course: string;
  version: number;
  activation: number;
  created: boolean;
  chapters: number;
  problems: number;
  warnings: {
    path: string;
    rule: string;
    message: string;
  }[];
};

export type PublishImpact = {
  dry_run: true;
  chapters: number;
  problems: number;
  warnings: {
    path: string;
    rule: string;
    message: string;
  }[];
  impact: Impact;
};

export type Impact = {
  enrollments: number;
  evaluated: number;
  gaining: number;
  losing: number;
  items: {
    item: string;
    gain: number;
    lose: number;
  }[];
  [extra: string]: unknown;
};

export type PublishRequest = {
  document: CourseDocument;
  /** grandfather: what was opened stays open. relock: the new rules apply to everyone at once. */
  policy?: "grandfather" | "relock";
  note?: string | null;
};

export type CourseDocument = {
  slug: string;
  title:
    | string
    | {
        en: string;
        zh?: string;
      }
    | {
        en?: string;
        zh: string;
      };
  options?: CourseOptions;
  chapters?: ChapterDocument[];
  /** Problems that stand in no chapter. */
  problems?: ProblemDocument[];
};

export type CourseOptions = {
  sequential?: boolean;
  tutorial?: string | null;
  sticky?: boolean;
  problems_follow_chapter?: boolean;
  open_enrollment?: boolean;
};

export type ChapterDocument = {
  id: string;
  title:
    | string
    | {
        en: string;
        zh?: string;
      }
    | {
        en?: string;
        zh: string;
      };
  status?: "draft" | "beta" | "active" | "deprecated";
  rule?: Rule;
  /** Markdown; a learner receives it only when the item is open. */
  content?:
    | string
    | {
        en: string;
        zh?: string;
      }
    | {
        en?: string;
        zh: string;
      }
    | null;
  problems?: ProblemDocument[];
};

/**
 * A tree of operators, one per object: all, any, at_least {count, of}, not, completed, attempted, score {item, min},
 * progress {of, min_percent}, from, until, after_enrollment {days}, after {item, days}, cohort.
 */
export type Rule = Record<string, unknown>;

export type ProblemDocument = {
  id: string;
  title:
    | string
    | {
        en: string;
        zh?: string;
      }
    | {
        en?: string;
        zh: string;
      };
  status?: "draft" | "beta" | "active" | "deprecated";
  rule?: Rule & (Record<string, unknown> | null);
  /** Markdown; a learner receives it only when the item is open. */
  content?:
    | string
    | {
        en: string;
        zh?: string;
      }
    | {
        en?: string;
        zh: string;
      }
    | null;
  difficulty?: number;
  answer?: AnswerKey;
};

export type AnswerKey =
  | {
      kind: "exact";
      values: string[];
      case_sensitive?: boolean;
    }
  | {
      kind: "numeric";
      value: number;
      tolerance?: number;
    }
  | {
      kind: "regex";
      pattern: string;
      case_sensitive?: boolean;
    }
  | null;

export type CourseVersion = {
  version: number;
  is_active: boolean;
  sha256: string;
  note: string | null;
  chapters: number;
  problems: number;
  warnings: {
    path: string;
    rule: string;
    message: string;
  }[];
  published_by: string;
  published_at: string;
};

export type Activation = {
  course: string;
  version: number;
  activation: number;
  created: boolean;
};

export type ActivateRequest = {
  /** grandfather: what was opened stays open. relock: the new rules apply to everyone at once. */
  policy?: "grandfather" | "relock";
};

export type ChapterRow = {
  id: string;
  title: string;
  order: number;
  status: "locked" | "unlocked" | "started" | "completed";
  item_status: "draft" | "beta" | "active" | "deprecated";
  prerequisite_progress: PrerequisiteProgress;
  unlock_condition_description: string;
  completed_at: string | null;
  is_locked: boolean;
  problems_completed: number;
  problems_total: number;
};

export type PrerequisiteProgress = {
  met: number;
  total: number;
  percent: number;
};

export type Snapshot = {
  version: number;
  source: "snapshot" | "recomputed" | "realtime" | "staff";
  computed_at: string;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  engine: number;
  valid_until: string | null;
  stale_since?: string;
};

export type ProblemRow = {
  id: string;
  title: string;
  order: number;
  status: "locked" | "unlocked" | "started" | "completed";
  item_status: "draft" | "beta" | "active" | "deprecated";
  prerequisite_progress: PrerequisiteProgress;
  unlock_condition_description: string;
  completed_at: string | null;
  chapter_id: string | null;
  difficulty: number;
  is_unlocked: boolean;
  best_score: number | null;
};

export type ChapterDetail = ChapterRow & {
  content: string | null;
  snapshot: Snapshot;
};

export type ProblemDetail = ProblemRow & {
  content: string | null;
  snapshot: Snapshot;
};

export type Unlocks = {
  states: Record<string, "locked" | "unlocked" | "started" | "completed">;
  snapshot: Snapshot;
};

export type Explanation = {
  item: string;
  is_locked: boolean;
  reasons: Reason[];
  to_unlock: Step[] | null;
  do_next: Step[];
  sentence: {
    en: string;
    zh: string;
  };
  snapshot: Snapshot;
};

export type Reason = {
  code:
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
  item?: string;
  title?: string;
  required?: number | string;
  actual?: number | string | null;
  remaining?: number;
  available_at?: string | null;
};

export type Step = {
  action: "complete" | "attempt" | "score" | "wait";
  item?: string;
  title?: string;
  min_score?: number;
  until?: string;
};

export type AudienceRow = {
  user_id: string;
  enrollment_id: string;
  is_open: boolean;
  status: "locked" | "unlocked" | "started" | "completed";
  reasons: Reason[];
};

export type WriteAnswer = {
  enrollment_id: string;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
  /** Items that opened by this write; never one that was open. */
  unlocked: string[];
  locked: string[];
};

export type SubmissionAnswer = {
  enrollment_id: string;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
  /** Items that opened by this write; never one that was open. */
  unlocked: string[];
  locked: string[];
  submission_id: string;
  item: string;
  status: "pending" | "passed" | "failed";
  score: number | null;
  feedback: string | null;
};

export type NewSubmission = {
  answer: string;
};

export type Verdict = {
  passed: boolean;
  score: number;
  feedback?: string | null;
};

export type ImportResult = {
  results: ImportOutcome[];
  recorded: number;
  deltas: {
    enrollment_id: string;
    unlocked: string[];
    locked: string[];
  }[];
};

export type ImportOutcome = {
  index: number;
  outcome: "recorded" | "unchanged" | "superseded" | "item_not_found" | "not_enrolled" | "in_future" | "unavailable";
  progress_seq: number | null;
};

export type ImportRequest = {
  facts: ImportedFact[];
};

export type ImportedFact = {
  user_id: string;
  item: string;
  completed?: boolean;
  score?: number | null;
  /** When it happened. */
  at: string;
};

export type PendingSubmission = {
  id: string;
  enrollment_id: string;
  item: string;
  answer: string;
  submitted_at: string;
};

export type EnrollRequest = {
  user_id?: string;
  cohorts?: string[];
  practice_mode?: boolean;
};

export type EnrollmentRow = {
  id: string;
  user_id: string;
  enrolled_at: string;
  last_active_at: string;
  open_count: number;
  completed_count: number;
  item_count: number;
  is_stale: boolean;
  version: number;
  course_version: number;
};

export type EnrollmentDetail = {
  id: string;
  cohorts: string[];
  practice_mode: boolean;
  overrides: {
    item: string;
    kind: "unlock" | "lock" | "excuse" | "extend";
    reason: string;
    actor: string;
    created_at: string;
    expires_at: string | null;
    extend_to: string | null;
  }[];
  version: number;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  open_count: number;
  completed_count: number;
  item_count: number;
  outbox: {
    rows: number;
    oldest_ms: number;
  };
};

export type PolicyChange = {
  cohorts?: string[] | null;
  practice_mode?: boolean | null;
};

export type OverrideRequest = {
  kind: "unlock" | "lock" | "excuse" | "extend";
  reason: string;
  expires_at?: string | null;
  extend_to?: string | null;
};

export type Revocation = {
  item: string;
  reason: string;
};

export type Freshness = {
  /** Snapshots in doubt that the sweeps have not brought up to date yet. */
  stale: {
    snapshots: number;
    oldest_at: string | null;
  };
  /** Courses whose learners are still being marked, after a publish or a doubt. */
  marking: {
    course_id: string;
    reason: string;
    requested_at: string;
  }[];
  queues: {
    queue: string;
    /** Null when the queue did not say. */
    messages: number | null;
    oldest_at: string | null;
  }[];
  dead_letters: number;
  /** Reads whose snapshot differed from a second evaluation from D1. */
  divergences: {
    last_day: number;
    newest: {
      enrollment_id: string;
      detected_at: string;
      items: number;
    }[];
  };
};

export type ArchivedEvent = {
  /** Position in the receiver's log, as its publisher was told. */
  id: string;
  /** Null: everybody. */
  user_id: string | null;
  type:
    | "unlock.changed"
    | "task.progress-started"
    | "task.progress-updated"
    | "task.progress-completed"
    | "task.progress-failed"
    | "content.novel-created"
    | "content.chapter-updated"
    | "system.notification"
    | "system.error"
    | "workflow.status-changed";
  at: string;
  level: "info" | "warning" | "error";
  priority: "low" | "normal" | "high";
  data: Record<string, unknown>;
};

export type PublishedEvents = {
  results: {
    key: string | null;
    user?: string;
    status: "stored" | "duplicate" | "coalesced" | "merged" | "unavailable";
    id: string | null;
  }[];
};

export type Event = {
  /** Where a reader is after this event, in both logs; the cursor. */
  id: string;
  /** The event itself: the same wherever and whenever it is read. */
  ref: string;
  type:
    | "unlock.changed"
    | "task.progress-started"
    | "task.progress-updated"
    | "task.progress-completed"
    | "task.progress-failed"
    | "content.novel-created"
    | "content.chapter-updated"
    | "system.notification"
    | "system.error"
    | "workflow.status-changed";
  at: string;
  level: "info" | "warning" | "error";
  priority: "low" | "normal" | "high";
  data: Record<string, unknown>;
};

export type EventPreferences = {
  min_level?: "info" | "warning" | "error";
  min_priority?: "low" | "normal" | "high";
  muted_types?: (
    | "unlock.changed"
    | "task.progress-started"
    | "task.progress-updated"
    | "task.progress-completed"
    | "task.progress-failed"
    | "content.novel-created"
    | "content.chapter-updated"
    | "system.notification"
    | "system.error"
    | "workflow.status-changed"
  )[];
};

export type PublishEvents = {
  events: (
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "task.progress-started";
        data: {
          task_id: string;
          kind: string;
          title?: string;
          total?: number;
          timeout_s?: number;
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "task.progress-updated";
        data: {
          task_id: string;
          done: number;
          total?: number;
          message?: string;
          heartbeat?: boolean;
          running_s?: number;
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "task.progress-completed";
        data: {
          task_id: string;
          result?: unknown;
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "task.progress-failed";
        data: {
          task_id: string;
          error: {
            code: string;
            message: string;
          };
          retry: {
            advised: boolean;
            after_s?: number;
            attempts_left?: number;
          };
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "content.novel-created";
        data: {
          novel_id: string;
          title: string;
          url?: string;
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "content.chapter-updated";
        data: {
          course_id: string;
          course_version: number;
          items: string[];
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "system.notification";
        data: {
          title: string;
          body?: string;
          url?: string;
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "system.error";
        data: {
          code: string;
          summary: string;
          ref?: string;
        };
      }
    | {
        key?: string;
        to:
          | {
              user: string;
            }
          | {
              users: string[];
            }
          | {
              everyone: true;
              roles?: ("learner" | "author" | "service" | "admin")[];
            };
        level?: "info" | "warning" | "error";
        priority?: "low" | "normal" | "high";
        type: "workflow.status-changed";
        data: {
          workflow_id: string;
          from?: string;
          to: string;
          detail?: string;
        };
      }
  )[];
};

export type EventsHealth = {
  status: "ok" | "degraded";
  streams: {
    /** Open now, everywhere; those of shards that answered. */
    open: number;
    shards: number;
    shards_unreachable: number;
  };
  /** Of the isolate that answers; lag is from the log to a stream's queue, last minute. */
  isolate: {
    open: number;
    opened: number;
    resumed: number;
    reset: number;
    refused: number;
    evicted: number;
    lagged: number;
    closed: number;
    delivered: number;
    collapsed: number;
    lag_ms: {
      p50: number;
      p95: number;
      p99: number;
    } | null;
  };
  /** Null when the broadcast log does not answer. */
  broadcast: {
    head: string;
    oldest_undelivered_ms: number;
    shards_behind: number;
  } | null;
  archive: {
    state: "ok" | "unavailable";
    newest_at: string | null;
    detail?: string;
  };
};

export type BatchAnswer = {
  results: {
    id: string;
    status: "created" | "updated" | "duplicate" | "stale" | "invalid";
    error?: {
      rule: string;
      message: string;
      path?: string;
    };
  }[];
  accepted: number;
  rejected: number;
  /** Everything up to this number is durable; `flush` answers the same kind. */
  journal_seq: number;
};

export type StoredTranslationSession = TranslationSession & {
  created_at: string;
  updated_at: string;
};

export type TranslationSession = {
  session_id: string;
  /** Counts up with each change of the item; of each item the highest version stays, whatever order they come in. */
  version: number;
  status: "pending" | "processing" | "completed" | "failed" | "cancelled";
  title?: string;
  source_language: string;
  target_language: string;
  total_tasks?: number;
  metadata?: Record<string, unknown>;
  expires_at?: string | null;
};

export type StoredTranslationTask = {
  task_id: string;
  session_id: string;
  /** Counts up with each change of the item; of each item the highest version stays, whatever order they come in. */
  version: number;
  status: "pending" | "processing" | "completed" | "failed" | "cancelled";
  position?: number;
  source_text: string;
  translated_text?: string | null;
  error?: string | null;
  metadata?: Record<string, unknown>;
  created_at: string;
  updated_at: string;
};

export type ParkedItem = {
  id: string;
  kind: "session" | "task";
  /** What the backend said of it. */
  error: string | null;
  attempts: number;
  accepted_at: string;
  parked_at: string;
};

export type File = {
  id: string;
  /** Whose file it is. */
  user_id: string;
  name: string;
  content_type: string;
  size: number;
  /** Null while it is neither announced nor known. */
  sha256: string | null;
  state: "pending" | "ready";
  created_at: string;
  ready_at: string | null;
  expires_at: string | null;
};

export type UploadAddress = {
  file: File;
  upload: {
    method: "PUT";
    url: string;
    headers: Record<string, string>;
    expires_at: string;
    /** automatic: the PUT makes the file ready. call: say so at /storage/files/{id}/complete. */
    completion: "automatic" | "call";
  };
};

export type AnnouncedFile = {
  name: string;
  content_type:
    | "application/gzip"
    | "application/json"
    | "application/octet-stream"
    | "application/pdf"
    | "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    | "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    | "application/x-ndjson"
    | "application/zip"
    | "audio/mpeg"
    | "audio/ogg"
    | "audio/wav"
    | "image/avif"
    | "image/gif"
    | "image/jpeg"
    | "image/png"
    | "image/webp"
    | "text/csv"
    | "text/markdown"
    | "text/plain"
    | "video/mp4"
    | "video/webm";
  size: number;
  sha256: string;
  expires_at?: string | null;
};

export type AuditEntry = {
  seq: number;
  action: string;
  occurred_at: string;
  received_at: string;
  actor: {
    id: string;
    role: string;
  };
  target: {
    type: string;
    id: string;
  };
  course: string | null;
  enrollment: string | null;
  request_id: string | null;
  outcome: string;
  details: Record<string, unknown>;
  /** Null: Latchkey has seen it itself. */
  reported_by: string | null;
  hash: string;
};

export type AuditStats = {
  chain: string;
  first_seq: number;
  last_seq: number;
  last_hash: string;
  actions: {
    action: string;
    outcome: string;
    entries: number;
  }[];
  unprojected: number;
  oldest_unprojected_ms: number;
  projection_error: string | null;
  last_head: {
    number: number;
    seq: number;
    at: string;
  } | null;
  heads_unstored: number;
  head_conflicts: number;
  purges: number;
  is_purging: boolean;
  outbox: {
    waiting: number;
    refused: number;
  };
};

export type AuditVerification = {
  /** No break in this page. */
  intact: boolean;
  entries: number;
  from_seq: number;
  to_seq: number;
  breaks: {
    kind:
      | "edited"
      | "moved"
      | "link"
      | "gap"
      | "start_missing"
      | "tail_missing"
      | "head_mismatch"
      | "head_missing"
      | "head_forged"
      | "purge_forged"
      | "purge_unrecorded"
      | "projection_differs";
    from_seq: number;
    to_seq: number;
    detail: string;
  }[];
  projection: "compared" | "unavailable";
  next_cursor: string | null;
};

export type AuditPurge = {
  /** Entries received before it may go; a year ago at the latest. */
  before: string;
};

export type InsightSchedule = {
  /** What is taught; runs of it are compared. */
  module: string;
  /** The term; later ones sort behind earlier ones. */
  period: string;
  starts_at: string;
  length_days: number;
  assessments: {
    item: string;
    /** Day of the course; null where there is none. */
    due: number | null;
    weight: number;
    is_exam?: boolean;
  }[];
};

export type InsightLearners = {
  learners: {
    user_id: string;
    registered?: number | null;
    withdrawn?: number | null;
    attempts?: number;
    credits?: number;
    /** Null while the outcome is unknown. */
    passed?: boolean | null;
  }[];
};

export type InsightExclusion = {
  excluded: boolean;
};

export type InsightPrediction = {
  enrollment_id: string;
  user_id: string;
  probability_of_passing: number;
  /** Less likely than not to pass. */
  is_at_risk: boolean;
  /** Day of the course the prediction is about. */
  day: number;
  predicted_at: string;
  /** backtest: about a course that is over, made as if on that day, from what was known then. */
  kind: "live" | "backtest";
  reasons: {
    reason: string;
    /** Part of the log-odds of passing; negative speaks for a risk. */
    weight: number;
    sentence: string;
  }[];
  summary: string;
  advice: string | null;
  outcome: "passed" | "not_passed" | null;
  model: string;
};

export type InsightLineage = {
  /** OpenLineage run events, oldest job first. */
  events: {
    eventType: "START" | "COMPLETE" | "FAIL";
    eventTime: string;
    run: {
      runId: string;
      facets?: Record<string, Record<string, unknown>>;
    };
    job: {
      namespace: string;
      name: string;
    };
    inputs: {
      namespace: string;
      name: string;
      facets?: Record<string, Record<string, unknown>>;
    }[];
    outputs: {
      namespace: string;
      name: string;
      facets?: Record<string, Record<string, unknown>>;
    }[];
    producer: string;
    schemaURL: string;
  }[];
  snapshot: {
    sha256: string;
    parts: number;
  };
  /** Each content was read again just now and has the hash that was written down. */
  verified: {
    model: boolean;
    manifest: boolean;
    parts: boolean;
    course_in_snapshot: boolean;
  };
};

export type InsightModel = {
  hash: string;
  alias: "champion" | "challenger" | null;
  created_at: string;
  promoted_at: string | null;
  decision: string;
  run_id: string;
  data_hash: string;
  code_version: string;
  metrics: {
    train: string[];
    test: string[];
    rows: number[];
    blend: number;
    cut_offs: {
      share: number;
      model: {
        count: number;
        positive: number;
        majority: number;
        accuracy: {
          value: number;
          low: number;
          high: number;
        };
        auc: {
          value: number;
          low: number;
          high: number;
        };
        brier: number;
        calibration: {
          predicted: number;
          observed: {
            value: number;
            low: number;
            high: number;
          };
          count: number;
        }[];
      };
      plain: {
        count: number;
        positive: number;
        majority: number;
        accuracy: {
          value: number;
          low: number;
          high: number;
        };
        auc: {
          value: number;
          low: number;
          high: number;
        };
        brier: number;
        calibration: {
          predicted: number;
          observed: {
            value: number;
            low: number;
            high: number;
          };
          count: number;
        }[];
      };
    }[];
  };
};

export type InsightStatus = {
  runs: {
    id: string;
    cause: string;
    as_of: string;
    state: "running" | "done" | "failed";
    step: string;
    started_at: string;
    finished_at: string | null;
    error: string | null;
    note: string | null;
    data_hash: string | null;
    courses: number;
    predicted: number;
    cleaning: Record<string, number> | null;
    drift: {
      feature: string;
      shift: number;
      count: number;
    }[];
  }[];
  weeks: {
    kind: "live" | "backtest";
    week_start: string;
    total: number;
    correct: number;
  }[];
  ml_eval_total: number;
  ml_correct_total: number;
  champion_age_seconds: number | null;
  last_run_age_seconds: number | null;
  alarm: {
    code: string;
    priority: "P1" | "P2";
    accuracy: {
      value: number;
      low: number;
      high: number;
    };
    labels: number;
  } | null;
};

export type InsightRunRequest = {
  as_of?: string;
};

export type Presence = {
  course: string;
  present: number | null;
};

export type Erasure = {
  user_id: string;
  /** settling: everything found is gone; what was under way then is looked for once more at `next_at`. */
  state: "running" | "settling" | "done";
  /** Of the present pass. */
  steps: {
    name: string;
    done: boolean;
  }[];
  requested_at: string;
  /** Null: the user. */
  requested_by: string | null;
  next_at: string | null;
  /** Failures in a row of the present step. */
  attempts: number;
  error: string | null;
  finished_at: string | null;
};

export type DeadLetter = {
  id: string;
  queue: string;
  body?: unknown;
  attempts: number;
  failed_at: string;
};

export type ReadSwitch = {
  /** Share of the enrollments whose reads are evaluated from D1 instead of being asked of their objects. */
  realtime_percent: 0;
  reason: string;
  set_at: string | null;
};

export type ReadSwitchChange = {
  /** Share of the enrollments whose reads are evaluated from D1 instead of being asked of their objects. */
  realtime_percent: 0;
  reason: string;
};

export type Metric = {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  samples: {
    labels: Record<string, string>;
    value?: number;
    sum?: number;
    count?: number;
    /** Observations of at most `le`; null is without bound. */
    buckets?: {
      le: number | null;
      count: number;
    }[];
  }[];
};

export type Backup = {
  id: string;
  state: "running" | "finished" | "damaged";
  /** Everything acknowledged before this instant is in the backup. */
  mark: string;
  finished_at: string | null;
  rows: number;
  bytes: number;
  parts: number;
  /** Objects that could not be copied. */
  unreadable: number;
  verified_at: string | null;
};

export type BackupWork = {
  task: "backup" | "check" | "verify" | "restore";
  job: string;
  done: boolean;
  rows: number;
  /** Rows written after the mark about what was not there then. */
  left_out: number;
  /** Users' files whose bytes are not in this deployment's bucket. */
  missing_files: number;
  /** Since the job began. */
  ms: number;
};

/** Every operation by path and method. */
export interface Paths {
  "/api/v1/auth/sign-up": {
    /** Register as a learner */
    post: {
      body: {
        email: string;
        name: string;
        /** 10 to 128 characters. */
        password: string;
      };
      answer: SignedIn;
    };
  };
  "/api/v1/auth/sign-in": {
    /** Sign in by e-mail address and password */
    post: {
      body: {
        email: string;
        password: string;
      };
      answer: SignedIn;
    };
  };
  "/api/v1/auth/token": {
    /** Exchange a session for a new access token */
    post: {
      body: {
        session_token: string;
      };
      answer: Access;
    };
  };
  "/api/v1/auth/sign-out": {
    /** End a session */
    post: {
      body: {
        session_token: string;
      };
      answer: null;
    };
  };
  "/api/v1/auth/sessions": {
    /** List your sessions */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: Session[];
        next_cursor: string | null;
      };
    };
    /** Sign out everywhere */
    delete: {
      query: {
        /** All but this one. */
        keep_current?: "true" | "false";
      };
      answer: EndedSessions;
    };
  };
  "/api/v1/auth/sessions/{id}": {
    /** End one of your sessions */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/auth/password": {
    /** Change your password; every other session ends */
    post: {
      body: {
        password: string;
        /** 10 to 128 characters. */
        new_password: string;
      };
      answer: EndedSessions;
    };
  };
  "/api/v1/users": {
    /** List users by id */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        role?: "learner" | "author" | "service" | "admin";
        /** Only who is banned now, or only who is not. */
        banned?: "true" | "false";
      };
      answer: {
        results: User[];
        next_cursor: string | null;
      };
    };
    /** Create a user with a role */
    post: {
      body: {
        /** Default: a random one. */
        id?: string;
        email: string;
        name: string;
        role: "learner" | "author" | "service" | "admin";
        /** Without one the user cannot sign in by password. */
        password?: string;
      };
      answer: User;
    };
  };
  "/api/v1/users/{id}/sessions": {
    /** End every session of a user */
    delete: {
      path: {
        id: string;
      };
      answer: EndedSessions;
    };
  };
  "/api/v1/users/{id}": {
    /** Read a user */
    get: {
      path: {
        id: string;
      };
      answer: User;
    };
    /** Change a user */
    patch: {
      path: {
        id: string;
      };
      body: {
        name?: string;
        /** Admins only. */
        role?: "learner" | "author" | "service" | "admin";
        /** Admins only. Null lifts a ban. */
        ban?: {
          reason: string;
          /** Default: until lifted. */
          until?: string;
        } | null;
      };
      answer: User;
    };
    /** Erase a user and everything held about them */
    delete: {
      path: {
        id: string;
      };
      body?: {
        /** Your own; needed to erase yourself. */
        password?: string;
      };
      answer: Erasure;
    };
  };
  "/api/v1/courses": {
    /** List courses */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: {
        results: Course[];
        next_cursor: string | null;
      };
    };
    /** Create a course without a version yet */
    post: {
      body: NewCourse;
      answer: Course;
    };
  };
  "/api/v1/courses/{course}": {
    /** Read a course */
    get: {
      path: {
        course: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: Course;
    };
  };
  "/api/v1/courses/{course}/versions": {
    /** List versions, newest first */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: CourseVersion[];
        next_cursor: string | null;
      };
    };
    /** Publish a document as the next version, or (dry_run) only say what that would do */
    post: {
      path: {
        course: string;
      };
      query: {
        dry_run?: "true" | "false";
      };
      body: PublishRequest;
      answer: PublishedVersion | PublishImpact | PublishedVersion;
    };
  };
  "/api/v1/courses/{course}/versions/{version}": {
    /** The document of one version, as it was published */
    get: {
      path: {
        course: string;
        version: number;
      };
      answer: {
        slug: string;
        [extra: string]: unknown;
      };
    };
  };
  "/api/v1/courses/{course}/versions/{version}/activate": {
    /** Make an existing version the active one */
    post: {
      path: {
        course: string;
        version: number;
      };
      body?: ActivateRequest;
      answer: Activation;
    };
  };
  "/api/v1/courses/{course}/chapters": {
    /** Chapters of a course with their locks */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Never answer from before this progress_seq, which a write returned: read-your-writes. */
        min_seq?: number | null;
        /** Answer for another instant: the past as it was, the future as it stands. */
        at?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
      };
      answer: {
        results: ChapterRow[];
        next_cursor: string | null;
        snapshot: Snapshot;
      };
    };
  };
  "/api/v1/courses/{course}/problems": {
    /** Problems of a course with their locks */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Never answer from before this progress_seq, which a write returned: read-your-writes. */
        min_seq?: number | null;
        /** Answer for another instant: the past as it was, the future as it stands. */
        at?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
      };
      answer: {
        results: ProblemRow[];
        next_cursor: string | null;
        snapshot: Snapshot;
      };
    };
  };
  "/api/v1/chapters/{chapter}/problems": {
    /** Problems of one chapter with their locks */
    get: {
      path: {
        chapter: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Never answer from before this progress_seq, which a write returned: read-your-writes. */
        min_seq?: number | null;
        /** Answer for another instant: the past as it was, the future as it stands. */
        at?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
      };
      answer: {
        results: ProblemRow[];
        next_cursor: string | null;
        snapshot: Snapshot;
      };
    };
  };
  "/api/v1/courses/{course}/chapters/{chapter}": {
    /** One chapter with its content */
    get: {
      path: {
        course: string;
        chapter: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Never answer from before this progress_seq, which a write returned: read-your-writes. */
        min_seq?: number | null;
        /** Answer for another instant: the past as it was, the future as it stands. */
        at?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
      };
      answer: ChapterDetail;
    };
  };
  "/api/v1/problems/{problem}": {
    /** One problem with its statement */
    get: {
      path: {
        problem: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Never answer from before this progress_seq, which a write returned: read-your-writes. */
        min_seq?: number | null;
        /** Answer for another instant: the past as it was, the future as it stands. */
        at?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
      };
      answer: ProblemDetail;
    };
  };
  "/api/v1/courses/{course}/unlocks": {
    /** State of every visible item by id */
    get: {
      path: {
        course: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Never answer from before this progress_seq, which a write returned: read-your-writes. */
        min_seq?: number | null;
        /** Answer for another instant: the past as it was, the future as it stands. */
        at?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
      };
      answer: Unlocks;
    };
  };
  "/api/v1/courses/{course}/items/{item}/why": {
    /** Why an item is locked: every failing condition, and the least there is to do */
    get: {
      path: {
        course: string;
        item: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Never answer from before this progress_seq, which a write returned: read-your-writes. */
        min_seq?: number | null;
        /** Answer for another instant: the past as it was, the future as it stands. */
        at?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
      };
      answer: Explanation;
    };
  };
  "/api/v1/courses/{course}/items/{item}/audience": {
    /** Who can open an item, and who is blocked on it by what */
    get: {
      path: {
        course: string;
        item: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        state?: "open" | "blocked" | "any";
      };
      answer: {
        results: AudienceRow[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/chapters/{chapter}/mark_as_completed": {
    /** Mark a chapter as completed */
    post: {
      path: {
        course: string;
        chapter: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body?: Record<string, never>;
      answer: WriteAnswer;
    };
  };
  "/api/v1/problems/{problem}/submissions": {
    /** Submit an answer; judged at once if the problem has an answer key, else pending */
    post: {
      path: {
        problem: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: NewSubmission;
      answer: SubmissionAnswer;
    };
  };
  "/api/v1/submissions/{submission}/verdict": {
    /** Judge a pending submission */
    post: {
      path: {
        submission: string;
      };
      body: Verdict;
      answer: SubmissionAnswer;
    };
  };
  "/api/v1/progress/import": {
    /** Record facts that happened elsewhere, also on locked items: up to 1,000 for many learners */
    post: {
      body: ImportRequest;
      answer: ImportResult;
    };
  };
  "/api/v1/submissions/pending": {
    /** Submissions that wait for a verdict, oldest first, as D1 mirrors them */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: PendingSubmission[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/enrollments": {
    /** List active enrollments, as D1 mirrors them */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: EnrollmentRow[];
        next_cursor: string | null;
      };
    };
    /** Enroll */
    post: {
      path: {
        course: string;
      };
      body?: EnrollRequest;
      answer: WriteAnswer;
    };
    /** Withdraw; the progress is kept for 30 days */
    delete: {
      path: {
        course: string;
      };
      query: {
        user_id?: string;
      };
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}": {
    /** Policy, overrides and outbox of one enrollment */
    get: {
      path: {
        enrollment: string;
      };
      answer: EnrollmentDetail;
    };
    /** Change cohorts or practice mode */
    patch: {
      path: {
        enrollment: string;
      };
      body: PolicyChange;
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/overrides/{item}": {
    /** Unlock, lock, excuse or extend one item for one learner */
    put: {
      path: {
        enrollment: string;
        item: string;
      };
      body: OverrideRequest;
      answer: WriteAnswer;
    };
    /** Remove the override of one item */
    delete: {
      path: {
        enrollment: string;
        item: string;
      };
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/revocations": {
    /** Take back everything the learner did with one item */
    post: {
      path: {
        enrollment: string;
      };
      body: Revocation;
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/rebuild": {
    /** Merge what D1 knows into the object; restores one that lost its storage */
    post: {
      path: {
        enrollment: string;
      };
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/stale": {
    /** Doubt a snapshot: the next read recomputes it */
    post: {
      path: {
        enrollment: string;
      };
      answer: {
        stale: boolean;
      };
    };
  };
  "/api/v1/courses/{course}/stale": {
    /** Doubt every snapshot of a course: the sweeps recompute them */
    post: {
      path: {
        course: string;
      };
      answer: {
        course: string;
      };
    };
  };
  "/api/v1/system/freshness": {
    /** What is late or in doubt: stale snapshots, marks, queues, dead letters, divergences */
    get: {
      answer: Freshness;
    };
  };
  "/api/v1/events/archive": {
    /** Important events of the last seven days, oldest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        user_id?: string;
        type?:
          | "unlock.changed"
          | "task.progress-started"
          | "task.progress-updated"
          | "task.progress-completed"
          | "task.progress-failed"
          | "content.novel-created"
          | "content.chapter-updated"
          | "system.notification"
          | "system.error"
          | "workflow.status-changed";
      };
      answer: {
        results: ArchivedEvent[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/events/archive/{id}/replay": {
    /** Send an archived event to its receivers once more, as a new event */
    post: {
      path: {
        id: string;
      };
      answer: PublishedEvents;
    };
  };
  "/api/v1/auth/sse-token": {
    /** A token that opens one event stream within 60 s */
    post: {
      answer: {
        sse_token: string;
        expires_in: number;
        stream_url: string;
      };
    };
  };
  "/api/v1/events/history": {
    /** What the stream sent, oldest first: for catching up and for polling on the same cursor */
    get: {
      query: {
        limit?: number;
        /**
         * Id of the last frame handled; the stream goes on after it. Default: the oldest kept. "latest": only where to
         * go on from now.
         */
        since_id?: string;
      };
      answer: {
        results: Event[];
        cursor: string;
        next_cursor: string | null;
        recovered: boolean;
        reset_reason: "expired" | "unknown" | "rewound" | null;
      };
    };
  };
  "/api/v1/events/preferences": {
    /** Which events the caller receives */
    get: {
      answer: EventPreferences;
    };
    /** Set which events the caller receives; open streams follow at once */
    put: {
      body: EventPreferences;
      answer: EventPreferences;
    };
  };
  "/api/v1/events/publish": {
    /** Publish events to users or to everybody, up to 500 at once */
    post: {
      body: PublishEvents;
      answer: PublishedEvents;
    };
  };
  "/api/v1/events/health": {
    /** Streams, delivery lag, what is still to be delivered, what storage says */
    get: {
      answer: EventsHealth;
    };
  };
  "/api/v1/translation/sessions/batch": {
    /** Write up to 1,000 sessions of one owner; what is acknowledged is durable */
    post: {
      body: {
        /** Each a TranslationSession, all of one owner. One that breaks a rule is refused alone. */
        sessions: unknown[];
      };
      answer: BatchAnswer;
    };
  };
  "/api/v1/translation/tasks/batch": {
    /** Write up to 1,000 tasks of one owner's sessions; what is acknowledged is durable */
    post: {
      body: {
        /** Each a TranslationTask, all of one owner. One that breaks a rule is refused alone. */
        tasks: unknown[];
      };
      answer: BatchAnswer;
    };
  };
  "/api/v1/translation/flush": {
    /** Store everything that waits in the journal, and answer when it is done */
    post: {
      query: {
        owner?: string;
      };
      answer: {
        journals: {
          journal: number;
          journal_seq: number;
          pending: number;
        }[];
      };
    };
  };
  "/api/v1/translation/sessions/{id}": {
    /** A session as last acknowledged, with its tasks by state */
    get: {
      path: {
        id: string;
      };
      answer: StoredTranslationSession & {
        tasks: {
          pending?: number;
          processing?: number;
          completed?: number;
          failed?: number;
          cancelled?: number;
        };
      };
    };
    /** Delete a session with all its tasks, everywhere and for good */
    delete: {
      path: {
        id: string;
      };
      answer: {
        id: string;
        deleted: boolean;
      };
    };
  };
  "/api/v1/translation/sessions/cleanup": {
    /** Delete sessions that have expired, or that ended before an instant */
    post: {
      body: {
        ended_before?: string;
        limit?: number;
      };
      answer: {
        deleted: string[];
        more: boolean;
      };
    };
  };
  "/api/v1/translation/sessions": {
    /** Sessions, filtered and sorted */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Services and admins; others see their own. */
        owner?: string;
        status?: "pending" | "processing" | "completed" | "failed" | "cancelled";
        source_language?: string;
        target_language?: string;
        sort?: "created_at" | "updated_at";
        order?: "asc" | "desc";
      };
      answer: {
        results: StoredTranslationSession[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/translation/sessions/{id}/tasks": {
    /** Tasks of a session, as last acknowledged */
    get: {
      path: {
        id: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        status?: "pending" | "processing" | "completed" | "failed" | "cancelled";
        sort?: "position" | "updated_at";
        order?: "asc" | "desc";
      };
      answer: {
        results: StoredTranslationTask[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/translation/tasks": {
    /** Tasks of all sessions, in the order of their last change */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        owner?: string;
        status?: "pending" | "processing" | "completed" | "failed" | "cancelled";
        order?: "asc" | "desc";
      };
      answer: {
        results: StoredTranslationTask[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/translation/tasks/{id}": {
    /** A task as last acknowledged */
    get: {
      path: {
        id: string;
      };
      answer: StoredTranslationTask;
    };
  };
  "/api/v1/translation/stats": {
    /** What the journals hold, and what they have stored */
    get: {
      answer: {
        pending: number;
        parked: number;
        oldest_pending_ms: number;
        acknowledged: number;
        duplicates: number;
        persisted: number;
        purges: number;
        last_flush_at: string | null;
        errors: {
          journal: number;
          error: string;
        }[];
        backends: Record<
          string,
          {
            status: "ok" | "unavailable";
            latency_ms: number;
          }
        >;
      };
    };
  };
  "/api/v1/translation/recovery/incomplete-sessions": {
    /** Sessions with work left, the longest untouched first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        owner?: string;
      };
      answer: {
        results: StoredTranslationSession[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/translation/search": {
    /** Tasks, or sessions, in whose texts words occur, the last changed first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** All of these words; Chinese, Japanese and Korean from one character on. */
        q: string;
        owner?: string;
        kind?: "task" | "session";
      };
      answer: {
        results: (StoredTranslationTask | StoredTranslationSession)[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/translation/parked": {
    /** Items a backend refuses to store, those parked first before the others */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: ParkedItem[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/translation/parked/replay": {
    /** Take parked items up again */
    post: {
      body: {
        /** Default: all. */
        ids?: string[];
      };
      answer: {
        items: number;
      };
    };
  };
  "/api/v1/storage/files/upload": {
    /** Upload a file: the body is its bytes */
    post: {
      query: {
        name: string;
        expires_at?: string;
      };
      answer: File;
    };
  };
  "/api/v1/storage/files/upload-url": {
    /** An address that takes the bytes of one announced file, once */
    post: {
      body: AnnouncedFile;
      answer: UploadAddress;
    };
  };
  "/api/v1/storage/uploads/{token}": {
    /** Send the bytes of an announced file */
    put: {
      path: {
        token: string;
      };
      answer: File;
    };
  };
  "/api/v1/storage/files/{id}/complete": {
    /** Make a file ready whose bytes went straight to the bucket; harmless to repeat */
    post: {
      path: {
        id: string;
      };
      answer: File;
    };
  };
  "/api/v1/storage/files": {
    /** List files of one user, newest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Whose files; default your own. */
        user_id?: string;
      };
      answer: {
        results: File[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/storage/files/{id}": {
    /** What is known of a file */
    get: {
      path: {
        id: string;
      };
      answer: File;
    };
    /** Delete a file, or give up an upload */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/storage/files/{id}/download": {
    /** The bytes of a file, whole or one range of them */
    get: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/audit/logs/batch": {
    /** Record up to 500 entries; what is acknowledged is durable and in the chain */
    post: {
      body: {
        /** Each a NewAuditEntry. One that breaks a rule is refused alone. */
        entries: unknown[];
      };
      answer: {
        results: {
          index: number;
          status: "created" | "duplicate" | "invalid";
          seq: number | null;
          hash: string | null;
          errors?: {
            path: string;
            rule: string;
            message: string;
          }[];
        }[];
        accepted: number;
        rejected: number;
      };
    };
  };
  "/api/v1/audit/logs": {
    /** Entries, filtered and searched, newest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        actor?: string;
        action?: string;
        /** Id of what was acted on. */
        target?: string;
        /** What happened in an enrollment. */
        enrollment?: string;
        target_type?: string;
        /** Received at this instant or later. */
        from?: string;
        /** Received before this instant. */
        to?: string;
        /** Words, all of which occur. Chinese needs no spaces. */
        q?: string;
      };
      answer: {
        results: AuditEntry[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/audit/stats": {
    /** The chain in numbers, and what waits */
    get: {
      answer: AuditStats;
    };
  };
  "/api/v1/audit/verify": {
    /** Check the next page of the chain against its hashes, the signed heads and the search database */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: AuditVerification;
    };
  };
  "/api/v1/audit/purge": {
    /** Remove the oldest entries up to a signed head, with a signed record of it */
    post: {
      body: AuditPurge;
      answer: {
        purged: {
          number: number;
          from_seq: number;
          to_seq: number;
          hash: string;
          entry_seq: number;
        } | null;
      };
    };
  };
  "/api/v1/courses/{course}/insight/schedule": {
    /** Let a course take part in early warning: when it runs and what is due when */
    put: {
      path: {
        course: string;
      };
      body: InsightSchedule;
      answer: {
        course: string;
        assessments: number;
      };
    };
  };
  "/api/v1/courses/{course}/insight/learners": {
    /** Tell registrations and outcomes: up to 1,000 learners; told again, the later words count */
    post: {
      path: {
        course: string;
      };
      body: InsightLearners;
      answer: {
        taken: number;
        not_enrolled: number;
      };
    };
  };
  "/api/v1/enrollments/{enrollment}/insight/exclusion": {
    /** Exclude a learner from early warning, or include them again */
    put: {
      path: {
        enrollment: string;
      };
      body: InsightExclusion;
      answer: {
        enrollment_id: string;
        excluded: boolean;
      };
    };
  };
  "/api/v1/courses/{course}/insight/at-risk": {
    /** Learners who are less likely than not to pass, the least likely first, with reasons and what to do */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Probability of passing below this. */
        below?: number | null;
      };
      answer: {
        results: InsightPrediction[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/enrollments/{enrollment}/insight": {
    /** Every prediction about one learner, the latest first */
    get: {
      path: {
        enrollment: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: {
        enrollment_id: string;
        predictions: InsightPrediction[];
      };
    };
  };
  "/api/v1/enrollments/{enrollment}/insight/lineage": {
    /** Where the latest prediction about a learner comes from, back to the data snapshot, hashes verified */
    get: {
      path: {
        enrollment: string;
      };
      answer: InsightLineage;
    };
  };
  "/api/v1/insight/models": {
    /** The model registry, newest first: what each learnt from, how it did, whether it predicts */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: InsightModel[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/insight/status": {
    /** Latest runs, what cleaning dropped, drift of each feature, accuracy by week, the alarm if there is one */
    get: {
      answer: InsightStatus;
    };
  };
  "/api/v1/insight/runs": {
    /** Start a run now, or as of an instant in the past */
    post: {
      body?: InsightRunRequest;
      answer: {
        run_id: string;
      };
    };
  };
  "/api/v1/courses/{course}/presence": {
    /** How many are here */
    get: {
      path: {
        course: string;
      };
      answer: Presence;
    };
    /** Say that I am here */
    post: {
      path: {
        course: string;
      };
      answer: Presence;
    };
  };
  "/api/v1/erasures/{user}": {
    /** How far an erasure is */
    get: {
      path: {
        user: string;
      };
      answer: Erasure;
    };
  };
  "/api/v1/system/dead-letters": {
    /** Messages that failed their last retry and were not replayed yet, oldest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: DeadLetter[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/system/dead-letters/{id}/replay": {
    /** Send a dead letter to its queue again */
    post: {
      path: {
        id: string;
      };
      answer: {
        id: string;
        queue: string;
      };
    };
  };
  "/api/v1/system/switches/realtime-reads": {
    /** Which share of reads goes past the objects, since when and why */
    get: {
      answer: ReadSwitch;
    };
    /** Send a share of the reads to the realtime path, without a deploy */
    put: {
      body: ReadSwitchChange;
      answer: ReadSwitch;
    };
  };
  "/api/v1/system/metrics": {
    /** The numbers of /metrics as JSON */
    get: {
      answer: {
        read_at: string;
        metrics: Metric[];
      };
    };
  };
  "/api/v1/system/backups": {
    /** Backups, oldest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: Backup[];
        next_cursor: string | null;
      };
    };
    /** Begin a backup, or join the one that is under way; it goes on by itself */
    post: {
      answer: Backup;
    };
  };
  "/api/v1/system/backups/{backup}": {
    /** One backup */
    get: {
      path: {
        backup: string;
      };
      answer: Backup;
    };
  };
  "/api/v1/system/backups/{backup}/work": {
    /** Work some seconds on taking, checking, verifying or restoring a backup; repeat until it is done */
    post: {
      path: {
        backup: string;
      };
      body: {
        /**
         * check opens every part. verify also restores it into an empty scratch store, compares and reads it. restore
         * fills this very deployment, which must hold nothing.
         */
        task: "backup" | "check" | "verify" | "restore";
        /** `job` of the answer before; without it a new one begins. */
        job?: string;
      };
      answer: BackupWork;
    };
  };
  "/api/v1/system/backups/{backup}/files/{file}": {
    /** Bring a file of a backup that was kept elsewhere; one that is there is never written over */
    put: {
      path: {
        backup: string;
        file: string;
      };
      answer: {
        created: boolean;
      };
    };
  };
}

/** Writes that an Idempotency-Key makes repeatable. */
export const KEYED_WRITES: ReadonlySet<string> = new Set([
  "POST /api/v1/users",
  "PATCH /api/v1/users/{id}",
  "POST /api/v1/courses",
  "POST /api/v1/courses/{course}/versions",
  "POST /api/v1/courses/{course}/versions/{version}/activate",
  "POST /api/v1/courses/{course}/chapters/{chapter}/mark_as_completed",
  "POST /api/v1/problems/{problem}/submissions",
  "POST /api/v1/submissions/{submission}/verdict",
  "POST /api/v1/progress/import",
  "POST /api/v1/courses/{course}/enrollments",
  "DELETE /api/v1/courses/{course}/enrollments",
  "PATCH /api/v1/enrollments/{enrollment}",
  "PUT /api/v1/enrollments/{enrollment}/overrides/{item}",
  "DELETE /api/v1/enrollments/{enrollment}/overrides/{item}",
  "POST /api/v1/enrollments/{enrollment}/revocations",
  "POST /api/v1/events/archive/{id}/replay",
  "PUT /api/v1/events/preferences",
  "POST /api/v1/events/publish",
  "POST /api/v1/translation/sessions/batch",
  "POST /api/v1/translation/tasks/batch",
  "POST /api/v1/storage/files/upload",
  "POST /api/v1/storage/files/upload-url",
  "POST /api/v1/audit/logs/batch",
  "POST /api/v1/audit/purge",
  "PUT /api/v1/courses/{course}/insight/schedule",
  "POST /api/v1/courses/{course}/insight/learners",
  "PUT /api/v1/enrollments/{enrollment}/insight/exclusion",
  "POST /api/v1/insight/runs",
  "POST /api/v1/system/dead-letters/{id}/replay",
]);
