// Written by `node scripts/client-types.ts` from the OpenAPI document; a test fails when the two differ.

/** What `data` of an event holds, by the event's type. */
export type EventData = {
  "unlock.changed": {
    enrollment_id: string;
    course_id: string;
    snapshot_version: number;
    /** Items that opened: with `locked` the exact difference. */
    unlocked: string[];
    locked: string[];
    cause: string;
    announced_at: string;
    /** Items with which the learner did something in the same commit; absent when none, or too many. */
    progressed?: string[];
  };
  "progress.changed": {
    enrollment_id: string;
    course_id: string;
    snapshot_version: number;
    /** Items whose facts changed; empty when they are too many to name. */
    items: string[];
    announced_at: string;
  };
  "submission.judged": {
    enrollment_id: string;
    course_id: string;
    submission_id: string;
    item: string;
    status: "passed" | "failed";
    score: number | null;
    judged_at: string;
  };
  "enrollment.changed": {
    enrollment_id: string;
    course_id: string;
    /** policy: cohorts, practice mode or an override. */
    change: "enrolled" | "returned" | "withdrawn" | "policy";
    status: "active" | "withdrawn";
    snapshot_version: number;
    announced_at: string;
  };
  "task.progress-started": {
    task_id: string;
    kind: string;
    title?: string;
    total?: number;
    timeout_s?: number;
  };
  "task.progress-updated": {
    task_id: string;
    done: number;
    total?: number;
    message?: string;
    heartbeat?: boolean;
    running_s?: number;
  };
  "task.progress-completed": {
    task_id: string;
    result?: unknown;
  };
  "task.progress-failed": {
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
  "content.novel-created": {
    novel_id: string;
    title: string;
    url?: string;
  };
  "content.chapter-updated": {
    course_id: string;
    course_version: number;
    items: string[];
  };
  "system.notification": {
    title: string;
    body?: string;
    url?: string;
  };
  "system.error": {
    code: string;
    summary: string;
    ref?: string;
  };
  "workflow.status-changed": {
    workflow_id: string;
    from?: string;
    to: string;
    detail?: string;
  };
};

export type SocketMessage = {
  /** The type of an event, or `stream.…` for a frame about the stream. */
  event: string;
  /** The cursor after this frame. Absent: it stays. */
  id?: string;
  /** How long to wait before coming back, ms, from now on. */
  retry?: number;
  /** Send back the text "ack " and this number when you have it. */
  ack?: number;
  /** The envelope of an event, or the frame's own data. */
  data: Record<string, unknown>;
};

export type SignUpAccepted = {
  status: "accepted";
  detail: string;
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

export type Bootstrapped = {
  /** The first administrator, who signs in now. */
  user: User | null;
  /** For a day: restores a backup and reads what was restored, nothing else. */
  restore_token: string | null;
};

export type User = {
  id: string;
  /** Null: no account here; signs in with another provider. */
  email: string | null;
  name: string;
  role: "learner" | "author" | "service" | "admin";
  ban: {
    reason: string;
    until: string | null;
  } | null;
  created_at: string;
  updated_at: string;
};

export type SignedIn = Access & {
  /** Exchanged at /auth/token for new access tokens. Shown once; keep it secret. */
  session_token: string;
};

export type Access = {
  access_token: string;
  token_type: "Bearer";
  /** Seconds. */
  expires_in: number;
  user: User;
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

export type ShownServiceKey = ServiceKey & {
  /** The key. Shown this once; it is stored nowhere. */
  key: string;
};

export type ServiceKey = {
  id: string;
  name: string;
  /** What the key begins with: enough to find where it is used. */
  prefix: string;
  state: "active" | "expired" | "revoked";
  scopes: (
    | "read"
    | "facts"
    | "verdicts"
    | "enroll"
    | "overrides"
    | "insight"
    | "publish"
    | "records"
    | "files"
    | "audit"
    | "operate"
    | "backup"
  )[];
  /** Null: every course. */
  courses: string[] | null;
  created_by: string;
  created_at: string;
  expires_at: string;
  rotated_at: string | null;
  /** Until when the one before the last rotation counts; null: it does not. */
  previous_until: string | null;
  /** Day of the last use, not exact. */
  last_used_on: string | null;
  revoked_at: string | null;
};

export type LockedProblem = Problem & {
  code?: "locked";
  item: string;
  /** Every condition of the rule, in its order, and whether it holds. Empty when the item is open. */
  conditions: Condition[];
  /** Every condition that fails, in the order of the rule. Empty when the item is open. */
  reasons: Reason[];
  /**
   * The smallest list of things that opens the item, in an order in which each can be done when its turn comes; null
   * when nothing the learner does or waits for can. Waits are counted from now, as if all before them were done at
   * once.
   */
  to_unlock: Step[] | null;
  /** What of that can be done right now; where that is nothing, the first wait. */
  do_next: Step[];
  /** How the item stands at the instant that was asked for. */
  at?: {
    instant: string;
    is_locked: boolean;
    /** Every condition of the rule, in its order, and whether it holds. Empty when the item is open. */
    conditions: Condition[];
    /** Every condition that fails, in the order of the rule. Empty when the item is open. */
    reasons: Reason[];
    /**
     * The smallest list of things that opens the item, in an order in which each can be done when its turn comes; null
     * when nothing the learner does or waits for can. Waits are counted from now, as if all before them were done at
     * once.
     */
    to_unlock: Step[] | null;
    /** What of that can be done right now; where that is nothing, the first wait. */
    do_next: Step[];
    sentence: {
      en: string;
      zh: string;
    };
  };
  [extra: string]: unknown;
};

export type Condition = {
  met: boolean;
  item?: string;
  title?: string;
  text: {
    en: string;
    zh: string;
  };
};

export type Reason = {
  code:
    | "not_completed"
    | "not_attempted"
    | "score_too_low"
    | "score_too_high"
    | "not_scored"
    | "points_too_low"
    | "points_too_high"
    | "not_passed"
    | "not_viewed"
    | "not_submitted"
    | "not_marked"
    | "not_contributed"
    | "children_incomplete"
    | "progress_too_low"
    | "average_too_low"
    | "average_too_high"
    | "total_too_low"
    | "total_too_high"
    | "opens_later"
    | "closed"
    | "enrolled_too_recently"
    | "waiting_period"
    | "not_in_cohort"
    | "profile_differs"
    | "course_not_completed"
    | "missing"
    | "excluded"
    | "chapter_locked"
    | "previous_chapter_not_completed"
    | "tutorial_not_completed"
    | "locked_by_staff";
  item?: string;
  title?: string;
  /**
   * What is asked. A score or percentage is rounded up to two decimals, so that who has it has enough; what is compared
   * is not rounded.
   */
  required?: number | string;
  /**
   * What the learner has. A score is rounded down to two decimals, so never more than it is; a percentage to the
   * nearest.
   */
  actual?: number | string | null;
  /** What is missing of a score, rounded up to two decimals; how many items are missing of a progress. */
  remaining?: number;
  /** When waiting alone makes an end of it; null where it never does, or where it would not open the item. */
  available_at?: string | null;
  /** Of progress over a list, and of a chapter's items: those that are still to be done. */
  items?: string[];
  /** Of an item that has to be complete: what its own requirement still asks for. */
  missing?: MissingPart[];
};

export type MissingPart = {
  code:
    | "not_completed"
    | "not_attempted"
    | "score_too_low"
    | "score_too_high"
    | "not_scored"
    | "points_too_low"
    | "points_too_high"
    | "not_passed"
    | "not_viewed"
    | "not_submitted"
    | "not_marked"
    | "not_contributed"
    | "children_incomplete"
    | "progress_too_low"
    | "average_too_low"
    | "average_too_high"
    | "total_too_low"
    | "total_too_high"
    | "opens_later"
    | "closed"
    | "enrolled_too_recently"
    | "waiting_period"
    | "not_in_cohort"
    | "profile_differs"
    | "course_not_completed"
    | "missing"
    | "excluded"
    | "chapter_locked"
    | "previous_chapter_not_completed"
    | "tutorial_not_completed"
    | "locked_by_staff";
  item?: string;
  title?: string;
  /**
   * What is asked. A score or percentage is rounded up to two decimals, so that who has it has enough; what is compared
   * is not rounded.
   */
  required?: number | string;
  /**
   * What the learner has. A score is rounded down to two decimals, so never more than it is; a percentage to the
   * nearest.
   */
  actual?: number | string | null;
  /** What is missing of a score, rounded up to two decimals; how many items are missing of a progress. */
  remaining?: number;
  /** When waiting alone makes an end of it; null where it never does, or where it would not open the item. */
  available_at?: string | null;
  /** Of progress over a list, and of a chapter's items: those that are still to be done. */
  items?: string[];
};

export type Step = {
  action:
    | "complete"
    | "attempt"
    | "score"
    | "pass"
    | "view"
    | "submit"
    | "mark"
    | "contribute"
    | "complete_course"
    | "wait";
  item?: string;
  /** complete_course: another course. */
  course?: string;
  title?: string;
  /** Rounded up to two decimals: who scores it has enough. */
  min_score?: number;
  /** The score has to be less than this. */
  below_score?: number;
  /** Of a condition on points instead of a percentage. */
  min_points?: number;
  below_points?: number;
  until?: string;
};

export type CourseImport = {
  id: string;
  owner_id: string;
  format: "moodle" | "canvas" | "olx" | "prairielearn" | "cartridge" | "exercism";
  course: string;
  /** Of the archive. */
  name: string;
  /** Of the archive, bytes. */
  size: number;
  /** Of the archive, in hex. */
  sha256: string;
  state: "queued" | "reading" | "checking" | "done" | "failed";
  /** Of `size`, by the present attempt. */
  bytes_read: number;
  attempts: number;
  /** The draft, once it is stored. It is not active. */
  version: number | null;
  /** Gates and completion settings, by how exactly they came over; null until the archive was read. */
  counts: {
    exact: number;
    approximated: number;
    unmapped: number;
  } | null;
  has_report: boolean;
  /** Why it failed, or why the last attempt did: file, place, rule. */
  errors: {
    path: string;
    rule: string;
    message: string;
  }[];
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
};

export type CourseImportDetail = {
  id: string;
  owner_id: string;
  format: "moodle" | "canvas" | "olx" | "prairielearn" | "cartridge" | "exercism";
  course: string;
  /** Of the archive. */
  name: string;
  /** Of the archive, bytes. */
  size: number;
  /** Of the archive, in hex. */
  sha256: string;
  state: "queued" | "reading" | "checking" | "done" | "failed";
  /** Of `size`, by the present attempt. */
  bytes_read: number;
  attempts: number;
  /** The draft, once it is stored. It is not active. */
  version: number | null;
  /** Gates and completion settings, by how exactly they came over; null until the archive was read. */
  counts: {
    exact: number;
    approximated: number;
    unmapped: number;
  } | null;
  has_report: boolean;
  /** Why it failed, or why the last attempt did: file, place, rule. */
  errors: {
    path: string;
    rule: string;
    message: string;
  }[];
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** What activating the draft would do to the learners; null while there is none, or nobody has the course. */
  impact: Impact | null;
};

export type Impact = {
  /** Active enrollments of the course. */
  enrollments: number;
  /** How many of them were evaluated. */
  evaluated: number;
  /** Learners (of the evaluated ones) who would gain at least one item. */
  gaining: number;
  losing: number;
  /** How many learners would gain or lose each item. Items without a change are left out. */
  items: {
    item: string;
    gain: number;
    lose: number;
  }[];
  as_of: string;
  /** Enrollments whose every write so far is counted. */
  up_to_date: number;
  /** Enrollments that were not asked or did not answer: writes of the last seconds may be missing from their rows. */
  maybe_behind: number;
  [extra: string]: unknown;
};

export type ImportReport = {
  format: string;
  release: string;
  items: {
    source: string;
    id: string;
    kind: string;
    title: string;
  }[];
  gates: {
    /** File, and place in it, that says so. */
    source: string;
    /** What the source says, in its own terms. */
    rule?: unknown;
    /** What the course document says; null where it says nothing. */
    mapped?: unknown;
    verdict: "exact" | "approximated" | "unmapped";
    /** How it was approximated, or why it is not mapped. */
    why: string | null;
  }[];
  completion: {
    /** File, and place in it, that says so. */
    source: string;
    /** What the source says, in its own terms. */
    rule?: unknown;
    /** What the course document says; null where it says nothing. */
    mapped?: unknown;
    verdict: "exact" | "approximated" | "unmapped";
    /** How it was approximated, or why it is not mapped. */
    why: string | null;
  }[];
  content: {
    /** Things the source holds, by its own kinds. */
    elements: Record<string, number>;
    /** Items whose text came along. */
    texts: number;
    /** Uses of files in texts that lead to a file which came along. */
    attached: number;
    files: number;
    bytes: number;
    /** Questions by kind: judged by an answer key here, or elsewhere and why. */
    questions: {
      kind: string;
      judged: "here" | "elsewhere";
      count: number;
      why: string | null;
    }[];
    /** Cohorts that gates ask for, with what the source calls them. */
    cohorts: {
      name: string;
      title: string;
    }[];
    left_out: {
      what: string;
      count: number;
      why: string;
    }[];
    notes: {
      path: string;
      rule: string;
      message: string;
    }[];
  };
  counts: {
    exact: number;
    approximated: number;
    unmapped: number;
  };
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
  /** False when the active version already is this very document and nobody is to be relocked. */
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
  /**
   * The platform the course comes from, and its release: it chooses what differs between platforms, and what can never
   * open is a warning, because they allow it.
   */
  source?: {
    platform: "moodle" | "canvas" | "open_edx" | "prairielearn" | "common_cartridge" | "exercism";
    release: string;
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
  /** Nothing is open to learners before. */
  starts?: string;
  /** From then on no work is accepted, and everything is as readable as its rule says. An extension moves it. */
  ends?: string;
  /** Members of these cohorts see what begins so many days earlier. */
  beta?: {
    cohorts: string[];
    days: number;
  };
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
  completion?: Requirement;
  /** What kind of item it is: page, quiz, assignment, file, link, survey, ... Absent: chapter or problem. */
  kind?: string;
  /** From then on work is accepted; before, the item is as readable as its rule says (from Canvas: locked). */
  opens?:
    | string
    | {
        days: number;
      };
  /** What learners are told; it refuses nothing. */
  due?:
    | string
    | {
        days: number;
      };
  /** From then on no work is accepted, and the item is as readable as its rule says. An extension moves it. */
  closes?:
    | string
    | {
        days: number;
      };
  /**
   * `hidden`: learners know nothing of it, nor of what stands in it. `unlisted`: it opens by its id but stands in no
   * list, and is hidden while it is locked. Absent: shown.
   */
  visibility?: "shown" | "hidden" | "unlisted";
  /**
   * Whether it stays open once it was. `false`: it locks again with what opened it, and its rule asks for the grades
   * that count now. Absent: as the option `sticky` says.
   */
  keeps?: boolean;
  /**
   * Cohorts it is meant for, and all that stands in it. Nobody else sees it or is asked for it, in any rule or
   * percentage. Absent: meant for everybody.
   */
  assign_to?: string[];
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
 * A tree of operators, one per object: all, any, at_least {count, of}, not, completed, attempted, score {item, min,
 * below}, points {item, min, below}, state {item, is}, progress {of, min_percent}, from, until, after_enrollment
 * {days}, after {item, days}, average {of, min, below}, total {min, below}, previous {is}, viewed, submitted, cohort (a
 * name, {any_of} or {any}), profile {field, op, value}, course_completed, missing {what, name}, hide.
 */
export type Rule = Record<string, unknown>;

/** How it becomes complete. Absent: a chapter when it is marked, a problem when a submission passes. */
export type Requirement = Record<string, unknown>;

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
  completion?: Requirement;
  /** What kind of item it is: page, quiz, assignment, file, link, survey, ... Absent: chapter or problem. */
  kind?: string;
  /** From then on work is accepted; before, the item is as readable as its rule says (from Canvas: locked). */
  opens?:
    | string
    | {
        days: number;
      };
  /** What learners are told; it refuses nothing. */
  due?:
    | string
    | {
        days: number;
      };
  /** From then on no work is accepted, and the item is as readable as its rule says. An extension moves it. */
  closes?:
    | string
    | {
        days: number;
      };
  /**
   * `hidden`: learners know nothing of it, nor of what stands in it. `unlisted`: it opens by its id but stands in no
   * list, and is hidden while it is locked. Absent: shown.
   */
  visibility?: "shown" | "hidden" | "unlisted";
  /**
   * Whether it stays open once it was. `false`: it locks again with what opened it, and its rule asks for the grades
   * that count now. Absent: as the option `sticky` says.
   */
  keeps?: boolean;
  /**
   * Cohorts it is meant for, and all that stands in it. Nobody else sees it or is asked for it, in any rule or
   * percentage. Absent: meant for everybody.
   */
  assign_to?: string[];
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
  /** When the item accepts work, of items that say so; `closes` with the learner's extension. */
  window?: {
    opens: string | null;
    due: string | null;
    closes: string | null;
  };
  completion?: ItemCompletion;
  is_locked: boolean;
  problems_completed: number;
  problems_total: number;
};

export type PrerequisiteProgress = {
  met: number;
  total: number;
  percent: number;
};

export type ItemCompletion = {
  state: "incomplete" | "complete" | "passed" | "failed";
  /** The learner is asked to mark it as done. */
  takes_mark: boolean;
  /** What is still asked for; empty once it is complete. */
  missing: MissingPart[];
  /** The same in one sentence. */
  description: string;
};

export type Snapshot = {
  version: number;
  source: "snapshot" | "recomputed" | "realtime" | "staff" | "edge";
  computed_at: string;
  progress_seq: number;
  policy_seq: number;
  course_version: number;
  engine: number;
  valid_until: string | null;
  /** Set when the answer is known to be older than the course or the policy. */
  stale_since?: string;
  /** With the source `edge`: when the enrollment gave this answer. The header Age has the seconds since. */
  as_of?: string;
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
  /** When the item accepts work, of items that say so; `closes` with the learner's extension. */
  window?: {
    opens: string | null;
    due: string | null;
    closes: string | null;
  };
  completion?: ItemCompletion;
  chapter_id: string | null;
  difficulty: number;
  /** What kind of item it is: `problem` where the author says nothing else. */
  kind: string;
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
  /** Every condition of the rule, in its order, and whether it holds. Empty when the item is open. */
  conditions: Condition[];
  /** Every condition that fails, in the order of the rule. Empty when the item is open. */
  reasons: Reason[];
  /**
   * The smallest list of things that opens the item, in an order in which each can be done when its turn comes; null
   * when nothing the learner does or waits for can. Waits are counted from now, as if all before them were done at
   * once.
   */
  to_unlock: Step[] | null;
  /** What of that can be done right now; where that is nothing, the first wait. */
  do_next: Step[];
  sentence: {
    en: string;
    zh: string;
  };
  snapshot: Snapshot;
};

export type AudienceRow = {
  user_id: string;
  enrollment_id: string;
  is_open: boolean;
  /** The learner does not see it while it is locked. */
  is_hidden: boolean;
  status: "locked" | "unlocked" | "started" | "completed";
  reasons: Reason[];
};

export type Pass = {
  /** COSE_Sign1 in base64url, at most 1,024 characters. */
  pass: string;
  issued_at: string;
  valid_until: string;
  items_digest: string;
  snapshot: Snapshot;
};

export type RevokedPasses = {
  /** Every pass issued before is void. */
  issued_before: string | null;
  /** Passes of this learner of a lower snapshot version are void. */
  learners: {
    subject: string;
    before_version: number;
  }[];
};

export type ItemOrder = {
  items_digest: string;
  items: string[];
};

export type ItemContent = {
  id: string;
  content: string | null;
  course_version: number;
  decided_by: "rules" | "pass";
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
  /** Items that became complete by this write: what was done, and chapters that are complete by it. */
  completed?: string[];
};

export type IncompleteProblem = Problem & {
  code?: "incomplete";
  item: string;
  missing: MissingPart[];
  [extra: string]: unknown;
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
  /** Items that became complete by this write: what was done, and chapters that are complete by it. */
  completed?: string[];
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
  /**
   * Whether the problem counts as completed. It says nothing of the score, and the score nothing of it: a score
   * condition asks for the score alone, however the attempt was judged.
   */
  passed: boolean;
  /** The best one counts, of attempts that passed and of attempts that did not. */
  score: number;
  /**
   * The item is passed or failed by this verdict, for conditions on its completion state. Without it an attempt that
   * did not pass leaves the item incomplete.
   */
  decides?: boolean;
  /**
   * The verdict waits for its release (`POST /courses/{course}/releases`): until then the submission is pending, and
   * its score neither counts nor shows. Another verdict takes its place.
   */
  held?: boolean;
  feedback?: string | null;
};

export type ImportResult = {
  results: ImportOutcome[];
  /** Facts recorded, those that wait included. */
  recorded: number;
  deltas: {
    enrollment_id: string;
    unlocked: string[];
    locked: string[];
    /** Items that became complete, chapters included. */
    completed: string[];
  }[];
  /** Learners whose delta had no room in this answer. */
  deltas_omitted: number;
};

export type ImportOutcome = {
  index: number;
  /**
   * `waiting`: recorded; the item is not in the published version, and the fact takes effect when it returns. `held`:
   * it waits for its release. `held_limit`: a thousand scores of the learner wait already. `superseded`: it happened
   * before the item was revoked or corrected; `correct` puts it right. `invalid`: the row breaks a rule, see `errors`.
   * `unavailable`: send it again.
   */
  outcome:
    | "recorded"
    | "waiting"
    | "unchanged"
    | "superseded"
    | "held"
    | "held_limit"
    | "item_not_found"
    | "not_enrolled"
    | "in_future"
    | "invalid"
    | "unavailable";
  progress_seq: number | null;
  /** Of a row that was refused: which field breaks which rule. */
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
};

export type ImportRequest = {
  /** Rows of the form ImportedFact. One that breaks a rule is refused alone, with its index, field and rule. */
  facts: ImportedFact[];
};

export type ImportedFact = {
  user_id: string;
  item: string;
  completed?: boolean;
  score?: number | null;
  /** The score in points, with the range of this very attempt; instead of `score`, which follows from it. */
  points?: {
    points: number;
    min?: number;
    max: number;
  } | null;
  /** The item is passed (and so completed) or failed by it. The latest that says so counts. */
  outcome?: ("passed" | "failed") | null;
  /** The learner opened it. By itself that is no attempt; whoever attempted it has opened it. */
  viewed?: boolean;
  /** The learner submitted something. */
  submitted?: boolean;
  /** The learner contributed what the item asks for, as the service that holds it knows. */
  contributed?: boolean;
  /**
   * It waits for its release: until then it neither counts nor shows. One is held of each item, the last that was told.
   */
  held?: boolean;
  /** What is held of the item counts, from the moment of this call on. Nothing else goes with it. */
  release?: boolean;
  /** When it happened, not before 1970. */
  at: string;
  /**
   * This is what is right: it takes the place of all that is recorded of the item, with its own date, a lower score and
   * an earlier revocation included. Repeated, it changes nothing.
   */
  correct?: boolean;
  /** With `correct`: what rested on the replaced fact locks, where the rules do not open it now. */
  relock?: boolean;
};

export type PendingSubmission = {
  id: string;
  enrollment_id: string;
  item: string;
  answer: string;
  submitted_at: string;
};

export type Submission = {
  id: string;
  item: string;
  answer: string;
  status: "pending" | "passed" | "failed";
  score: number | null;
  feedback: string | null;
  submitted_at: string;
  judged_at: string | null;
};

export type EnrollAnswer = WriteAnswer & {
  /** Nobody was enrolled before. */
  created: boolean;
  /** The enrollment existed, and something of it has changed. */
  updated: boolean;
};

export type EnrollRequest = {
  user_id?: string;
  cohorts?: string[];
  practice_mode?: boolean;
  /** Fields of the learner that rules may ask for. */
  profile?: Record<string, string>;
  /**
   * When the enrollment began, for one that began elsewhere: drips count from it. Not before 1970, and not in the
   * future; up to five minutes, by which clocks differ, count as now.
   */
  enrolled_at?: string;
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
  profile: Record<string, string>;
  /** Other courses that the learner has completed, and since when, as far as rules ask for them. */
  courses: Record<string, string>;
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
  /** Items with a score that is not released, and since when. The learner knows nothing of it. */
  held: {
    item: string;
    held_at: string;
  }[];
  outbox: {
    rows: number;
    oldest_ms: number;
  };
};

export type EnrollBatchAnswer = {
  results: EnrollOutcome[];
  created: number;
  updated: number;
};

export type EnrollOutcome = {
  index: number;
  /** `invalid`: the row breaks a rule, see `errors`. `unavailable`: send it again. */
  outcome: "created" | "updated" | "unchanged" | "invalid" | "user_not_found" | "unavailable";
  enrollment_id: string | null;
  unlocked: string[];
  locked: string[];
  /** Of a row that was refused: which field breaks which rule. */
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
};

export type EnrollBatchRequest = {
  /** Rows of the form RosterRow. One that breaks a rule is refused alone, with its index, field and rule. */
  enrollments: RosterRow[];
};

export type RosterRow = {
  user_id: string;
  cohorts?: string[] | null;
  practice_mode?: boolean | null;
  profile?: Record<string, string> | null;
  /** When it began, for one that began elsewhere. */
  enrolled_at?: string | null;
};

export type PolicyChange = {
  cohorts?: string[] | null;
  practice_mode?: boolean | null;
  /** Takes the place of the whole profile; `{}` empties it. */
  profile?: Record<string, string> | null;
  /**
   * Other courses that the learner has completed, and when; null takes it back. What is not named stays. Courses that
   * are here tell it themselves.
   */
  courses?: Record<string, string | null>;
  /**
   * When the enrollment began, for one that began elsewhere: drips count from it. Not before 1970, and not in the
   * future; up to five minutes, by which clocks differ, count as now.
   */
  enrolled_at?: string | null;
  /**
   * What rests on what is named here locks, where the rules do not open it now: items whose rule, or whose chapter's,
   * asks for a cohort (with `cohorts`), a field of the profile (with `profile`), another course (with `courses`) or
   * days since enrollment (with `enrolled_at`), and everything (with `practice_mode: false`). Without it a sticky
   * course keeps them open.
   */
  relock?: boolean;
};

export type OverrideRequest = {
  kind: "unlock" | "lock" | "excuse" | "extend";
  reason: string;
  expires_at?: string | null;
  extend_to?: string | null;
};

export type Relock = {
  reason?: string;
};

export type Revocation = {
  item: string;
  reason: string;
  /**
   * What rests on the fact locks, where the rules do not open it now: items that ask for this one in their rule, or
   * whose chapter does. Without it a sticky course keeps them open.
   */
  relock?: boolean;
};

export type ReleaseResult = {
  /** Learners of whom something was released. */
  learners: number;
  /** Scores that count from now on. */
  released: number;
  /** Learners who could not be reached: ask again. */
  unavailable: string[];
  /** There are more learners: call again. */
  remaining: boolean;
};

export type Release = {
  items?: string[] | null;
  user_ids?: string[] | null;
  cohort?: string | null;
};

export type Freshness = {
  /** Stale snapshots that the sweeps have not brought up to date yet. */
  stale: {
    snapshots: number;
    oldest_at: string | null;
  };
  /** Databases that did not answer: their courses are in none of these numbers. */
  dark_shards: string[];
  /** Courses whose learners are still being marked as stale. */
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
  /** Position in the receiver's log, as the publisher's answer had it. */
  id: string;
  /** Null: everybody. */
  user_id: string | null;
  type:
    | "unlock.changed"
    | "progress.changed"
    | "submission.judged"
    | "enrollment.changed"
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
  /** Whose subscribers it went to; null: to `user_id`. */
  topic: string | null;
};

export type PublishedEvents = {
  results: {
    key: string | null;
    user?: string;
    topic?: string;
    /**
     * stored: it has its place. duplicate: the key was published before, or the task has ended. coalesced: a newer tick
     * will stand for it. merged: it goes out together with others of its course. unavailable: not stored, send it
     * again. refused: the publisher's key stands for another body.
     */
    status: "stored" | "duplicate" | "coalesced" | "merged" | "unavailable" | "refused";
    /**
     * Why it was refused. task_of_another: another publisher has spoken of the task first. too_many_readers: a task has
     * at most 100.
     */
    code?: "idempotency_key_reused" | "task_of_another" | "too_many_readers";
    /** Position in the receiver's log; the id under which the archive knows it. */
    id: string | null;
  }[];
};

export type StreamTokenRequest = {
  /** What to bring beside the caller's own events. Each needs a right of its own. */
  topics?: string[];
};

export type Event = {
  /** Where a reader is after this event, in both logs; the cursor. */
  id: string;
  /** The event itself: the same wherever and whenever it is read. */
  ref: string;
  type:
    | "unlock.changed"
    | "progress.changed"
    | "submission.judged"
    | "enrollment.changed"
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
  /** Its form depends on the type: see EventData. */
  data: Record<string, unknown>;
};

export type EventPreferences = {
  min_level?: "info" | "warning" | "error";
  min_priority?: "low" | "normal" | "high";
  muted_types?: (
    | "unlock.changed"
    | "progress.changed"
    | "submission.judged"
    | "enrollment.changed"
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
            }
          | {
              topic: string;
              /** Of a task: who may ask for its topic from now on, beside those named before. */
              readers?: string[];
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
  /** Numbers of the isolate that answers. Lag: from the log to a stream's queue, in the last minute. */
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
  /** What the isolate that answers does with new streams. full: it refuses all of them. */
  admission: {
    state: "open" | "full";
    open: number;
    limit: number;
    limit_per_address: number;
    limit_per_user: number;
    refused_last_minute: {
      isolate: number;
      address: number;
      user: number;
    };
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

export type ClassPage = {
  results: ClassRow[];
  next_cursor: string | null;
  items: ClassItem[];
  next_item_cursor: string | null;
  course_version: number;
};

export type ClassRow = {
  user_id: string;
  enrollment_id: string;
  name: string | null;
  last_active_at: string | null;
  completed_count: number;
  /** In the order of `items`. `hidden`: the learner does not see it now. */
  states: ("hidden" | "locked" | "unlocked" | "started" | "completed")[];
  /** Best scores in percent, in the order of `items`. */
  scores: (number | null)[];
};

export type ClassItem = {
  id: string;
  title: string;
  kind: string;
  chapter_id: string | null;
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
  /** Kept in Unicode's composed form (NFC), which answers show; it is judged in that form. */
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
  /** The subject. Terms of the same subject are compared. */
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
  /** The bytes of each content were read just now, and they have the noted hash. */
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

export type Shard = {
  shard: string;
  courses: number;
  /** Enrollments that its courses have ever had. */
  enrollments: number;
  /** Enrollments that this database accepts. */
  bound: number;
  /** Of the bound. */
  share: number;
  /** Size of the database; null while it does not answer. */
  bytes: number | null;
};

export type CourseMove = {
  course: string;
  from: string;
  to: string;
  /**
   * copying: rows go over, and everything is written where it was. closing, moved: for a moment nothing is written to
   * the database. purging: everything is written where it is now, and what it left behind is removed.
   */
  state: "copying" | "closing" | "moved" | "purging" | "done";
  /** Objects copied; one that changed meanwhile was copied again. */
  enrollments: number;
  rows: number;
  bytes: number;
  purged_rows: number;
  /** Statements of D1 so far. */
  statements: number;
  /** How long nothing could be written to the database. */
  closed_ms: number | null;
  /**
   * backup: one is under way. room: the database is full by now. readers: some seconds after the move rows are left
   * where they were. another_call: somebody else works on it just now.
   */
  waits_for: "backup" | "room" | "readers" | "another_call" | null;
  started_at: string;
  progressed_at: string;
};

export type PlacedCourse = {
  course: string;
  shard: string;
  enrollments: number;
};

export type CourseMoveOrder = {
  course: string;
  to: string;
  /** true: only says what it would take. */
  dry_run?: boolean;
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
  /** full: everything. changes: what changed since `parent`. Null: it is not known. */
  kind: "full" | "changes" | null;
  /** The backup that this one is built on; a restore needs it as well. */
  parent: string | null;
  /** Everything acknowledged before this instant is in the backup, or in those it is built on. */
  mark: string;
  finished_at: string | null;
  rows: number;
  bytes: number;
  parts: number;
  /** Enrollment objects that were copied. */
  objects: number;
  /** Rows of D1 that were read to take it. */
  d1_rows_read: number;
  /** Objects that could not be copied. */
  unreadable: number;
  verified_at: string | null;
};

export type BackupWork = {
  task: "backup" | "check" | "verify" | "restore";
  job: string;
  done: boolean;
  rows: number;
  /** Rows that were written after the mark, about something that was not there at the mark. */
  left_out: number;
  /** Users in the backup who had been erased since. */
  erased_again?: number;
  /** Users' files whose bytes are not in this deployment's bucket. */
  missing_files: number;
  /** Since the job began. */
  ms: number;
};

export type SignedErasures = {
  erasures: {
    format: number;
    at: number;
    subjects: string[];
  };
  signature: string;
};

/** Every operation by path and method. */
export interface Paths {
  "/api/v1/auth/sign-up": {
    /** Register as a learner; then sign in */
    post: {
      body: {
        email: string;
        name: string;
        /** 10 to 128 characters, and hard to guess for who knows lists of passwords, your name and your address. */
        password: string;
      };
      answer: SignUpAccepted;
    };
  };
  "/api/v1/auth/bootstrap": {
    /** Make the first administrator of a new deployment, or begin a restore into it */
    post: {
      body: {
        /** BOOTSTRAP_SECRET of the deployment. */
        secret: string;
        /** The first administrator. Left out: a token to restore a backup with. */
        account?: {
          email: string;
          name: string;
          /** 10 to 128 characters, and hard to guess for who knows lists of passwords, your name and your address. */
          password: string;
        };
      };
      answer: Bootstrapped;
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
        /** 10 to 128 characters, and hard to guess for who knows lists of passwords, your name and your address. */
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
  "/api/v1/keys": {
    /** List keys by id, also those that ended in the last 90 days */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: ServiceKey[];
        next_cursor: string | null;
      };
    };
    /** Create a service's key, limited to courses and scopes */
    post: {
      body: {
        /** What uses it. */
        name: string;
        scopes: (
          | "read"
          | "facts"
          | "verdicts"
          | "enroll"
          | "overrides"
          | "insight"
          | "publish"
          | "records"
          | "files"
          | "audit"
          | "operate"
          | "backup"
        )[];
        /** Courses it reaches, or "all". */
        courses: "all" | string[];
        /** Days from now. */
        expires_in_days?: number;
      };
      answer: ShownServiceKey;
    };
  };
  "/api/v1/keys/{id}": {
    /** Read a key, without its secret */
    get: {
      path: {
        id: string;
      };
      answer: ServiceKey;
    };
    /** Revoke a key: its writes end at once, its reads within a minute */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/keys/{id}/rotate": {
    /** Replace the secret of a key; for a while the old one works beside the new one */
    post: {
      path: {
        id: string;
      };
      body: {
        /** How long the old one still counts beside the new one; 0: it ends at once. */
        overlap_seconds?: number;
        /** Days from now. */
        expires_in_days?: number;
      };
      answer: ShownServiceKey;
    };
  };
  "/api/v1/courses/imports": {
    /** List imports, newest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: CourseImport[];
        next_cursor: string | null;
      };
    };
    /** Import a course from an archive of another platform, as a draft: the body is its bytes */
    post: {
      query: {
        format: "moodle" | "canvas" | "olx" | "prairielearn" | "cartridge" | "exercism";
        /** Slug of the course; it is made where there is none. */
        course: string;
        /** Name of the archive, for people and messages. */
        name?: string;
      };
      answer: CourseImport;
    };
  };
  "/api/v1/courses/imports/{id}": {
    /** How far an import is, what came of it, and what activating its draft would do */
    get: {
      path: {
        id: string;
      };
      answer: CourseImportDetail;
    };
  };
  "/api/v1/courses/imports/{id}/report": {
    /** What became of every gate and completion setting of the archive */
    get: {
      path: {
        id: string;
      };
      answer: ImportReport;
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
        /**
         * States and reasons of another instant: the past as it was, the future as it stands now. Whether content is
         * shown and work is accepted is decided by the present alone.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
        /**
         * The answer may be so many seconds old: it is given at the edge, without asking the enrollment. Never from
         * before `min_seq`. Not with `at`, `as` and `learner`.
         */
        max_stale?: number;
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
        /**
         * States and reasons of another instant: the past as it was, the future as it stands now. Whether content is
         * shown and work is accepted is decided by the present alone.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
        /**
         * The answer may be so many seconds old: it is given at the edge, without asking the enrollment. Never from
         * before `min_seq`. Not with `at`, `as` and `learner`.
         */
        max_stale?: number;
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
        /**
         * States and reasons of another instant: the past as it was, the future as it stands now. Whether content is
         * shown and work is accepted is decided by the present alone.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
        /**
         * The answer may be so many seconds old: it is given at the edge, without asking the enrollment. Never from
         * before `min_seq`. Not with `at`, `as` and `learner`.
         */
        max_stale?: number;
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
        /**
         * States and reasons of another instant: the past as it was, the future as it stands now. Whether content is
         * shown and work is accepted is decided by the present alone.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
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
        /**
         * States and reasons of another instant: the past as it was, the future as it stands now. Whether content is
         * shown and work is accepted is decided by the present alone.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
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
        /**
         * States and reasons of another instant: the past as it was, the future as it stands now. Whether content is
         * shown and work is accepted is decided by the present alone.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
        /**
         * The answer may be so many seconds old: it is given at the edge, without asking the enrollment. Never from
         * before `min_seq`. Not with `at`, `as` and `learner`.
         */
        max_stale?: number;
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
        /**
         * States and reasons of another instant: the past as it was, the future as it stands now. Whether content is
         * shown and work is accepted is decided by the present alone.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what somebody who has just enrolled sees. */
        as?: "learner";
        /**
         * The answer may be so many seconds old: it is given at the edge, without asking the enrollment. Never from
         * before `min_seq`. Not with `at`, `as` and `learner`.
         */
        max_stale?: number;
      };
      answer: Explanation;
    };
  };
  "/api/v1/courses/{course}/items/{item}/audience": {
    /** Who can open an item, and who is blocked on it by what, as D1 mirrors them */
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
  "/api/v1/courses/{course}/pass": {
    /** A signed statement of what you may open for the next minutes */
    get: {
      path: {
        course: string;
      };
      answer: Pass;
    };
  };
  "/api/v1/courses/{course}/pass/revoked": {
    /** Passes that are void before they end */
    get: {
      path: {
        course: string;
      };
      answer: RevokedPasses;
    };
  };
  "/api/v1/courses/{course}/versions/{version}/items": {
    /** The items of a version in the order of a pass's bits */
    get: {
      path: {
        course: string;
        version: number;
      };
      answer: ItemOrder;
    };
  };
  "/api/v1/courses/{course}/items/{item}/content": {
    /** What an item holds, and nothing else */
    get: {
      path: {
        course: string;
        item: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: ItemContent;
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
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
      };
      body?: Record<string, never>;
      answer: WriteAnswer;
    };
  };
  "/api/v1/problems/{problem}/mark_as_completed": {
    /** Mark a problem as done, where its requirement of completion asks for that */
    post: {
      path: {
        problem: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
      };
      body?: Record<string, never>;
      answer: WriteAnswer;
    };
  };
  "/api/v1/problems/{problem}/submissions": {
    /** Submissions of one learner for a problem, newest first, with verdicts and feedback */
    get: {
      path: {
        problem: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Staff: the submissions of this learner. */
        learner?: string;
      };
      answer: {
        results: Submission[];
        next_cursor: string | null;
      };
    };
    /** Submit an answer; judged at once if the problem has an answer key, else pending */
    post: {
      path: {
        problem: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
      };
      body: NewSubmission;
      answer: SubmissionAnswer;
    };
  };
  "/api/v1/submissions/{submission}/verdict": {
    /** Judge a pending submission, also of a learner who has withdrawn since */
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
    /** Enroll a learner, or change the named fields of an enrollment; other fields stay */
    post: {
      path: {
        course: string;
      };
      body?: EnrollRequest;
      answer: EnrollAnswer;
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
    /** Change cohorts, profile, completed courses, practice mode or the day of enrollment; what is not named stays */
    patch: {
      path: {
        enrollment: string;
      };
      body: PolicyChange;
      answer: WriteAnswer;
    };
  };
  "/api/v1/courses/{course}/enrollments/batch": {
    /** Enroll a roster: up to 5,000 learners, each judged by itself */
    post: {
      path: {
        course: string;
      };
      body: EnrollBatchRequest;
      answer: EnrollBatchAnswer;
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
    /** Remove the override of one kind, or all of one item */
    delete: {
      path: {
        enrollment: string;
        item: string;
      };
      query: {
        /** Default: every kind. */
        kind?: "unlock" | "lock" | "excuse" | "extend";
        /** Items that this opened lock again, where the rules do not open them now. */
        relock?: "true" | "false";
      };
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/relock": {
    /** For one learner, lock again what is kept open although the rules do not open it now */
    post: {
      path: {
        enrollment: string;
      };
      body?: Relock;
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
    /** Invalidate a snapshot: the next read recomputes it */
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
    /** Invalidate every snapshot of a course: the sweeps recompute them */
    post: {
      path: {
        course: string;
      };
      answer: {
        course: string;
      };
    };
  };
  "/api/v1/courses/{course}/releases": {
    /** Let held scores count and show: of some items or all, for some learners, a cohort or the whole course */
    post: {
      path: {
        course: string;
      };
      body: Release;
      answer: ReleaseResult;
    };
  };
  "/api/v1/system/freshness": {
    /** What is late or stale: snapshots, marks, queues, dead letters, divergences */
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
          | "progress.changed"
          | "submission.judged"
          | "enrollment.changed"
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
  "/api/v1/events/socket": {
    /** Live events of the token's user (WebSocket) */
    get: {
      query: {
        sse_token?: string;
        /** Id of the last frame handled; the stream goes on after it. The header wins. */
        last_event_id?: string;
        /** A random name of the page or device. Its earlier stream ends when this one opens. */
        client?: string;
        /** true: 429 instead of ending another stream that answers. */
        if_room?: "true" | "false";
      };
      answer: null;
    };
  };
  "/api/v1/auth/sse-token": {
    /** A token that opens one event stream within 60 s */
    post: {
      body?: StreamTokenRequest;
      answer: {
        sse_token: string;
        expires_in: number;
        stream_url: string;
        socket_url: string;
      };
    };
  };
  "/api/v1/events/history": {
    /** What the stream sent, oldest first: for catching up and for polling on the same cursor */
    get: {
      query: {
        limit?: number;
        /** Topics to bring as well, with commas between, as for a stream's token. */
        topics?: string;
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
    /** Open streams, delivery lag, events still to be delivered, state of storage */
    get: {
      answer: EventsHealth;
    };
  };
  "/api/v1/courses/{course}/class": {
    /** The class as a table: learners by items with states and scores, as D1 mirrors them, decided now */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
        /** Only learners of this cohort. */
        cohort?: string;
        /** Only this chapter and its problems. */
        chapter?: string;
        /** Only learners for whom one of the items of this page is in this state. */
        state?: "hidden" | "locked" | "unlocked" | "started" | "completed";
        /** `name`: by the first letters, whatever their case. `last_active`: the latest first, to the hour. */
        sort?: "name" | "last_active";
        item_limit?: number;
        /** `next_item_cursor` of a page: the items after its own. */
        item_cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: ClassPage;
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
        /** All of these words must occur. One character is enough in Chinese, Japanese and Korean. */
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
        /** Kept in Unicode's composed form (NFC), which answers show; it is judged in that form. */
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
    /** Store registrations and outcomes: up to 1,000 learners; the newest call counts */
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
    /** How many learners are here now */
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
  "/api/v1/system/shards": {
    /** How full each database is, and which courses are on their way between them */
    get: {
      answer: {
        shards: Shard[];
        moves: CourseMove[];
      };
    };
  };
  "/api/v1/system/shards/courses": {
    /** Published courses, the database each is in, and how many have ever enrolled */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the page before; opaque. */
        cursor?: string;
      };
      answer: {
        results: PlacedCourse[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/system/shards/moves": {
    /** Begin to move a course to another database, or join the move that is under way */
    post: {
      body: CourseMoveOrder;
      answer: {
        move: CourseMove & (Record<string, unknown> | null);
        /** From the first enrollments of the course. */
        estimate: {
          enrollments: number;
          rows: number;
          bytes: number;
          statements: number;
        };
      };
    };
  };
  "/api/v1/system/shards/moves/{course}/work": {
    /** Work some seconds on a move; repeat until it is done */
    post: {
      path: {
        course: string;
      };
      answer: CourseMove;
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
      body?: {
        /** true: it holds everything, whatever there is already. A backup under way stays what it is. */
        full?: boolean;
      };
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
        /**
         * Demanded by a restore that begins: how it is known who was erased since the backup was taken, so that they
         * are erased again. list: a list of erasures was brought. bucket: this is the bucket that the lost deployment
         * wrote to. none: nobody was erased.
         */
        erasures?: "bucket" | "list" | "none";
      };
      answer: BackupWork;
    };
  };
  "/api/v1/system/backups/{backup}/files/{file}": {
    /** Upload a file of a backup that was kept elsewhere; an existing file is never written over */
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
  "/api/v1/system/erasures": {
    /** The list of erasures, signed: hashes of the ids of everybody who was ever erased, for a restore elsewhere */
    get: {
      answer: SignedErasures;
    };
    /** Upload a list of erasures: everybody in it who is known here is erased; a restore can use it */
    put: {
      body: SignedErasures;
      answer: {
        at: string;
        subjects: number;
      };
    };
  };
}

/** Writes that an Idempotency-Key makes repeatable. */
export const KEYED_WRITES: ReadonlySet<string> = new Set([
  "POST /api/v1/users",
  "PATCH /api/v1/users/{id}",
  "POST /api/v1/courses/imports",
  "POST /api/v1/courses",
  "POST /api/v1/courses/{course}/versions",
  "POST /api/v1/courses/{course}/versions/{version}/activate",
  "POST /api/v1/courses/{course}/chapters/{chapter}/mark_as_completed",
  "POST /api/v1/problems/{problem}/mark_as_completed",
  "POST /api/v1/problems/{problem}/submissions",
  "POST /api/v1/submissions/{submission}/verdict",
  "POST /api/v1/progress/import",
  "POST /api/v1/courses/{course}/enrollments",
  "DELETE /api/v1/courses/{course}/enrollments",
  "PATCH /api/v1/enrollments/{enrollment}",
  "POST /api/v1/courses/{course}/enrollments/batch",
  "PUT /api/v1/enrollments/{enrollment}/overrides/{item}",
  "DELETE /api/v1/enrollments/{enrollment}/overrides/{item}",
  "POST /api/v1/enrollments/{enrollment}/relock",
  "POST /api/v1/enrollments/{enrollment}/revocations",
  "POST /api/v1/courses/{course}/releases",
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
