// Written by `node scripts/client-types.ts` from the OpenAPI document; a test fails when the two differ.

/** What `data` of an event holds, by the event's type. */
export type EventData = {
  "unlock.changed": {
    enrollment_id: string;
    course_id: string;
    snapshot_version: number;
    /** Items that opened. Together with `locked`, this is the exact difference. */
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
  /** The cursor after this frame. If absent, the cursor does not change. */
  id?: string;
  /** How long to wait before a reconnect, in ms, from now on. */
  retry?: number;
  /** When you have handled this message, send back the text "ack " and this number. */
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
  /** Valid for a day, only to restore a backup and to read the result. */
  restore_token: string | null;
};

export type User = {
  id: string;
  /** Null: the user has no account here and signs in with another provider. */
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

export type SecondFactorProblem = Problem & {
  code?: "second_factor_required";
  /** For /auth/sign-in/second-factor. */
  challenge: string;
  /** Seconds. */
  expires_in: number;
  setup: SecondFactorSetUp;
  [extra: string]: unknown;
};

/** Your role must have a second factor: set it up in an app, and answer with its code. */
export type SecondFactorSetUp = {
  /** For typing (Base32). */
  secret: string;
  /** For the camera of the app, as a QR code. */
  uri: string;
} | null;

export type SignInWays = {
  recovery: boolean;
  sign_in_links: boolean;
  passkeys: boolean;
  second_factor: boolean;
  /** 0: no browser is trusted. */
  trusted_device_days: number;
};

export type EndedSessions = {
  /** How many sessions ended. */
  ended: number;
};

export type Account = {
  email_verified: boolean;
  has_password: boolean;
  second_factor: {
    enabled: boolean;
    /** Your role must have one. */
    required: boolean;
    backup_codes_left: number;
  };
  passkeys: Passkey[];
  /** Browsers that are asked for no code. */
  devices: TrustedDevice[];
};

export type Passkey = {
  id: string;
  name: string;
  created_at: string;
  last_used_at: string | null;
  /** Its owner's other devices have it too. */
  synced: boolean;
};

export type TrustedDevice = {
  id: string;
  user_agent: string | null;
  created_at: string;
  expires_at: string;
};

export type SteppedIn = SignedIn & {
  /** For the next sign-in of this browser. */
  device_token: string | null;
  /** Where the second factor was set up by this. Shown this once. */
  backup_codes: string[] | null;
};

export type BackupCodes = {
  /** Each is good once. Shown this once. */
  backup_codes: string[];
};

export type Launched = SignedIn & {
  /** The page that the launch leads to. */
  to: string;
};

export type LaunchStepProblem = Problem & {
  code?: "second_factor_required";
  /** For /auth/sign-in/second-factor. */
  challenge: string;
  /** Seconds. */
  expires_in: number;
  setup: SecondFactorSetUp;
  /** The page that the launch leads to. */
  to: string;
  [extra: string]: unknown;
};

export type Session = {
  id: string;
  created_at: string;
  expires_at: string;
  user_agent: string | null;
  /** The session to which the token of this request belongs. */
  current: boolean;
};

export type PasskeyOptions = {
  /** Comes back with the browser's answer. */
  challenge: string;
  /** For `PublicKeyCredential.parse…OptionsFromJSON()`. */
  options: Record<string, unknown>;
};

export type PasskeyAdded = {
  id: string;
  name: string;
};

export type PasskeyRegistration = {
  id: string;
  rawId: string;
  type: "public-key";
  authenticatorAttachment?: "cross-platform" | "platform";
  clientExtensionResults?: Record<string, unknown>;
  response: {
    clientDataJSON: string;
    attestationObject: string;
    transports?: string[];
    [extra: string]: unknown;
  };
  [extra: string]: unknown;
};

export type PasskeyAssertion = {
  id: string;
  rawId: string;
  type: "public-key";
  authenticatorAttachment?: "cross-platform" | "platform";
  clientExtensionResults?: Record<string, unknown>;
  response: {
    clientDataJSON: string;
    authenticatorData: string;
    signature: string;
    userHandle?: string | null;
    [extra: string]: unknown;
  };
  [extra: string]: unknown;
};

export type ShownServiceKey = ServiceKey & {
  /** The key. It is shown only this once and is stored nowhere. */
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
    | "scim"
    | "xapi"
  )[];
  /** Null: every course. */
  courses: string[] | null;
  created_by: string;
  created_at: string;
  expires_at: string;
  rotated_at: string | null;
  /** Until when the previous secret is valid; null: it is not valid. */
  previous_until: string | null;
  /** Day of the last use, not exact. */
  last_used_on: string | null;
  revoked_at: string | null;
};

export type CourseFile = {
  id: string;
  name: string;
  content_type: string;
  size: number;
};

export type CopiedFiles = {
  results: {
    from: string;
    id: string;
    name: string;
  }[];
};

export type CopyFiles = {
  from: string;
  files: string[];
};

export type LockedProblem = Problem & {
  code?: "locked";
  item: string;
  /** Every condition of the rule, in order, and whether it is met. Empty if the item is open. */
  conditions: Condition[];
  /** Every condition that is not met, in the order of the rule. Empty if the item is open. */
  reasons: Reason[];
  /**
   * The shortest list of steps that opens the item, in order: each step is possible after the steps before it. Null if
   * the item cannot open, whatever the learner does or waits for. Waits are counted from now, as if all steps before
   * them were done at once.
   */
  to_unlock: Step[] | null;
  /** The steps that can be done right now; if there are none, the first wait. */
  do_next: Step[];
  /** The item at the instant that `at` names. */
  at?: {
    instant: string;
    is_locked: boolean;
    /** Every condition of the rule, in order, and whether it is met. Empty if the item is open. */
    conditions: Condition[];
    /** Every condition that is not met, in the order of the rule. Empty if the item is open. */
    reasons: Reason[];
    /**
     * The shortest list of steps that opens the item, in order: each step is possible after the steps before it. Null
     * if the item cannot open, whatever the learner does or waits for. Waits are counted from now, as if all steps
     * before them were done at once.
     */
    to_unlock: Step[] | null;
    /** The steps that can be done right now; if there are none, the first wait. */
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
    | "locked_by_staff"
    | "paused";
  item?: string;
  title?: string;
  /**
   * The required value. A score or percentage is rounded up to two decimals, so that reaching it is enough. The
   * comparison uses the value without rounding.
   */
  required?: number | string;
  /**
   * The learner's value. A score is rounded down to two decimals, so that it is never shown too high. A percentage is
   * rounded to the nearest value.
   */
  actual?: number | string | null;
  /** For a score, what is missing, rounded up to two decimals. For progress, how many items are missing. */
  remaining?: number;
  /** When this reason ends by waiting alone; null if it never does, or if that would not open the item. */
  available_at?: string | null;
  /** For a pause: why. */
  note?: string;
  /** For progress over a list, and for a chapter's items: the items that are not completed yet. */
  items?: string[];
  /** For an item that has to be complete: what its own requirement still asks for. */
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
    | "locked_by_staff"
    | "paused";
  item?: string;
  title?: string;
  /**
   * The required value. A score or percentage is rounded up to two decimals, so that reaching it is enough. The
   * comparison uses the value without rounding.
   */
  required?: number | string;
  /**
   * The learner's value. A score is rounded down to two decimals, so that it is never shown too high. A percentage is
   * rounded to the nearest value.
   */
  actual?: number | string | null;
  /** For a score, what is missing, rounded up to two decimals. For progress, how many items are missing. */
  remaining?: number;
  /** When this reason ends by waiting alone; null if it never does, or if that would not open the item. */
  available_at?: string | null;
  /** For a pause: why. */
  note?: string;
  /** For progress over a list, and for a chapter's items: the items that are not completed yet. */
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
  /** Rounded up to two decimals: reaching this score is enough. */
  min_score?: number;
  /** The score has to be less than this. */
  below_score?: number;
  /** For a condition on points instead of a percentage. */
  min_points?: number;
  below_points?: number;
  until?: string;
};

export type ImportUpload = {
  /** Of the upload; the import has the same one once the archive is there. */
  id: string;
  format: "moodle" | "canvas" | "olx" | "prairielearn" | "cartridge" | "exercism";
  course: string;
  name: string;
  /** Of the archive, bytes. */
  size: number;
  /** Bytes of each part; the last one has the rest. */
  part_size: number;
  /** How many parts there are; the first is 1. */
  parts: number;
  /** Parts that have arrived. */
  received: number[];
  /** received: the import has its archive. */
  state: "receiving" | "received";
  /** What has not arrived then is given up. */
  expires_at: string;
};

export type ImportUploadRequest = {
  format: "moodle" | "canvas" | "olx" | "prairielearn" | "cartridge" | "exercism";
  course: string;
  /** Stored, checked and shown in Unicode's composed form (NFC). */
  name?: string;
  /** Of the archive, bytes. */
  size: number;
};

export type ImportPart = {
  part: number;
  sha256: string;
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
  /** Bytes of `size` that the present attempt has read. */
  bytes_read: number;
  attempts: number;
  /** The draft, once it is stored. It is not active. */
  version: number | null;
  /** Rules and completion settings by verdict: exact, approximated, unmapped. Null until the archive was read. */
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

export type ImportPeople = {
  roster: ImportPeopleJob | null;
  people: ImportPeopleJob | null;
};

export type ImportPeopleJob = {
  id: string;
  /** A look at the people of an archive, or their import. */
  kind: "roster" | "people";
  course: string;
  state: "queued" | "reading" | "done" | "failed";
  /** Learners and facts that are done, of `total`. */
  applied: number;
  total: number;
  /** What came of learners and facts. */
  counts: Record<string, number>;
  /** Who and what could not be placed, or why the job failed. */
  errors: {
    path: string;
    rule: string;
    message: string;
  }[];
  created_at: string;
  finished_at: string | null;
};

export type ImportRoster = {
  learners: {
    /** What the source calls the learner. */
    name: string;
    email: string | null;
    facts: number;
    /**
     * `enrolls`: an account has this verified address. `enrolled`: and is in the course already, as the source says.
     * `changes`: the same, and cohorts, profile or day of enrollment become those of the source. `no_account`,
     * `unverified`, `no_address`, `same_address` (two learners have it): stays behind.
     */
    outcome: "enrolls" | "enrolled" | "changes" | "no_account" | "unverified" | "no_address" | "same_address";
  }[];
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
  /** Bytes of `size` that the present attempt has read. */
  bytes_read: number;
  attempts: number;
  /** The draft, once it is stored. It is not active. */
  version: number | null;
  /** Rules and completion settings by verdict: exact, approximated, unmapped. Null until the archive was read. */
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
  /** What activating the draft would change for learners; null while there is no draft, or nobody is enrolled. */
  impact: Impact | null;
};

export type Impact = {
  /** Active enrollments of the course. */
  enrollments: number;
  /** How many of them were evaluated. */
  evaluated: number;
  /** Evaluated learners for whom at least one item would open. */
  gaining: number;
  losing: number;
  /** How many learners would gain or lose each item. Items without a change are left out. */
  items: {
    item: string;
    gain: number;
    lose: number;
  }[];
  /** Learners for whom something would change, those who lose first: at most 50, with at most 20 items each way. */
  learners?: {
    user_id: string;
    name: string | null;
    gain: string[];
    lose: string[];
  }[];
  as_of: string;
  /** Enrollments of which every write so far is counted. */
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
    /** The file, and the place in it. */
    source: string;
    /** The rule as written in the source. */
    rule?: unknown;
    /** The rule as written in the course document; null if there is none. */
    mapped?: unknown;
    verdict: "exact" | "approximated" | "unmapped";
    /** How the imported rule differs, or why it was not imported. */
    why: string | null;
  }[];
  completion: {
    /** The file, and the place in it. */
    source: string;
    /** The rule as written in the source. */
    rule?: unknown;
    /** The rule as written in the course document; null if there is none. */
    mapped?: unknown;
    verdict: "exact" | "approximated" | "unmapped";
    /** How the imported rule differs, or why it was not imported. */
    why: string | null;
  }[];
  content: {
    /** Number of things in the source, by its own kinds. */
    elements: Record<string, number>;
    /** Items whose text was imported. */
    texts: number;
    /** Uses of files in texts whose file was imported. */
    attached: number;
    files: number;
    bytes: number;
    /** Questions by kind: with an answer key, or without one and why. */
    questions: {
      kind: string;
      judged: "here" | "elsewhere";
      count: number;
      why: string | null;
    }[];
    /** Cohorts that rules ask for, with their names in the source. */
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

export type WorkingCopy = {
  /** Grows with every save. 0: nobody ever saved one. */
  revision: number;
  /** The version that the text began with. */
  base_version: number | null;
  saved_by: string | null;
  name: string | null;
  saved_at: string | null;
  /** Null: nothing is there, or it was discarded. */
  text: string | null;
};

export type WorkingCopyStamp = {
  /** Grows with every save. 0: nobody ever saved one. */
  revision: number;
  /** The version that the text began with. */
  base_version: number | null;
  saved_by: string | null;
  name: string | null;
  saved_at: string | null;
};

export type SaveWorkingCopy = {
  /** Any text: it is checked when it is published. Null discards it. */
  text: string | null;
  /** The revision that this text was made from. */
  revision: number;
  base_version?: number | null;
};

export type Writers = {
  /** Grows with every save. 0: nobody ever saved one. */
  revision: number;
  /** The version that the text began with. */
  base_version: number | null;
  saved_by: string | null;
  name: string | null;
  saved_at: string | null;
  others: {
    user_id: string;
    name: string | null;
    since: string;
    seen_at: string;
  }[];
};

export type CoursePreview = {
  chapters: number;
  problems: number;
  warnings: {
    path: string;
    rule: string;
    message: string;
  }[];
  items: {
    item: string;
    state: "hidden" | "locked" | "unlocked" | "started" | "completed";
    /** What it waits for at the beginning. Only of chapters and problems outside of them. */
    needs: {
      on: string;
      code: string;
    }[];
  }[];
};

export type PreviewRequest = {
  document: CourseDocument;
  learner?: {
    completed?: string[];
    cohorts?: string[];
  };
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
   * The platform and release that the course comes from. Rules follow that platform where platforms differ. An item
   * that can never open is then a warning, because these platforms allow it.
   */
  source?: {
    platform: "moodle" | "canvas" | "open_edx" | "prairielearn" | "common_cartridge" | "exercism";
    release: string;
  };
  options?: CourseOptions;
  chapters?: ChapterDocument[];
  /** Problems that belong to no chapter. */
  problems?: ProblemDocument[];
};

export type CourseOptions = {
  sequential?: boolean;
  tutorial?: string | null;
  sticky?: boolean;
  problems_follow_chapter?: boolean;
  open_enrollment?: boolean;
  /** Before this instant, nothing is open to learners. */
  starts?: string;
  /**
   * No work is accepted from this instant on. Rules decide what is readable. The override `extend` moves this instant.
   */
  ends?: string;
  /** Members of these cohorts get each item this number of days before it begins for others. */
  beta?: {
    cohorts: string[];
    days: number;
  };
  /**
   * A certificate for everybody who completes the course, or one item of it. Each learner gets it once and keeps it
   * when the course changes. If absent: there is none.
   */
  certificate?:
    | {
        for: "course";
      }
    | {
        for: "item";
        item: string;
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
  /** The kind of item: page, quiz, assignment, file, link, survey, ... If absent: chapter or problem. */
  kind?: string;
  /**
   * Work is accepted from this instant on. Before, the rule decides whether the item is readable (in a course from
   * Canvas it is locked).
   */
  opens?:
    | string
    | {
        days: number;
      };
  /** A date that learners see. Work is accepted after it, too. */
  due?:
    | string
    | {
        days: number;
      };
  /**
   * No work is accepted from this instant on. The rule decides whether the item is readable. The override `extend`
   * moves this instant.
   */
  closes?:
    | string
    | {
        days: number;
      };
  /**
   * `hidden`: learners never see the item or the items in it. `unlisted`: the item opens by its id, is in no list, and
   * is hidden while it is locked. If absent: shown.
   */
  visibility?: "shown" | "hidden" | "unlisted";
  /**
   * Whether the item stays open after it was opened. `false`: it locks again when its rule is false, and the rule uses
   * the latest scores. If absent, the option `sticky` decides.
   */
  keeps?: boolean;
  /**
   * The cohorts for which the item and the items in it are meant. Others do not see it, and no rule or percentage
   * counts it for them. If absent: meant for everybody.
   */
  assign_to?: string[];
  /** Markdown. A learner receives it only while the item is open. */
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

/** When an item is open: one operator in each object. */
export type Rule =
  | {
      all: Rule[];
    }
  | {
      any: Rule[];
    }
  | {
      at_least: {
        count: number;
        of: Rule[];
      };
    }
  | {
      not: Rule;
    }
  | {
      completed: string;
    }
  | {
      attempted: string;
    }
  | {
      score: {
        item: string;
        min?: number;
        below?: number;
      };
    }
  | {
      progress: {
        of: string | string[];
        min_percent: number;
      };
    }
  | {
      from: string;
    }
  | {
      until: string;
    }
  | {
      after_enrollment: {
        days: number;
      };
    }
  | {
      after: {
        item: string;
        days: number;
      };
    }
  | {
      cohort:
        | string
        | {
            any_of: string[];
          }
        | {
            any: true;
          };
    }
  | {
      state: {
        item: string;
        is: ("incomplete" | "complete" | "passed" | "failed")[];
      };
    }
  | {
      points: {
        item: string;
        min?: number;
        below?: number;
      };
    }
  | {
      average: {
        of: string[];
        min?: number;
        below?: number;
      };
    }
  | {
      total: {
        min?: number;
        below?: number;
      };
    }
  | {
      previous: {
        is: ("incomplete" | "complete" | "passed" | "failed")[];
      };
    }
  | {
      viewed: string;
    }
  | {
      submitted: string;
    }
  | {
      profile: {
        field: string;
        op: "contains" | "does_not_contain" | "is_equal_to" | "starts_with" | "ends_with" | "is_empty" | "is_not_empty";
        value?: string;
      };
    }
  | {
      course_completed: string;
    }
  | {
      missing: {
        what: "item" | "grade" | "cohort" | "profile" | "condition";
        name: string;
      };
    }
  | {
      hide: Rule;
    };

/** How the item becomes complete. If absent: a chapter when it is marked, a problem when a submission passes. */
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
  /** The kind of item: page, quiz, assignment, file, link, survey, ... If absent: chapter or problem. */
  kind?: string;
  /**
   * Work is accepted from this instant on. Before, the rule decides whether the item is readable (in a course from
   * Canvas it is locked).
   */
  opens?:
    | string
    | {
        days: number;
      };
  /** A date that learners see. Work is accepted after it, too. */
  due?:
    | string
    | {
        days: number;
      };
  /**
   * No work is accepted from this instant on. The rule decides whether the item is readable. The override `extend`
   * moves this instant.
   */
  closes?:
    | string
    | {
        days: number;
      };
  /**
   * `hidden`: learners never see the item or the items in it. `unlisted`: the item opens by its id, is in no list, and
   * is hidden while it is locked. If absent: shown.
   */
  visibility?: "shown" | "hidden" | "unlisted";
  /**
   * Whether the item stays open after it was opened. `false`: it locks again when its rule is false, and the rule uses
   * the latest scores. If absent, the option `sticky` decides.
   */
  keeps?: boolean;
  /**
   * The cohorts for which the item and the items in it are meant. Others do not see it, and no rule or percentage
   * counts it for them. If absent: meant for everybody.
   */
  assign_to?: string[];
  /** Markdown. A learner receives it only while the item is open. */
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
  question?: Question;
  answer?: AnswerKey;
  rubric?: Rubric;
};

/** What kind of answer is asked for. Absent: any text. */
export type Question =
  | {
      kind: "choice";
      /** What can be chosen. The texts are Markdown; an answer names the ids. */
      options: {
        id: string;
        text:
          | string
          | {
              en: string;
              zh?: string;
            }
          | {
              en?: string;
              zh: string;
            };
      }[];
      /** Each learner sees an order of their own. */
      shuffle?: boolean;
    }
  | {
      kind: "choices";
      /** What can be chosen. The texts are Markdown; an answer names the ids. */
      options: {
        id: string;
        text:
          | string
          | {
              en: string;
              zh?: string;
            }
          | {
              en?: string;
              zh: string;
            };
      }[];
      /** Each learner sees an order of their own. */
      shuffle?: boolean;
    }
  | {
      kind: "ordering";
      /** What can be chosen. The texts are Markdown; an answer names the ids. */
      options: {
        id: string;
        text:
          | string
          | {
              en: string;
              zh?: string;
            }
          | {
              en?: string;
              zh: string;
            };
      }[];
    }
  | {
      kind: "text";
    }
  | {
      kind: "number";
      /** One: it stands beside the field. Several: the learner chooses. None: the learner may type one. */
      units?: string[];
    }
  | {
      kind: "file";
      max_files?: number;
      /** Of each file. */
      max_bytes?: number;
      /** How names of files may end, such as `pdf`. Absent: any name. */
      endings?: string[];
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
      /** In the unit of `value`. */
      tolerance?: number;
      /** The same as a share of `value`; the greater of both counts. */
      tolerance_percent?: number;
      /** Of `value`. An answer without a unit is in this one. */
      unit?: string;
      /** An answer without a unit is wrong. */
      unit_required?: boolean;
      /** Units that are right, too: a number in one, times `factor`, is in `unit`. */
      other_units?: {
        unit: string;
        factor: number;
      }[];
    }
  | {
      kind: "regex";
      pattern: string;
      case_sensitive?: boolean;
    }
  | {
      kind: "choice";
      option: string;
    }
  | {
      kind: "choices";
      options: string[];
      /** An answer that is right in part gets a part of the score. It does not pass. */
      partial?: boolean;
    }
  | {
      kind: "ordering";
      /** In the right order. */
      options: string[];
      /** An answer that is right in part gets a part of the score. It does not pass. */
      partial?: boolean;
    }
  | null;

/** How a person judges answers: criteria with points. Absent: a score is given as a whole. */
export type Rubric = {
  criteria: {
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
    description?:
      | string
      | {
          en: string;
          zh?: string;
        }
      | {
          en?: string;
          zh: string;
        };
    /** The most that it gives. */
    points: number;
    levels?: {
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
      /** What it gives; at most the points of its criterion. */
      points: number;
    }[];
  }[];
};

export type Course = {
  slug: string;
  title: string;
  owner_id: string;
  /** Null: the common space of the installation. */
  organization_id: string | null;
  active_version: number | null;
  activation: number;
  created_at: string;
  updated_at: string;
  /** What the caller is in it. */
  role: "owner" | "co_author" | "grader" | null;
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
  /** False if the active version already has this document and no relock is requested. */
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
  /** grandfather: open items stay open. relock: the new rules apply to everybody at once. */
  policy?: "grandfather" | "relock";
  note?: string | null;
};

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
  /** grandfather: open items stay open. relock: the new rules apply to everybody at once. */
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
  /** When the item accepts work, if it has a window. `due` and `closes` include the learner's extension. */
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
  /** What is still missing; empty when the item is complete. */
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
  /** Present if the answer is known to be older than the course or the policy. */
  stale_since?: string;
  /** With the source `edge`: when the enrollment object gave this answer. The header Age has the seconds since. */
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
  /** When the item accepts work, if it has a window. `due` and `closes` include the learner's extension. */
  window?: {
    opens: string | null;
    due: string | null;
    closes: string | null;
  };
  completion?: ItemCompletion;
  chapter_id: string | null;
  difficulty: number;
  /** The kind of item: `problem` if the author names no other. */
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
  question: AskedQuestion;
  snapshot: Snapshot;
};

/** What a problem asks for; null where any text is an answer. */
export type AskedQuestion = {
  kind: "choice" | "choices" | "ordering" | "text" | "number" | "file";
  /** An answer names ids: `a`, or several as `a, c`. */
  options: {
    id: string;
    /** Markdown. */
    text: string;
  }[];
  units: string[];
  max_files: number;
  max_bytes: number;
  endings: string[] | null;
} | null;

export type Unlocks = {
  states: Record<string, "locked" | "unlocked" | "started" | "completed">;
  snapshot: Snapshot;
};

export type Explanation = {
  item: string;
  is_locked: boolean;
  /** Every condition of the rule, in order, and whether it is met. Empty if the item is open. */
  conditions: Condition[];
  /** Every condition that is not met, in the order of the rule. Empty if the item is open. */
  reasons: Reason[];
  /**
   * The shortest list of steps that opens the item, in order: each step is possible after the steps before it. Null if
   * the item cannot open, whatever the learner does or waits for. Waits are counted from now, as if all steps before
   * them were done at once.
   */
  to_unlock: Step[] | null;
  /** The steps that can be done right now; if there are none, the first wait. */
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
  /** Every pass issued before this instant is revoked. */
  issued_before: string | null;
  /** Passes of this learner with a lower snapshot version are revoked. */
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
  question: AskedQuestion;
  course_version: number;
  decided_by: "rules" | "pass";
};

export type WriteAnswer = {
  enrollment_id: string;
  progress_seq: number;
  policy_seq: number;
  version: number;
  course_version: number;
  /** Items that this write opened; never one that was open before. */
  unlocked: string[];
  locked: string[];
  /** Items that this write completed, including chapters that became complete with them. */
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
  /** Items that this write opened; never one that was open before. */
  unlocked: string[];
  locked: string[];
  /** Items that this write completed, including chapters that became complete with them. */
  completed?: string[];
  submission_id: string;
  item: string;
  status: "pending" | "passed" | "failed";
  score: number | null;
  feedback: string | null;
  /** Of a verdict: which of the submission it is, from 1. */
  number?: number;
};

export type NewSubmission = {
  /** A text, a number with a unit, or ids of options, such as `a` or `a, c`. */
  answer?: string;
  /** Own files, uploaded before, for a problem that asks for files. */
  files?: string[];
};

export type ImportResult = {
  results: ImportOutcome[];
  /** Recorded facts, including those that wait. */
  recorded: number;
  deltas: {
    enrollment_id: string;
    unlocked: string[];
    locked: string[];
    /** Items that became complete, chapters included. */
    completed: string[];
  }[];
  /** Learners whose changes did not fit into this answer. */
  deltas_omitted: number;
};

export type ImportOutcome = {
  index: number;
  /**
   * `waiting`: recorded, but the item is not in the published version; the fact counts when the item returns. `held`:
   * it waits for its release. `held_limit`: a thousand scores of the learner are held already. `superseded`: it is
   * older than a revocation or correction of the item; send it with `correct` if it is right. `invalid`: the row breaks
   * a rule, see `errors`. `unavailable`: send it again.
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
  /** For a refused row: which field breaks which rule. */
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
};

export type ImportRequest = {
  /** Rows with the schema ImportedFact. A row that breaks a rule is refused alone, with its index, field and rule. */
  facts: ImportedFact[];
};

export type ImportedFact = {
  user_id: string;
  item: string;
  completed?: boolean;
  score?: number | null;
  /** The score in points, with the range of this attempt. Send it instead of `score`, which is computed from it. */
  points?: {
    points: number;
    min?: number;
    max: number;
  } | null;
  /** This fact passes (and so completes) or fails the item. The latest such fact counts. */
  outcome?: ("passed" | "failed") | null;
  /**
   * The completion says nothing of a score. Otherwise a problem that is completed without one counts as 100 percent, if
   * its course comes from no other platform and it has no completion requirement.
   */
  without_score?: boolean;
  /** The learner opened the item. Opening alone is not an attempt, but every attempt counts as opening. */
  viewed?: boolean;
  /** The learner submitted something. */
  submitted?: boolean;
  /** The learner contributed what the item asks for, as a service reports. */
  contributed?: boolean;
  /**
   * The score is held back: until its release, it does not count and is not shown. Each item has at most one held
   * score, the last one sent.
   */
  held?: boolean;
  /** The held score of the item counts from the moment of this call on. A row with `release` has no other fields. */
  release?: boolean;
  /** When it happened. Not before 1970. */
  at: string;
  /**
   * This row replaces everything that is recorded for the item, with its own date, even if the score is lower or the
   * item was revoked. Sending it again changes nothing.
   */
  correct?: boolean;
  /** With `correct`: items that opened because of the replaced fact lock again, unless the rules open them now. */
  relock?: boolean;
};

export type PendingSubmission = {
  id: string;
  enrollment_id: string;
  course_id: string;
  learner: string;
  learner_name: string | null;
  item: string;
  answer: string;
  files: SubmittedFile[];
  submitted_at: string;
};

export type SubmittedFile = {
  id: string;
  name: string;
  content_type: string;
  size: number;
};

export type PendingCounts = {
  results: {
    course_id: string;
    item: string;
    pending: number;
    oldest: string;
  }[];
  pending: number;
  /** False: more wait than were counted. */
  is_complete: boolean;
};

export type GradedSubmission = {
  id: string;
  course_id: string;
  enrollment_id: string;
  learner: string;
  item: string;
  answer: string;
  files: SubmittedFile[];
  submitted_at: string;
  /** Which verdict of the submission it is, from 1; 0: nobody has judged yet. */
  number: number;
  status: "pending" | "passed" | "failed";
  score: number | null;
  /** Markdown. */
  feedback: string | null;
  points: {
    points: number;
    max: number;
  } | null;
  /** By criterion, with the names they had when it was judged. */
  rubric: RubricMark[];
  /** On lines of the answer. */
  comments: LineComment[];
  judged_at: string | null;
  judged_by: string | null;
  /** Its learner does not see it until it is released. */
  held: boolean;
  history: GivenVerdict[];
  /** Of the problem; null: it is not published now. */
  title: string | null;
  /** What the problem asks, in Markdown. */
  content: string | null;
  question: AskedQuestion;
  /** Of the problem's rubric, as it is published now; null: it has none. */
  criteria: Criterion[] | null;
};

export type RubricMark = {
  criterion: string;
  title: {
    en?: string;
    zh?: string;
  };
  level: string | null;
  level_title: {
    en?: string;
    zh?: string;
  } | null;
  points: number;
  max: number;
  comment: string | null;
};

export type LineComment = {
  /** From this line of the answer, counted from 1, */
  line: number;
  to: number;
  text: string;
};

export type GivenVerdict = {
  /** Which verdict of the submission it is, from 1; 0: nobody has judged yet. */
  number: number;
  status: "pending" | "passed" | "failed";
  score: number | null;
  /** Markdown. */
  feedback: string | null;
  points: {
    points: number;
    max: number;
  } | null;
  /** By criterion, with the names they had when it was judged. */
  rubric: RubricMark[];
  /** On lines of the answer. */
  comments: LineComment[];
  judged_at: string | null;
  judged_by: string | null;
  /** Its learner does not see it until it is released. */
  held: boolean;
};

export type Criterion = {
  id: string;
  title: string;
  description: string | null;
  /** The most that it gives. */
  points: number;
  levels: {
    id: string;
    title: string;
    points: number;
  }[];
};

export type AlreadyJudgedProblem = Problem & {
  code?: "already_judged";
  verdict?: GivenVerdict;
  [extra: string]: unknown;
};

export type Verdict = {
  /**
   * Whether the problem counts as completed. This is independent of the score: a condition on a score asks only for the
   * score, whether the attempt passed or not.
   */
  passed: boolean;
  /**
   * In percent. The best score counts, whether the attempt passed or not. Exactly one of `score`, `points` and `rubric`
   * says it.
   */
  score?: number;
  /** The score in points. */
  points?: {
    points: number;
    max: number;
  };
  /** A mark for each criterion of the item's rubric; the score is their sum. */
  rubric?: NewRubricMark[];
  /** Remarks on lines of the answer, counted from 1; `to` is the last line, absent: the same. */
  comments?: NewLineComment[];
  /**
   * This verdict passes or fails the item, for conditions on its completion state. Without it, an attempt that did not
   * pass leaves the item incomplete.
   */
  decides?: boolean;
  /** Markdown. All texts of a verdict together have 32,000 bytes at most. */
  feedback?: string | null;
  /**
   * It neither shows nor counts for its learner until it is released: `release` in a fact of `POST /progress/import`.
   */
  held?: boolean;
  /**
   * Changes a verdict: the `number` of the one that the caller has seen. Another one since is `already_judged`, with
   * that verdict.
   */
  replaces?: number;
  /** With `replaces`: what rested on the verdict before locks again, where the rules do not open it now. */
  relock?: boolean;
};

export type NewRubricMark = {
  criterion: string;
  level?: string | null;
  /** Absent: those of the level. */
  points?: number | null;
  comment?: string | null;
};

export type NewLineComment = {
  line: number;
  to?: number;
  text: string;
};

export type RegradeAnswer = {
  /** The version whose key judges. */
  version: number;
  /** Learners of this call. */
  looked_at: number;
  results: RegradedLearner[];
  /** Learners whose object did not answer: ask again for them with the same cursor. */
  unavailable: string[];
  next_cursor: string | null;
};

export type RegradedLearner = {
  enrollment_id: string;
  learner: string;
  changed: number;
  changes: {
    submission_id: string;
    before: {
      status: "pending" | "passed" | "failed";
      score: number | null;
    };
    after: {
      status: "pending" | "passed" | "failed";
      score: number | null;
    };
  }[];
  unlocked: string[];
  locked: string[];
};

export type Regrade = {
  /** Nothing is changed. The default. */
  dry_run?: boolean;
  /** What rested on a verdict that changes locks again, where the rules do not open it now. */
  relock?: boolean;
  limit?: number;
  cursor?: string | null;
};

export type HistoryEntry = {
  at: string;
  kind: "viewed" | "attempted" | "submitted" | "completed" | "opened" | "locked";
  items: {
    id: string;
    title: string;
  }[];
};

export type Submission = {
  id: string;
  item: string;
  answer: string;
  files: SubmittedFile[];
  /** Which verdict of the submission it is, from 1; 0: nobody has judged yet. */
  number: number;
  status: "pending" | "passed" | "failed";
  score: number | null;
  /** Markdown. */
  feedback: string | null;
  points: {
    points: number;
    max: number;
  } | null;
  /** By criterion, with the names they had when it was judged. */
  rubric: RubricMark[];
  /** On lines of the answer. */
  comments: LineComment[];
  judged_at: string | null;
  submitted_at: string;
  /** Verdicts that others took the place of, oldest first. */
  history: EarlierVerdict[];
};

export type EarlierVerdict = {
  /** Which verdict of the submission it is, from 1; 0: nobody has judged yet. */
  number: number;
  status: "pending" | "passed" | "failed";
  score: number | null;
  /** Markdown. */
  feedback: string | null;
  points: {
    points: number;
    max: number;
  } | null;
  /** By criterion, with the names they had when it was judged. */
  rubric: RubricMark[];
  /** On lines of the answer. */
  comments: LineComment[];
  judged_at: string | null;
};

export type EnrollAnswer = WriteAnswer & {
  /** The learner was not enrolled before. */
  created: boolean;
  /** The enrollment existed, and something in it has changed. */
  updated: boolean;
};

export type EnrollRequest = {
  user_id?: string;
  cohorts?: string[];
  practice_mode?: boolean;
  /** Fields of the learner that rules may ask for. */
  profile?: Record<string, string>;
  /**
   * When the enrollment began, if it began on another platform. Waiting periods count from it. Not before 1970 and not
   * in the future; up to five minutes in the future count as now, because clocks differ.
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
  /** The pause in force; `until` is null where it lasts until it is ended. */
  pause: {
    since: string;
    until: string | null;
    reason: string;
  } | null;
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
  /** Items with a score that is not released, and since when. The learner does not see this. */
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
  /** For a refused row: which field breaks which rule. */
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
};

export type EnrollBatchRequest = {
  /** Rows with the schema RosterRow. A row that breaks a rule is refused alone, with its index, field and rule. */
  enrollments: RosterRow[];
};

export type RosterRow = {
  user_id: string;
  cohorts?: string[] | null;
  practice_mode?: boolean | null;
  profile?: Record<string, string> | null;
  /** When the enrollment began, if it began on another platform. */
  enrolled_at?: string | null;
};

export type PolicyChange = {
  cohorts?: string[] | null;
  practice_mode?: boolean | null;
  /** Replaces the whole profile; `{}` empties it. */
  profile?: Record<string, string> | null;
  /**
   * Other courses that the learner has completed, and when; null removes one. Courses that are not named stay. Courses
   * in this deployment report it themselves.
   */
  courses?: Record<string, string | null>;
  /**
   * When the enrollment began, if it began on another platform. Waiting periods count from it. Not before 1970 and not
   * in the future; up to five minutes in the future count as now, because clocks differ.
   */
  enrolled_at?: string | null;
  /**
   * Items that opened because of a changed field lock again, unless the rules open them now: items whose rule, or whose
   * chapter's rule, asks for a cohort (with `cohorts`), a field of the profile (with `profile`), another course (with
   * `courses`) or days since enrollment (with `enrolled_at`), and all items (with `practice_mode: false`). Without
   * `relock`, a sticky course keeps them open.
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
   * Items that opened because of this fact lock again, unless the rules open them now: items whose rule, or whose
   * chapter's rule, asks for this item. Without `relock`, a sticky course keeps them open.
   */
  relock?: boolean;
};

export type PauseRequest = {
  /** The learner reads it. */
  reason: string;
  /** When the pause ends by itself; null: it lasts until it is ended. */
  until?: string | null;
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
  /** Stale snapshots that the sweeps have not refreshed yet. */
  stale: {
    snapshots: number;
    oldest_at: string | null;
  };
  /** Databases that did not answer. Their courses are not in these numbers. */
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

export type StreamTokenRequest = {
  /** Topics to receive in addition to the caller's own events. Access is checked for each. */
  topics?: string[];
};

export type Event = {
  /** The cursor: the reader's place in both logs after this event. */
  id: string;
  /** The id of the event: the same in every stream and in the history. */
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
  /** Its schema depends on the type: see EventData. */
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

export type PublishedEvents = {
  results: {
    key: string | null;
    user?: string;
    topic?: string;
    /**
     * stored: the event is in the log. duplicate: the key was used before, or the task has ended. coalesced: newer
     * progress replaces it. merged: it is sent together with others of its course. unavailable: not stored, send it
     * again. refused: the key was used for another body.
     */
    status: "stored" | "duplicate" | "coalesced" | "merged" | "unavailable" | "refused";
    /**
     * Why it was refused. task_of_another: another publisher began the task. too_many_readers: a task has at most 100
     * readers.
     */
    code?: "idempotency_key_reused" | "task_of_another" | "too_many_readers";
    /** Position in the receiver's log; the id of the event in the archive. */
    id: string | null;
  }[];
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
              /** For a task: users who may ask for its topic from now on, in addition to earlier readers. */
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
    /** Streams open now, everywhere; only those of shards that answered. */
    open: number;
    shards: number;
    shards_unreachable: number;
  };
  /** Numbers of the isolate that answers. Lag: the time from the log to a stream's queue, in the last minute. */
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
  /** Whether the isolate that answers accepts new streams. full: it refuses all of them. */
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

export type ArchivedEvent = {
  /** Position in the receiver's log, from the publisher's answer. */
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
  /** The topic to whose subscribers it was sent; null: it was sent to `user_id`. */
  topic: string | null;
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

export type ClassCounts = {
  results: ItemCounts[];
  next_cursor: string | null;
  learners: number;
  course_version: number;
};

export type ItemCounts = {
  item_id: string;
  hidden: number;
  locked: number;
  unlocked: number;
  started: number;
  completed: number;
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
  /** Everything up to this number is durable. `flush` answers with such a number too. */
  journal_seq: number;
};

export type StoredTranslationSession = TranslationSession & {
  created_at: string;
  updated_at: string;
};

export type TranslationSession = {
  session_id: string;
  /** Grows with each change of the item. The highest version of an item stays, whatever the order of arrival. */
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
  /** Grows with each change of the item. The highest version of an item stays, whatever the order of arrival. */
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
  /** The error of the backend. */
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
  /** Null while it was not announced and is not computed. */
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
    /** automatic: the PUT makes the file ready. call: call /storage/files/{id}/complete after the PUT. */
    completion: "automatic" | "call";
  };
};

export type AnnouncedFile = {
  /** Stored, checked and shown in Unicode's composed form (NFC). */
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
  /** Null: Latchkey recorded it itself. */
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
  /** There is no fault in this page. */
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
  /** Entries received before this instant may be removed. It must be at least a year ago. */
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
  /** backtest: about a finished course, made later, from the data that was known on that day. */
  kind: "live" | "backtest";
  reasons: {
    reason: string;
    /** Part of the log-odds of passing; negative means a risk. */
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
  /** The content was read during this request, and has the recorded hash. */
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

export type CourseMember = {
  user_id: string;
  name: string | null;
  email: string | null;
  role: "owner" | "co_author" | "grader";
  /** Null of the owner. */
  added_at: string | null;
};

export type MemberChange = {
  user_id: string;
  outcome: "added" | "changed" | "removed" | "unchanged";
};

export type MemberRoleRequest = {
  /** `co_author`: all that an owner may, but giving the course away. `grader`: reads people, judges. */
  role: "co_author" | "grader";
};

export type MembersAnswer = {
  results: {
    index: number;
    user_id: string | null;
    outcome: "added" | "changed" | "removed" | "unchanged" | "invalid" | "user_not_found" | "refused";
    /** For a refused row: which field breaks which rule. */
    errors?: {
      path: string;
      rule: string;
      message: string;
    }[];
  }[];
};

export type MembersRequest = {
  /** Rows with the schema MemberRow. A row that breaks a rule is refused alone, with its index, field and rule. */
  members: MemberRow[];
};

export type MemberRow = {
  user_id?: string;
  email?: string;
  /** Null removes. */
  role: ("co_author" | "grader") | null;
};

export type CourseOwner = {
  owner_id: string;
};

export type OwnerRequest = {
  user_id: string;
};

export type CourseObserver = {
  user_id: string;
  learner_id: string;
  name: string | null;
  email: string | null;
  added_at: string;
};

export type Observing = {
  user_id: string;
  learner_id: string;
  changed: boolean;
};

export type CoursePerson = {
  user_id: string;
  enrollment_id: string;
  name: string | null;
  email: string | null;
  status: "active" | "withdrawn";
  cohorts: string[];
  practice_mode: boolean;
  enrolled_at: string;
  last_active_at: string | null;
  completed_count: number;
  item_count: number;
};

export type Cohort = {
  name: string;
  learners: number;
};

export type PeopleAnswer = {
  results: PersonOutcome[];
};

export type PersonOutcome = {
  index: number;
  user_id: string | null;
  outcome:
    | "created"
    | "updated"
    | "unchanged"
    | "withdrawn"
    | "not_enrolled"
    | "invalid"
    | "user_not_found"
    | "unavailable";
  /** For a refused row: which field breaks which rule. */
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
};

export type PeopleRequest = {
  /** Rows with the schema PersonRow. A row that breaks a rule is refused alone, with its index, field and rule. */
  people: PersonRow[];
};

export type PersonRow = {
  user_id?: string;
  /** Of an account. Who has none is invited by a link. */
  email?: string;
  /** Null leaves them. */
  cohorts?: string[] | null;
  /** Ends the enrollment; the progress is kept for 30 days. */
  withdraw?: boolean;
};

export type RosterAnswer = {
  dry_run: boolean;
  comes: number;
  changes: number;
  goes: number;
  unchanged: number;
  /** Could not be done right now: send the file again. */
  failed: number;
  /** How many were enrolled before: of the class with `remove_missing`, else of those in the file. */
  enrolled: number;
  /** So many would go that `confirm_removed` must say how many. */
  needs_confirmation: boolean;
  /** Addresses without an account: they are left out; invite them by a link. */
  unknown: {
    line: number;
    email: string;
  }[];
  coming: {
    user_id: string;
    name: string | null;
    cohorts: string[];
  }[];
  changing: {
    user_id: string;
    name: string | null;
    from: string[];
    to: string[];
  }[];
  going: {
    user_id: string;
    name: string | null;
  }[];
};

export type RosterRequest = {
  csv: string;
  /** Who is not in the file is withdrawn. */
  remove_missing?: boolean;
  /** How many are meant to go. */
  confirm_removed?: number | null;
};

export type RosterSource = {
  name: string;
  kind: "upload" | "https" | "bucket";
  format: "csv" | "oneroster";
  address: string | null;
  has_token: boolean;
  hour: number | null;
  settings: RosterSettings;
  /** Nights in a row on which nothing came of it. */
  failures: number;
  next_at: string | null;
  last_run: RosterRun | null;
};

export type RosterSettings = {
  /** How somebody is found: by a verified e-mail address, or by an id that is their user id here. */
  match?: "email" | "sourced_id" | "username" | "identifier";
  /** Classes that learn in this course, by sourcedId. Null: all of the file, each with a cohort of its id. */
  classes?:
    | {
        class: string;
        cohort?: string | null;
      }[]
    | null;
  teacher?: "co_author" | "grader" | "none";
  aide?: "co_author" | "grader" | "none";
  /** Whether guardians observe their children. */
  guardians?: boolean;
  /**
   * Learners who are not in the file: they stay; those leave whom this source listed before; or everybody leaves. Null:
   * leave for OneRoster, stay for CSV.
   */
  missing?: "stay" | "leave" | "leave_all" | null;
};

export type RosterRun = {
  id: string;
  source: string;
  /** A file was sent; somebody asked for a fetch; or it was the night's hour. */
  begun: "sent" | "asked" | "nightly";
  file_name: string;
  /** planned: it waits to be confirmed. */
  state: "queued" | "reading" | "planned" | "applying" | "done" | "failed" | "replaced";
  /** Acts of the plan. */
  total: number;
  applied: number;
  counts: Record<string, number>;
  /** Why it failed, or whom it could not be done for: file, line, field, rule. */
  errors: RosterNote[];
  created_at: string;
  finished_at: string | null;
};

export type RosterNote = {
  path: string;
  rule: string;
  message: string;
};

export type RosterSourceRequest = {
  /** Files are sent; fetched from an https address; or read from the bucket. */
  kind: "upload" | "https" | "bucket";
  format: "csv" | "oneroster";
  /** https: the address. bucket: the key below rosters/inbox/<course>/ of the bucket of documents. */
  address?: string | null;
  /** Sent to the address as a bearer token. Stored encrypted, never shown. Left out: stays; null: removed. */
  token?: string | null;
  /** Runs by itself each day in this hour, UTC. */
  hour?: number | null;
  settings?: RosterSettings;
};

export type RosterSourceRemoved = {
  name: string;
  changed: boolean;
};

export type RosterRunDetail = RosterRun & {
  /** Kept for a week. */
  preview: RosterPreview | null;
};

export type RosterPreview = {
  comes: number;
  changes: number;
  goes: number;
  unchanged: number;
  /** Learners of the course that the file is about, before. */
  enrolled: number;
  /** Rights given or taken. */
  rights: number;
  /** Observers set or ended. */
  observers: number;
  /** People of the file who cannot be matched to a user yet. */
  waiting: number;
  /** So many would go that their number has to be said. */
  needs_confirmation: boolean;
  coming: {
    user_id: string;
    name: string | null;
    cohorts: string[];
  }[];
  changing: {
    user_id: string;
    name: string | null;
    from: string[];
    to: string[];
  }[];
  going: {
    user_id: string;
    name: string | null;
  }[];
  rights_changed: {
    user_id: string;
    name: string | null;
    role: "co_author" | "grader" | null;
  }[];
  unmatched: {
    id: string;
    name: string;
    why: "no_key" | "no_account" | "unverified" | "invalid_id";
  }[];
  classes: {
    id: string;
    title: string;
    learners: number;
    cohort: string | null;
  }[];
  /** Rows and files that were left out, and why. The first 200. */
  notes: RosterNote[];
};

export type RosterConfirmation = {
  /** How many learners are meant to go. */
  confirm_removed?: number | null;
};

export type OverridesAnswer = {
  results: {
    user_id: string;
    outcome: "done" | "refused";
    /** Why it was refused, as for a single learner. */
    code: string | null;
  }[];
  done: number;
};

export type OverridesRequest = {
  item: string;
  kind: "unlock" | "lock" | "excuse" | "extend";
  reason: string;
  expires_at?: string | null;
  extend_to?: string | null;
  /** Everybody who is in it now. Who joins later is not meant. */
  cohort?: string;
  user_ids?: string[];
};

export type RelockRequest = {
  reason: string;
  /** Everybody who is in it now. Who joins later is not meant. */
  cohort?: string;
  user_ids?: string[];
};

export type PausesRequest = {
  /** The learner reads it. */
  reason: string;
  /** When the pause ends by itself; null: it lasts until it is ended. */
  until?: string | null;
  /** Everybody who is in it now. Who joins later is not meant. */
  cohort?: string;
  user_ids?: string[];
};

export type ResumeRequest = {
  /** Everybody who is in it now. Who joins later is not meant. */
  cohort?: string;
  user_ids?: string[];
};

export type Invitation = {
  id: string;
  /** What the link ends with: `/invite/<token>` of the pages. */
  token: string;
  cohorts: string[];
  max_uses: number;
  uses: number;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
};

export type NewInvitation = {
  /** Of whoever comes by it. */
  cohorts?: string[];
  max_uses?: number;
  /** Who gets the link by mail. */
  emails?: string[];
  /** After so many days it ends. */
  days?: number;
};

export type InvitationRevoked = {
  id: string;
  changed: boolean;
};

export type InvitationSeen = {
  course: string;
  title: string;
  expires_at: string;
};

export type InvitationToken = {
  token: string;
};

export type InvitationAccepted = {
  course: string;
  created: boolean;
};

export type Organization = {
  id: string;
  name: string;
  created_at: string;
};

export type OrganizationRequest = {
  name: string;
};

export type OrganizationChanged = {
  changed: boolean;
};

export type CourseOrganization = {
  course: string;
  organization_id: string | null;
  changed: boolean;
};

export type CourseOrganizationRequest = {
  organization_id: string | null;
};

export type OrganizationPerson = {
  id: string;
  email: string;
  name: string;
  role: "learner" | "author" | "service" | "admin";
  /** They manage the people of the organisation. */
  manages: boolean;
  ban: {
    reason: string;
    until: string | null;
  } | null;
  created_at: string;
};

export type NewOrganizationPerson = {
  email: string;
  name: string;
  role?: "learner" | "author";
  /** Sends a link by which they choose a password, in the language of the request. */
  invite?: boolean;
};

export type OrganizationCourse = {
  slug: string;
  title: string;
  owner_id: string;
  active_version: number | null;
};

export type UserActsAnswer = {
  results: UserActOutcome[];
};

export type UserActOutcome = {
  index: number;
  user_id: string | null;
  /** `refused`: the caller may not, see `errors`. `unavailable`: send it again. */
  outcome: "done" | "unchanged" | "invalid" | "user_not_found" | "refused" | "unavailable";
  /** For a refused row: which field breaks which rule. */
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
};

export type UserActsRequest = {
  /** Rows with the schema UserAct. A row that breaks a rule is refused alone, with its index, field and rule. */
  users: UserAct[];
};

export type UserAct = {
  user_id: string;
  act: "suspend" | "return" | "role" | "move";
  /** Of `suspend`. */
  reason?: string;
  /** Of `role`. */
  role?: "learner" | "author" | "service" | "admin";
  /** Of `move`. Null: the common space. */
  organization_id?: string | null;
};

export type Webhook = {
  id: string;
  /** null: every course. */
  course_id: string | null;
  url: string;
  note: string;
  types: (
    | "item.unlocked"
    | "item.completed"
    | "item.relocked"
    | "enrollment.created"
    | "submission.graded"
    | "learner.at_risk"
    | "course.published"
    | "import.done"
  )[];
  state: "active" | "disabled";
  /** gone: the receiver answered 410. asked: somebody disabled it. */
  disabled_reason: "gone" | "asked" | null;
  /** The receiver has taken nothing since then. */
  failing_since: string | null;
  /** It is down, and is tried again then. */
  paused_until: string | null;
  /** The last try. */
  last: {
    at: string;
    /** What was answered; null: nothing was. */
    status: number | null;
    /** Why it failed; null: it was delivered. */
    error: string | null;
  } | null;
  last_success_at: string | null;
  /** Until then the secret before signs too. */
  previous_secret_until: string | null;
  created_at: string;
  updated_at: string;
};

export type WebhookWithSecret = Webhook & {
  /** For the receiver. It is shown this once. */
  secret: string;
};

export type WebhookRequest = {
  /** https, port 443, a name of the public network. It is checked again at each delivery. */
  url: string;
  /** What it is for. Nobody is sent this. */
  note?: string;
  types: (
    | "item.unlocked"
    | "item.completed"
    | "item.relocked"
    | "enrollment.created"
    | "submission.graded"
    | "learner.at_risk"
    | "course.published"
    | "import.done"
  )[];
};

export type WebhookChange = {
  /** https, port 443, a name of the public network. It is checked again at each delivery. */
  url?: string;
  /** What it is for. Nobody is sent this. */
  note?: string;
  types?: (
    | "item.unlocked"
    | "item.completed"
    | "item.relocked"
    | "enrollment.created"
    | "submission.graded"
    | "learner.at_risk"
    | "course.published"
    | "import.done"
  )[];
  state?: "active" | "disabled";
};

export type WebhookPing = {
  delivered: boolean;
  status: number | null;
  error: string | null;
  took_ms: number;
};

export type WebhookDelivery = {
  id: string;
  /** The header of this name; the same at each try. */
  webhook_id: string;
  type:
    | "item.unlocked"
    | "item.completed"
    | "item.relocked"
    | "enrollment.created"
    | "submission.graded"
    | "learner.at_risk"
    | "course.published"
    | "import.done";
  course_id: string;
  /** failed: it was given up after three days. */
  state: "waiting" | "delivered" | "failed";
  tries: number;
  status: number | null;
  error: string | null;
  took_ms: number | null;
  happened_at: string;
  tried_at: string | null;
  /** null while it waits for nothing but its turn. */
  next_at: string | null;
};

export type WebhookReplayed = {
  replayed: number;
  /** There is more: ask again with this `since`. */
  continue_since: string | null;
};

export type WebhookReplayRequest = {
  /** When the events were written down, not when they happened. */
  since: string;
  only?: "failed" | "all";
};

export type SignOnButtons = {
  results: {
    name: string;
    label: string;
  }[];
};

export type SignOnBegun = {
  /** Open it in the same tab. */
  url: string;
  /** Keep it in the tab, and send it with what the provider answers. */
  flow: string;
};

export type SignOnAnswer = {
  flow: string;
  /** The query of the address the provider sent the browser to, as it stands there. */
  answer: string;
  device_token?: string;
};

export type IdentityProvider = {
  name: string;
  label: string;
  issuer: string;
  client_id: string;
  has_secret: boolean;
  sign_in: boolean;
  audience: string | null;
  top_role: "learner" | "author" | "admin";
  settings: {
    scopes?: string;
    claims?: {
      /** Who somebody is. It must never name somebody else later. */
      id?: string;
      email?: string;
      /** Says true where the address was shown to be theirs. */
      email_verified?: string;
      name?: string;
      /** Null: the provider gives no roles. */
      role?: string | null;
      /** Null: the provider gives no places in courses. */
      groups?: string | null;
    };
    /** What a value of the claim `role` means. Of several, the highest counts; of none, learner. */
    roles?: {
      value: string;
      role: "learner" | "author" | "admin";
    }[];
    /** Who gets an account at the first sign-in: whose address is verified, everybody, nobody. */
    new_accounts?: "verified" | "any" | "none";
    /** Lets somebody into the account of the same address, if the provider and this service have both verified it. */
    link?: boolean;
  };
  /** To be registered at the provider. Null: set PUBLIC_URL first; until then, nobody signs in. */
  redirect_uri: string | null;
  last_sign_in_at: string | null;
  last_failure_at: string | null;
  /** Which rule of which claim or step. */
  last_failure: string | null;
  created_at: string;
  updated_at: string;
};

export type IdentityProviderRequest = {
  /** On the button. */
  label: string;
  /** Its discovery document is below /.well-known/openid-configuration. */
  issuer: string;
  client_id: string;
  /** Stored encrypted, never shown. Left out: stays, unless the issuer is another; null: removed. */
  client_secret?: string | null;
  /** People sign in with it. */
  sign_in?: boolean;
  /** Its tokens for this audience are accepted on the API. Null: none are. */
  audience?: string | null;
  /** Nobody comes by it who has a higher role. */
  top_role?: "learner" | "author" | "admin";
  settings?: {
    scopes?: string;
    claims?: {
      /** Who somebody is. It must never name somebody else later. */
      id?: string;
      email?: string;
      /** Says true where the address was shown to be theirs. */
      email_verified?: string;
      name?: string;
      /** Null: the provider gives no roles. */
      role?: string | null;
      /** Null: the provider gives no places in courses. */
      groups?: string | null;
    };
    /** What a value of the claim `role` means. Of several, the highest counts; of none, learner. */
    roles?: {
      value: string;
      role: "learner" | "author" | "admin";
    }[];
    /** Who gets an account at the first sign-in: whose address is verified, everybody, nobody. */
    new_accounts?: "verified" | "any" | "none";
    /** Lets somebody into the account of the same address, if the provider and this service have both verified it. */
    link?: boolean;
  };
};

export type IdentityProviderRemoved = {
  name: string;
  changed: boolean;
};

export type GroupRules = {
  source: string;
  rules: GroupRule[];
  /** People whose places still have to be looked at. */
  waiting: number;
  last_sync_at: string | null;
  last_failure_at: string | null;
  last_failure: string | null;
  /** Changes that were refused since the last one that was done, about. */
  refused: number;
  /** Attributes that the directory sends and this service does not keep. */
  not_kept: {
    attribute: string;
    last_sent_at: string;
  }[];
};

export type GroupRule = {
  /** Its name at the directory, or the value of the claim. */
  group: string;
  course: string;
  role?: "learner" | "co_author" | "grader";
  /** Of learners. Null: none. */
  cohort?: string | null;
};

export type GroupRulesRequest = {
  rules: GroupRule[];
};

export type ScimResource = {
  schemas: string[];
  [extra: string]: unknown;
};

export type ScimError = {
  schemas: string[];
  status: string;
  scimType?: string;
  detail: string;
  /** As in problem documents: docs/developers/errors.md. */
  code: string;
  errors?: {
    path: string;
    rule: string;
    message: string;
  }[];
  request_id: string;
};

export type ScimList = {
  schemas: string[];
  totalResults: number;
  startIndex: number;
  itemsPerPage: number;
  Resources: ScimResource[];
};

export type ScimRequest = Record<string, unknown>;

export type Decisions =
  | Decision
  | {
      evaluations: Decision[];
    };

export type Decision = {
  decision: boolean;
  context: {
    /** Why not. An item that is hidden, or does not exist, is `not_open` like one that is locked. */
    reason?: "not_open" | "not_enrolled" | "error";
    /** Only with `options.reasons`. */
    explanation?: {
      item: string;
      is_locked: boolean;
      /** Every condition of the rule, in order, and whether it is met. Empty if the item is open. */
      conditions: Condition[];
      /** Every condition that is not met, in the order of the rule. Empty if the item is open. */
      reasons: Reason[];
      /**
       * The shortest list of steps that opens the item, in order: each step is possible after the steps before it. Null
       * if the item cannot open, whatever the learner does or waits for. Waits are counted from now, as if all steps
       * before them were done at once.
       */
      to_unlock: Step[] | null;
      /** The steps that can be done right now; if there are none, the first wait. */
      do_next: Step[];
      sentence: {
        en: string;
        zh: string;
      };
    };
    snapshot?: {
      version: number;
      course_version: number;
      source: string;
    };
    /** Why this question could not be decided. It denies. */
    error?: {
      status: number;
      code: string;
      message: string;
    };
  };
};

export type DecisionRequest = {
  subject?: {
    type: "user";
    id: string;
    [extra: string]: unknown;
  };
  action?: {
    name: "open";
    [extra: string]: unknown;
  };
  resource?: {
    type: "item";
    id: string;
    [extra: string]: unknown;
  };
  context?: {
    /** The decision includes the write that returned this progress_seq. */
    min_seq?: number;
    /** The decision may be this many seconds old, and may come from the edge. */
    max_stale?: number;
    [extra: string]: unknown;
  };
  /** Several questions. What a question leaves out is taken from the request. */
  evaluations?: {
    subject?: {
      type: "user";
      id: string;
      [extra: string]: unknown;
    };
    action?: {
      name: "open";
      [extra: string]: unknown;
    };
    resource?: {
      type: "item";
      id: string;
      [extra: string]: unknown;
    };
    context?: {
      /** The decision includes the write that returned this progress_seq. */
      min_seq?: number;
      /** The decision may be this many seconds old, and may come from the edge. */
      max_stale?: number;
      [extra: string]: unknown;
    };
    [extra: string]: unknown;
  }[];
  options?: {
    evaluations_semantic?: "execute_all" | "deny_on_first_deny" | "permit_on_first_permit";
    /** Each denial says why. At most 100 questions. */
    reasons?: boolean;
    [extra: string]: unknown;
  };
  [extra: string]: unknown;
};

export type XapiStore = XapiStoreSummary & {
  settings: {
    /** What a verb tells, by its IRI. It is laid over the table that every course has. */
    verbs?: Record<
      string,
      "viewed" | "submitted" | "contributed" | "completed" | "passed" | "failed" | "scored" | "ignored"
    >;
    /** The item that an activity is, by the activity's IRI; `move_on` as cmi5 has it, null: the verb alone decides. */
    items?: Record<
      string,
      {
        item: string;
        move_on?: "Passed" | "Completed" | "CompletedAndPassed" | "CompletedOrPassed" | "NotApplicable" | null;
      }
    >;
    /** Home pages of accounts whose names are ids of users here. That of this installation always counts. */
    home_pages?: string[];
  };
  default_verbs: Record<
    string,
    "viewed" | "submitted" | "contributed" | "completed" | "passed" | "failed" | "scored" | "ignored"
  >;
  newest: {
    id: string;
    stored_at: string;
    verb: string;
    activity: string | null;
    voided: boolean;
    /**
     * What became of its fact, in the words of an import; `waiting`: it is tried again; `no_fact`: it made none; null:
     * it could make none, as its actor, verb or activity is not known here.
     */
    fact: string | null;
  }[];
};

export type XapiStoreSummary = {
  course: string;
  on: boolean;
  /** Stored so far. */
  statements: number;
  most_statements: number;
  last_stored_at: string | null;
  /** Why a write was refused last. Nothing that was sent is kept. */
  last_refused: {
    at: string;
    code: string;
    errors: {
      path: string;
      rule: string;
      message: string;
    }[];
  } | null;
};

export type XapiStoreRequest = {
  /** What a verb tells, by its IRI. It is laid over the table that every course has. */
  verbs?: Record<
    string,
    "viewed" | "submitted" | "contributed" | "completed" | "passed" | "failed" | "scored" | "ignored"
  >;
  /** The item that an activity is, by the activity's IRI; `move_on` as cmi5 has it, null: the verb alone decides. */
  items?: Record<
    string,
    {
      item: string;
      move_on?: "Passed" | "Completed" | "CompletedAndPassed" | "CompletedOrPassed" | "NotApplicable" | null;
    }
  >;
  /** Home pages of accounts whose names are ids of users here. That of this installation always counts. */
  home_pages?: string[];
  /** Off: the store answers 501 and keeps what it has. */
  on: boolean;
};

export type Flags = {
  flags: Flag[];
  metadata: {
    course: string;
    snapshot_version: number;
    course_version: number;
    source: string;
  };
  /** Of the caller's own flags: a stream that says when to ask again. Do not log its address. */
  eventStreams?: {
    type: "sse";
    url: string;
    inactivityDelaySec: 120;
  }[];
};

export type Flag = {
  key: string;
  /** Whether the learner may open the item. */
  value: boolean;
  reason: "TARGETING_MATCH";
  /** The state of the item. One flag alone says `unlocked` of every item that is open. */
  variant: "locked" | "unlocked" | "started" | "completed" | "not_enrolled";
  metadata?: {
    /** Of a locked item: the sentence for the learner. */
    why?: string;
  };
};

export type FlagsRequest = {
  context: {
    /** The learner. */
    targetingKey: string;
    /** The answer includes the write that returned this progress_seq. */
    min_seq?: number;
    /** The answer may be this many seconds old. */
    max_stale?: number;
    course: string;
    [extra: string]: unknown;
  };
  [extra: string]: unknown;
};

export type FlagRequest = {
  context: {
    /** The learner. */
    targetingKey: string;
    /** The answer includes the write that returned this progress_seq. */
    min_seq?: number;
    /** The answer may be this many seconds old. */
    max_stale?: number;
    [extra: string]: unknown;
  };
  [extra: string]: unknown;
};

export type LtiTool = {
  /** False: PUBLIC_URL is not set, and every launch is refused. */
  enabled: boolean;
  login_url: string | null;
  launch_url: string | null;
  jwks_url: string | null;
  /** Add a course, and an item of it: /<course>/<item>. */
  link_url: string | null;
  keys: {
    kid: string;
    created_at: string;
    signs: boolean;
  }[];
};

export type LtiRegistration = {
  platform: string;
  /** The platform's administrator enters it there. It is good once, for a day. */
  address: string;
  expires_at: string;
};

export type LtiRegistrationRequest = {
  platform: string;
  name: string;
  kind?: "canvas" | "moodle" | "other";
  courses?: string[] | null;
  teachers?: "co_author" | "grader";
};

export type LtiSyncAsked = {
  id: string;
  courses: number;
};

export type LtiSyncRequest = {
  /** Where a reading was stopped because so many would go: that many may go. */
  confirm_removed?: number;
};

export type LtiScoresResent = {
  id: string;
  scores: number;
};

export type LtiContext = {
  deployment: string;
  /** Id of the course at the platform. */
  context: string;
  title: string | null;
  course: string;
  last_sync: string | null;
  /** What the last reading did; `members`: how many are known. */
  counts: Record<string, number>;
  failure: {
    at: string;
    why: string;
  } | null;
  gradebook: LtiGradebook;
};

export type LtiGradebook = {
  last_read: string | null;
  failure: {
    at: string;
    why: string;
  } | null;
  columns: {
    line_item: string;
    item: string;
    completes: boolean;
    last_read: string | null;
    /**
     * What the last reading did, in the words of an import; `unknown`: people whom nobody here knows; `ungraded`:
     * without a score; `invalid`: against the standard; `own`: scores that were sent from here.
     */
    counts: Record<string, number>;
    failure: string | null;
  }[];
  /** Columns that the platform listed last; the first 200. */
  listed: {
    line_item: string;
    label: string;
    maximum: number | null;
  }[];
  /** Why the columns could not be listed. */
  unlisted: string | null;
  /** Ids at the platform of unknown people; the first 20. */
  unknown: string[];
};

export type LtiResultsRequest = {
  deployment: string;
  /** Id of the course at the platform. */
  context: string;
  course: string;
  /** The columns that are read. Others are read no more. */
  columns: {
    /** The address of the column: the `id` of its line item. */
    line_item: string;
    item: string;
    /** A result completes the item too. False: the item's own requirement decides. */
    completes?: boolean;
  }[];
};

export type LtiResultsAsked = {
  id: string;
  courses: number;
};

export type LtiPlatform = {
  id: string;
  name: string;
  kind: "canvas" | "moodle" | "other";
  issuer: string;
  client_id: string;
  auth_url: string;
  token_url: string;
  jwks_url: string;
  deployments: string[];
  origins: string[];
  courses: string[] | null;
  teachers: "co_author" | "grader";
  enabled: boolean;
  created_at: string;
  updated_at: string;
  last_launch: string | null;
  /** When a score was taken last. */
  last_delivery: string | null;
  /** The last score that was not taken and still waits, or has been given up. */
  last_unsent: {
    at: string;
    why: string;
  } | null;
  /** The last launch that was refused: a word, and what it is about. */
  last_failure: {
    at: string;
    why: string;
  } | null;
};

export type LtiPlatformDetail = LtiPlatform & {
  /** Courses of the platform; the first 200. */
  contexts: LtiContext[];
};

export type LtiPlatformRequest = {
  name: string;
  kind?: "canvas" | "moodle" | "other";
  /** `iss` of its tokens. Several platforms may share one. */
  issuer: string;
  /** What this tool is called there. */
  client_id: string;
  /** Where a launch is authorised (OIDC authorisation endpoint). */
  auth_url: string;
  /** Where access tokens for its services are given. */
  token_url: string;
  /** Where its public keys are. */
  jwks_url: string;
  /** Ids of deployments that may launch. Launches of others are refused, and their ids shown. */
  deployments?: string[];
  /** Origins whose pages may frame a launch. Null: those of the issuer, of `auth_url` and of the kind. */
  origins?: string[] | null;
  /** Courses that the platform may open and enroll into. Null: every published course. */
  courses?: string[] | null;
  /** What teachers of the platform become in a course that they open. */
  teachers?: "co_author" | "grader";
  /** False: it is switched off. Nobody comes in, who came is signed out, and nothing is read or sent. */
  enabled?: boolean;
  /** Has to be true where the issuer of a platform changes from which people have come: they are the same. */
  same_people?: boolean;
};

export type LtiPlatformRemoved = {
  id: string;
  changed: boolean;
};

export type Next = {
  results: NextThing[];
  /** Items of the course that are done. */
  done: number;
  total: number;
  /** What a date opens next. */
  opens_next: {
    item_id: string;
    title: string;
    opens_at: string;
  } | null;
  /** The pause in force; `until` is null where it lasts until staff end it. */
  paused: {
    until: string | null;
    reason: string;
  } | null;
  snapshot: Snapshot;
};

export type NextThing = {
  item_id: string;
  title: string;
  kind: string;
  chapter_id: string | null;
  status: "unlocked" | "started";
  why: "overdue" | "due_soon" | "begun" | "open";
  sentence: string;
  /** Its due date, or else its end, as the learner has it. */
  due_at: string | null;
};

export type FoundItems = {
  results: Found[];
  has_more: boolean;
};

export type Found = {
  item_id: string;
  title: string;
  kind: string;
  is_locked: boolean;
  /** Null where the title was found. */
  excerpt: string | null;
};

export type CalendarAddress = {
  /** For a calendar program. Whoever has it reads these due dates, so keep it secret. It is shown once. */
  address: string;
  created_at: string;
};

export type Calendar = {
  created_at: string | null;
};

export type CalendarEnded = {
  changed: boolean;
};

export type OwnCertificate = {
  certificate: Certificate | null;
};

export type Certificate = {
  id: string;
  status: "valid" | "revoked";
  course: string;
  /** Of the course, as it was when the certificate was issued. */
  title: string;
  /** The learner's name, as it was then. */
  holder: string;
  issued_at: string;
  revoked_at: string | null;
  address: string;
};

export type IssuedCertificate = {
  id: string;
  status: "valid" | "revoked";
  course: string;
  /** Of the course, as it was when the certificate was issued. */
  title: string;
  /** The learner's name, as it was then. */
  holder: string;
  issued_at: string;
  revoked_at: string | null;
  user_id: string;
  reason: string | null;
};

export type CertificateRevoked = {
  id: string;
  changed: boolean;
};

export type Notices = {
  results: Notice[];
  unread: number;
  read_at: string | null;
};

export type Notice = {
  id: string;
  kind: "opened" | "graded" | "due_soon" | "message";
  at: string;
  items: {
    id: string;
    title: string;
  }[];
  /** Of a message. */
  text: string | null;
  is_read: boolean;
};

export type NoticesRead = {
  read_at: string;
};

export type NoticesSeen = {
  /** The newest notice that was shown. Not later than now. */
  until: string;
};

export type MessagesSent = {
  results: {
    user_id: string;
    outcome: "sent" | "not_enrolled";
  }[];
};

export type NewMessage = {
  user_ids: string[];
  text: string;
};

export type Places = {
  results: ReadingPlace[];
};

export type ReadingPlace = {
  item_id: string;
  /** Thousandths of the text that were above the top of the screen. */
  place: number;
  read_at: string;
};

export type NewPlace = {
  place: number;
};

export type ObservedLearner = {
  course: string;
  /** Of the course. */
  title: string;
  learner_id: string;
  /** Null for who has no account here. */
  name: string | null;
};

export type Erasure = {
  user_id: string;
  /** settling: all data that was found is removed. At `next_at`, a second pass removes what was under way. */
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
  /** Consecutive failures of the present step. */
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

export type LocalMail = {
  id: string;
  to: string;
  kind: "verify" | "recover" | "link" | "change" | "changed" | "notice" | "invite";
  subject: string;
  text: string;
  html: string;
  created_at: string;
};

export type ReadSwitch = {
  /** Share of the enrollments whose reads are evaluated from D1 instead of their objects. */
  realtime_percent: 0;
  reason: string;
  set_at: string | null;
};

export type ReadSwitchChange = {
  /** Share of the enrollments whose reads are evaluated from D1 instead of their objects. */
  realtime_percent: 0;
  reason: string;
};

export type Shard = {
  shard: string;
  courses: number;
  /** All enrollments that its courses ever had. */
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
   * copying: rows are copied, and writes go to the old database. closing, moved: for a moment nothing is written to the
   * database. purging: writes go to the new database, and the old rows are removed.
   */
  state: "copying" | "closing" | "moved" | "purging" | "done";
  /** Copied objects; an object that changed meanwhile is counted again. */
  enrollments: number;
  rows: number;
  bytes: number;
  purged_rows: number;
  /** Statements of D1 so far. */
  statements: number;
  /** How long the database refused writes of the course. */
  closed_ms: number | null;
  /**
   * backup: one is under way. room: the target is full now. readers: for some seconds after the move, old rows stay
   * where they were. another_call: another call works on this move now.
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
  /** true: only say how much work the move would be. */
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
    /** Observations of at most `le`; null means no bound. */
    buckets?: {
      le: number | null;
      count: number;
    }[];
  }[];
};

export type Backup = {
  id: string;
  state: "running" | "finished" | "damaged";
  /** full: everything. changes: the changes since `parent`. Null: not known. */
  kind: "full" | "changes" | null;
  /** The backup that this one is built on. A restore needs it too. */
  parent: string | null;
  /** Everything acknowledged before this instant is in the backup, or in the backups it is built on. */
  mark: string;
  finished_at: string | null;
  rows: number;
  bytes: number;
  parts: number;
  /** Enrollment objects that were copied. */
  objects: number;
  /** Rows of D1 that were read for the backup. */
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
  /** Rows written after the mark, about something that did not exist at the mark. */
  left_out: number;
  /** Users in the backup who were erased after it. */
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
        /**
         * 10 to 128 characters. It must be hard to guess, even for somebody who knows lists of passwords, your name and
         * your address.
         */
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
        /** The first administrator. Without it, you get a token to restore a backup. */
        account?: {
          email: string;
          name: string;
          /**
           * 10 to 128 characters. It must be hard to guess, even for somebody who knows lists of passwords, your name
           * and your address.
           */
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
        /** What this browser got when it was trusted: no code is asked for. */
        device_token?: string;
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
  "/api/v1/auth/ways": {
    /** Which ways to sign in are switched on here, beside the password */
    get: {
      answer: SignInWays;
    };
  };
  "/api/v1/auth/recovery": {
    /** Ask for a link to set a new password */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        email: string;
      };
      answer: SignUpAccepted;
    };
  };
  "/api/v1/auth/recovery/complete": {
    /** Set a new password by a link; every session ends */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        token: string;
        /**
         * 10 to 128 characters. It must be hard to guess, even for somebody who knows lists of passwords, your name and
         * your address.
         */
        new_password: string;
      };
      answer: EndedSessions;
    };
  };
  "/api/v1/auth/sign-in/link": {
    /** Ask for a link to sign in */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        email: string;
      };
      answer: SignUpAccepted;
    };
  };
  "/api/v1/auth/sign-in/link/complete": {
    /** Sign in by a link */
    post: {
      body: {
        token: string;
        /** What this browser got when it was trusted: no code is asked for. */
        device_token?: string;
      };
      answer: SignedIn;
    };
  };
  "/api/v1/auth/email": {
    /** Ask for a link that confirms your address, or a new one */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        email: string;
        /** Your password. Without one, your session must be at most 15 minutes old. */
        password?: string;
      };
      answer: SignUpAccepted;
    };
  };
  "/api/v1/auth/email/complete": {
    /** Confirm an address by a link; the old address is told of a change */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        token: string;
      };
      answer: User;
    };
  };
  "/api/v1/auth/account": {
    /** How you can sign in: password, passkeys, second factor, trusted devices */
    get: {
      answer: Account;
    };
  };
  "/api/v1/auth/sign-in/second-factor": {
    /** Go on with a sign-in by a code of the app, or a backup code */
    post: {
      body: {
        challenge: string;
        /** Six digits of the app, or a backup code. */
        code: string;
        /** Ask this browser for no code for some days. */
        trust_device?: boolean;
      };
      answer: SteppedIn;
    };
  };
  "/api/v1/auth/second-factor": {
    /** Begin to set up codes of an app as your second factor */
    post: {
      body: {
        /** Your password. Without one, your session must be at most 15 minutes old. */
        password?: string;
      };
      answer: SecondFactorSetUp;
    };
    /** Switch your second factor off */
    delete: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        /** Six digits of the app, or a backup code. */
        code: string;
      };
      answer: null;
    };
  };
  "/api/v1/auth/second-factor/confirm": {
    /** Switch your second factor on by a first code */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        /** Six digits of the app, or a backup code. */
        code: string;
      };
      answer: BackupCodes;
    };
  };
  "/api/v1/auth/second-factor/backup-codes": {
    /** Get new backup codes; the old ones end */
    post: {
      body: {
        /** Six digits of the app, or a backup code. */
        code: string;
      };
      answer: BackupCodes;
    };
  };
  "/api/v1/auth/devices/{id}": {
    /** Trust a browser no more */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/users/{id}/sign-in-ways": {
    /** Remove the passkeys, the second factor and the trusted devices of a user; every session ends */
    delete: {
      path: {
        id: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: EndedSessions;
    };
  };
  "/api/v1/auth/launch": {
    /** Sign in by a launch from another platform */
    post: {
      body: {
        token: string;
      };
      answer: Launched;
    };
  };
  "/api/v1/auth/sessions": {
    /** List your sessions */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
        /** True: end all sessions except this one. */
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
        /**
         * 10 to 128 characters. It must be hard to guess, even for somebody who knows lists of passwords, your name and
         * your address.
         */
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        role?: "learner" | "author" | "service" | "admin";
        /** The beginning of a name, an e-mail address or an id. Of each, the first 500 are found. */
        search?: string;
        /** True: only banned users. False: only users who are not banned. */
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
        /** Without it, the user cannot sign in by password. */
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
        /** Admins only. Null ends a ban. */
        ban?: {
          reason: string;
          /** Default: until an admin ends the ban. */
          until?: string;
        } | null;
      };
      answer: User;
    };
    /** Erase a user and all data about them */
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
  "/api/v1/auth/passkeys/options": {
    /** What a browser needs to make a passkey */
    post: {
      body: {
        /** Your password. Without one, your session must be at most 15 minutes old. */
        password?: string;
      };
      answer: PasskeyOptions;
    };
  };
  "/api/v1/auth/passkeys": {
    /** Add the passkey that a browser has made */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: {
        challenge: string;
        name: string;
        credential: PasskeyRegistration;
      };
      answer: PasskeyAdded;
    };
  };
  "/api/v1/auth/passkeys/{id}": {
    /** Remove one of your passkeys */
    delete: {
      path: {
        id: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: null;
    };
  };
  "/api/v1/auth/sign-in/passkey/options": {
    /** What a browser needs to sign in by a passkey */
    post: {
      answer: PasskeyOptions;
    };
  };
  "/api/v1/auth/sign-in/passkey": {
    /** Sign in by a passkey */
    post: {
      body: {
        challenge: string;
        credential: PasskeyAssertion;
      };
      answer: SignedIn;
    };
  };
  "/api/v1/keys": {
    /** List keys by id, also those that ended in the last 90 days */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
        /** The program that uses the key. */
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
          | "scim"
          | "xapi"
        )[];
        /** The courses for which the key works, or "all". */
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
    /** Replace the secret of a key; for a while, the old and the new one both work */
    post: {
      path: {
        id: string;
      };
      body: {
        /** How long the old secret stays valid; 0: it ends at once. */
        overlap_seconds?: number;
        /** Days from now. */
        expires_in_days?: number;
      };
      answer: ShownServiceKey;
    };
  };
  "/api/v1/courses/{course}/files": {
    /** Upload a picture or another file for the texts of a course: the body is its bytes */
    post: {
      path: {
        course: string;
      };
      query: {
        /** Stored, checked and shown in Unicode's composed form (NFC). */
        name: string;
      };
      answer: CourseFile;
    };
  };
  "/api/v1/courses/{course}/files/copies": {
    /** Copy up to 20 files of another course into this one, for texts that were copied */
    post: {
      path: {
        course: string;
      };
      body: CopyFiles;
      answer: CopiedFiles;
    };
  };
  "/api/v1/courses/{course}/drafts/{version}": {
    /** Drop a draft, with its texts and the files that no other version names; harmless to repeat */
    delete: {
      path: {
        course: string;
        version: number;
      };
      answer: null;
    };
  };
  "/api/v1/courses/imports/uploads": {
    /** Begin to upload an archive in parts; the same Idempotency-Key finds what was begun */
    post: {
      body: ImportUploadRequest;
      answer: ImportUpload;
    };
  };
  "/api/v1/courses/imports/uploads/{id}": {
    /** Which parts of an archive have arrived */
    get: {
      path: {
        id: string;
      };
      answer: ImportUpload;
    };
    /** Give an upload up, with all that has arrived of it; harmless to repeat */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/courses/imports/uploads/{id}/parts/{part}": {
    /** Send one part of an archive: the body is its bytes; harmless to repeat */
    put: {
      path: {
        id: string;
        part: number;
      };
      answer: ImportPart;
    };
  };
  "/api/v1/courses/imports/uploads/{id}/complete": {
    /** Put the parts together and import the course, as a draft; harmless to repeat */
    post: {
      path: {
        id: string;
      };
      answer: CourseImport;
    };
  };
  "/api/v1/courses/imports/{id}/people": {
    /** How far the look at the people of an archive is, and their import */
    get: {
      path: {
        id: string;
      };
      answer: ImportPeople;
    };
    /** Enroll the people of an archive whom verified addresses name, with what they did; harmless to repeat */
    post: {
      path: {
        id: string;
      };
      answer: ImportPeopleJob;
    };
  };
  "/api/v1/courses/imports/{id}/people/roster": {
    /** Who is in the archive, and what importing them would do */
    get: {
      path: {
        id: string;
      };
      answer: ImportRoster;
    };
    /** Look at the people of an archive; nobody is enrolled by it */
    post: {
      path: {
        id: string;
      };
      answer: ImportPeopleJob;
    };
  };
  "/api/v1/courses/imports": {
    /** List imports, newest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
        /** Slug of the course. Without it, one is made from the source. */
        course: string;
        /** Name of the archive, for people and messages. */
        name?: string;
      };
      answer: CourseImport;
    };
  };
  "/api/v1/courses/imports/{id}": {
    /** The progress and result of an import, and what activating its draft would change */
    get: {
      path: {
        id: string;
      };
      answer: CourseImportDetail;
    };
    /** Stop an import, or remove one that has ended, with its archive and report; its draft stays */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/courses/imports/{id}/report": {
    /** How every rule and completion setting of the archive was imported */
    get: {
      path: {
        id: string;
      };
      answer: ImportReport;
    };
  };
  "/api/v1/courses/{course}/working-copy": {
    /** The text of a course that its authors are writing and have not published */
    get: {
      path: {
        course: string;
      };
      answer: WorkingCopy;
    };
    /** Save the working copy of a course, or discard it; refused where somebody else saved meanwhile */
    put: {
      path: {
        course: string;
      };
      body: SaveWorkingCopy;
      answer: WorkingCopyStamp;
    };
  };
  "/api/v1/courses/{course}/working-copy/writers": {
    /** Say that one has the working copy open, for a minute; learn who else has, and its revision */
    post: {
      path: {
        course: string;
      };
      answer: Writers;
    };
  };
  "/api/v1/courses/{course}/preview": {
    /** Check a document, and see it as a made-up learner would; nothing is stored */
    post: {
      path: {
        course: string;
      };
      body: PreviewRequest;
      answer: CoursePreview;
    };
  };
  "/api/v1/courses": {
    /** List courses */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: CourseVersion[];
        next_cursor: string | null;
      };
    };
    /** Publish a document as the next version; with dry_run, only say what that would change */
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** The answer includes the write that returned this progress_seq. */
        min_seq?: number | null;
        /**
         * States and reasons at another instant: the past as it was, the future as it will be if nothing else changes.
         * The present instant alone decides whether content is shown and work is accepted.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what a new learner sees. */
        as?: "learner";
        /**
         * The answer may be this many seconds old. It comes from the edge, without asking the enrollment object. It
         * always includes `min_seq`. Not with `at`, `as` and `learner`.
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** The answer includes the write that returned this progress_seq. */
        min_seq?: number | null;
        /**
         * States and reasons at another instant: the past as it was, the future as it will be if nothing else changes.
         * The present instant alone decides whether content is shown and work is accepted.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what a new learner sees. */
        as?: "learner";
        /**
         * The answer may be this many seconds old. It comes from the edge, without asking the enrollment object. It
         * always includes `min_seq`. Not with `at`, `as` and `learner`.
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** The answer includes the write that returned this progress_seq. */
        min_seq?: number | null;
        /**
         * States and reasons at another instant: the past as it was, the future as it will be if nothing else changes.
         * The present instant alone decides whether content is shown and work is accepted.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what a new learner sees. */
        as?: "learner";
        /**
         * The answer may be this many seconds old. It comes from the edge, without asking the enrollment object. It
         * always includes `min_seq`. Not with `at`, `as` and `learner`.
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
        /** The answer includes the write that returned this progress_seq. */
        min_seq?: number | null;
        /**
         * States and reasons at another instant: the past as it was, the future as it will be if nothing else changes.
         * The present instant alone decides whether content is shown and work is accepted.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what a new learner sees. */
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
        /** The answer includes the write that returned this progress_seq. */
        min_seq?: number | null;
        /**
         * States and reasons at another instant: the past as it was, the future as it will be if nothing else changes.
         * The present instant alone decides whether content is shown and work is accepted.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what a new learner sees. */
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
        /** The answer includes the write that returned this progress_seq. */
        min_seq?: number | null;
        /**
         * States and reasons at another instant: the past as it was, the future as it will be if nothing else changes.
         * The present instant alone decides whether content is shown and work is accepted.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what a new learner sees. */
        as?: "learner";
        /**
         * The answer may be this many seconds old. It comes from the edge, without asking the enrollment object. It
         * always includes `min_seq`. Not with `at`, `as` and `learner`.
         */
        max_stale?: number;
      };
      answer: Unlocks;
    };
  };
  "/api/v1/courses/{course}/items/{item}/why": {
    /** Why an item is locked: every condition that is not met, and the shortest list of steps that opens it */
    get: {
      path: {
        course: string;
        item: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** The answer includes the write that returned this progress_seq. */
        min_seq?: number | null;
        /**
         * States and reasons at another instant: the past as it was, the future as it will be if nothing else changes.
         * The present instant alone decides whether content is shown and work is accepted.
         */
        at?: string;
        /** Time zone for the dates in sentences; UTC if it is left out. */
        tz?: string;
        /** Staff: the state of this learner. */
        learner?: string;
        /** Staff: what a new learner sees. */
        as?: "learner";
        /**
         * The answer may be this many seconds old. It comes from the edge, without asking the enrollment object. It
         * always includes `min_seq`. Not with `at`, `as` and `learner`.
         */
        max_stale?: number;
      };
      answer: Explanation;
    };
  };
  "/api/v1/courses/{course}/items/{item}/audience": {
    /** Who can open an item, and what blocks the others, from the mirror in D1 */
    get: {
      path: {
        course: string;
        item: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
    /** Passes that were revoked before they end */
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
    /** The content of an item, and nothing else */
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
    /** Mark a problem as done, if its completion requirement asks for that */
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
        /** `next_cursor` of the previous page; opaque. */
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
    /** Submit an answer; it is judged at once if the problem has an answer key, else it is pending */
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
  "/api/v1/progress/import": {
    /** Record facts from other platforms, also for locked items: up to 1,000 for many learners */
    post: {
      body: ImportRequest;
      answer: ImportResult;
    };
  };
  "/api/v1/submissions/pending": {
    /** Submissions that wait for a verdict, oldest first, from the mirror in D1 */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Only submissions in this course. */
        course?: string;
        /** Only submissions for this problem. */
        item?: string;
        /** Only submissions of learners in this cohort; needs `course` or `item`. A page can then be short or empty. */
        cohort?: string;
      };
      answer: {
        results: PendingSubmission[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/submissions/pending/counts": {
    /** How many submissions wait for a verdict, by course and problem */
    get: {
      query: {
        /** Only of this course. */
        course?: string;
      };
      answer: PendingCounts;
    };
  };
  "/api/v1/submissions/{submission}": {
    /** One submission as whoever judges sees it: with its problem, its rubric and all its verdicts */
    get: {
      path: {
        submission: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: GradedSubmission;
    };
  };
  "/api/v1/submissions/{submission}/verdict": {
    /** Judge a pending submission, or change its verdict; also of a learner who has withdrawn since */
    post: {
      path: {
        submission: string;
      };
      body: Verdict;
      answer: SubmissionAnswer;
    };
  };
  "/api/v1/courses/{course}/items/{item}/regrade": {
    /** Judge again what an answer key has judged, by the key that is published now; or say what would change */
    post: {
      path: {
        course: string;
        item: string;
      };
      body: Regrade;
      answer: RegradeAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/history": {
    /** What one learner did and what it opened, the latest 500, as D1 mirrors them */
    get: {
      path: {
        enrollment: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: {
        results: HistoryEntry[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/enrollments": {
    /** List active enrollments, from the mirror in D1 */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
    /** Policy, pause, overrides and outbox of one enrollment */
    get: {
      path: {
        enrollment: string;
      };
      answer: EnrollmentDetail;
    };
    /** Change cohorts, profile, completed courses, practice mode or the day of enrollment; other fields stay */
    patch: {
      path: {
        enrollment: string;
      };
      body: PolicyChange;
      answer: WriteAnswer;
    };
  };
  "/api/v1/courses/{course}/enrollments/batch": {
    /** Enroll a roster: up to 5,000 learners, each row with its own result */
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
        /** Items that this override opened lock again, unless the rules open them now. */
        relock?: "true" | "false";
      };
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/relock": {
    /** For one learner, lock items again that are kept open although the rules do not open them now */
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
    /** Merge the mirror in D1 into the object; this restores an object that lost its storage */
    post: {
      path: {
        enrollment: string;
      };
      answer: WriteAnswer;
    };
  };
  "/api/v1/enrollments/{enrollment}/stale": {
    /** Invalidate a snapshot: the next read computes it again */
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
    /** Invalidate every snapshot of a course: the sweeps compute them again */
    post: {
      path: {
        course: string;
      };
      answer: {
        course: string;
      };
    };
  };
  "/api/v1/enrollments/{enrollment}/pause": {
    /** Pause a learner's course: nothing of it is open, and no work is accepted, until the pause ends */
    put: {
      path: {
        enrollment: string;
      };
      body: PauseRequest;
      answer: WriteAnswer;
    };
    /** End the pause of a learner's course */
    delete: {
      path: {
        enrollment: string;
      };
      answer: WriteAnswer;
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
    /** Late or stale work: snapshots, marks, queues, dead letters, divergences */
    get: {
      answer: Freshness;
    };
  };
  "/api/v1/events/socket": {
    /** Live events of the token's user (WebSocket) */
    get: {
      query: {
        sse_token?: string;
        /** Id of the last frame that the client handled; the stream continues after it. The header wins. */
        last_event_id?: string;
        /** A random name of the page or device. Its earlier stream ends when this one opens. */
        client?: string;
        /** true: answer 429 instead of ending another stream that answers. */
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
    /** Past events, oldest first: to catch up, or to poll with the same cursor */
    get: {
      query: {
        limit?: number;
        /** Topics to include, with commas between, as for a stream's token. */
        topics?: string;
        /**
         * Id of the last frame that the client handled; the stream continues after it. Default: the oldest event that
         * is kept. "latest": only the place from which to continue.
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
  "/api/v1/events/archive": {
    /** Important events of the last seven days, oldest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
  "/api/v1/courses/{course}/class": {
    /** The class as a table of learners and items with states and scores: facts from D1, states computed now */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Only learners of this cohort. */
        cohort?: string;
        /** Only this chapter and its problems. */
        chapter?: string;
        /** Only learners for whom one of the items of this page is in this state. */
        state?: "hidden" | "locked" | "unlocked" | "started" | "completed";
        /**
         * `name`: by the first letters; upper and lower case do not matter. `last_active`: the most recently active
         * first, to the hour.
         */
        sort?: "name" | "last_active";
        item_limit?: number;
        /** `next_item_cursor` of a page: the items after those of that page. */
        item_cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: ClassPage;
    };
  };
  "/api/v1/courses/{course}/class/counts": {
    /** Where a class is: for each item, how many of these learners are in which state, decided now */
    get: {
      path: {
        course: string;
      };
      query: {
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        limit?: number;
        /** Only learners of this cohort. */
        cohort?: string;
      };
      answer: ClassCounts;
    };
  };
  "/api/v1/translation/sessions/batch": {
    /** Write up to 1,000 sessions of one owner; an acknowledged session is durable */
    post: {
      body: {
        /** Each is a TranslationSession, all of one owner. An item that breaks a rule is refused alone. */
        sessions: unknown[];
      };
      answer: BatchAnswer;
    };
  };
  "/api/v1/translation/tasks/batch": {
    /** Write up to 1,000 tasks of one owner's sessions; an acknowledged task is durable */
    post: {
      body: {
        /** Each is a TranslationTask, all of one owner. An item that breaks a rule is refused alone. */
        tasks: unknown[];
      };
      answer: BatchAnswer;
    };
  };
  "/api/v1/translation/flush": {
    /** Store everything that waits in the journal; the answer comes when it is done */
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
    /** The latest acknowledged state of a session, with its tasks by state */
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
    /** Delete a session with all its tasks, everywhere and permanently */
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
    /** Delete sessions that have expired or that ended before an instant */
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Services and admins. Others see their own. */
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
    /** Tasks of a session, in their latest acknowledged state */
    get: {
      path: {
        id: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
        /** `next_cursor` of the previous page; opaque. */
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
    /** The latest acknowledged state of a task */
    get: {
      path: {
        id: string;
      };
      answer: StoredTranslationTask;
    };
  };
  "/api/v1/translation/stats": {
    /** Records in the journals, and records that they have stored */
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
    /** Sessions with unfinished tasks, the longest unchanged first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
    /** Tasks or sessions whose texts contain words, the last changed first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** All these words must occur. In Chinese, Japanese and Korean, one character is enough. */
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
    /** Items that a backend refuses to store, the longest parked first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: ParkedItem[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/translation/parked/replay": {
    /** Try parked items again */
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
  "/api/v1/storage/files": {
    /** List files of one user, newest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** The owner of the files; by default, yourself. */
        user_id?: string;
      };
      answer: {
        results: File[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/storage/files/{id}": {
    /** The metadata of a file */
    get: {
      path: {
        id: string;
      };
      answer: File;
    };
    /** Delete a file, or cancel an upload */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/storage/files/upload": {
    /** Upload a file: the body is its bytes */
    post: {
      query: {
        /** Stored, checked and shown in Unicode's composed form (NFC). */
        name: string;
        expires_at?: string;
      };
      answer: File;
    };
  };
  "/api/v1/storage/files/upload-url": {
    /** An address that accepts the bytes of one announced file, once */
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
    /** Make a file ready after its bytes were sent to the bucket; harmless to repeat */
    post: {
      path: {
        id: string;
      };
      answer: File;
    };
  };
  "/api/v1/audit/logs/batch": {
    /** Record up to 500 entries; an acknowledged entry is stored and in the chain */
    post: {
      body: {
        /** Each is a NewAuditEntry. An entry that breaks a rule is refused alone. */
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        actor?: string;
        action?: string;
        /** Id of the target of the action. */
        target?: string;
        /** Entries about this enrollment. */
        enrollment?: string;
        target_type?: string;
        /** Received at this instant or later. */
        from?: string;
        /** Received before this instant. */
        to?: string;
        /** All these words must occur. Chinese needs no spaces. */
        q?: string;
      };
      answer: {
        results: AuditEntry[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/audit/stats": {
    /** Numbers of the chain, and waiting entries */
    get: {
      answer: AuditStats;
    };
  };
  "/api/v1/audit/verify": {
    /** Check the next page of the chain: its hashes, the signed heads and the copy in D1 */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: AuditVerification;
    };
  };
  "/api/v1/audit/purge": {
    /** Remove the oldest entries up to a signed head, and sign a record of the removal */
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
    /** Store registrations and outcomes of up to 1,000 learners; the newest call counts */
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
    /** Learners who are less likely than not to pass, the least likely first, with reasons and advice */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
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
    /** The origin of the latest prediction about a learner, back to the data snapshot, with checked hashes */
    get: {
      path: {
        enrollment: string;
      };
      answer: InsightLineage;
    };
  };
  "/api/v1/insight/models": {
    /** The model registry, newest first: training data, test results, and whether the model is in use */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: InsightModel[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/insight/status": {
    /** Latest runs, dropped data, drift of each feature, accuracy by week, and the alert if there is one */
    get: {
      answer: InsightStatus;
    };
  };
  "/api/v1/insight/runs": {
    /** Start a run for now, or for an instant in the past */
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
    /** Report that the caller is in the course now */
    post: {
      path: {
        course: string;
      };
      answer: Presence;
    };
  };
  "/api/v1/courses/{course}/members": {
    /** Who has rights in a course: its owner, co-authors and graders */
    get: {
      path: {
        course: string;
      };
      answer: {
        results: CourseMember[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/members/{user}": {
    /** Make somebody a co-author or a grader of a course, or change which */
    put: {
      path: {
        course: string;
        user: string;
      };
      body: MemberRoleRequest;
      answer: MemberChange;
    };
    /** Take somebody's rights in a course away */
    delete: {
      path: {
        course: string;
        user: string;
      };
      answer: MemberChange;
    };
  };
  "/api/v1/courses/{course}/members/batch": {
    /** Add, change and remove members, by e-mail address or id; each row is judged by itself */
    post: {
      path: {
        course: string;
      };
      body: MembersRequest;
      answer: MembersAnswer;
    };
  };
  "/api/v1/courses/{course}/owner": {
    /** Give a course to one of its co-authors; who owned it stays as a co-author */
    put: {
      path: {
        course: string;
      };
      body: OwnerRequest;
      answer: CourseOwner;
    };
  };
  "/api/v1/courses/{course}/observers": {
    /** Who observes which learner of a course */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: CourseObserver[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/observers/{user}/learners/{learner}": {
    /** Let somebody see one learner's states, reasons and history in a course */
    put: {
      path: {
        course: string;
        user: string;
        learner: string;
      };
      answer: Observing;
    };
    /** End that somebody sees a learner; reads end within 60 seconds */
    delete: {
      path: {
        course: string;
        user: string;
        learner: string;
      };
      answer: Observing;
    };
  };
  "/api/v1/courses/{course}/people": {
    /** The learners of a course by name, with e-mail addresses, cohorts and when they were last here */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** A part of a name, an address or an id. */
        search?: string;
        /** Only learners of this cohort. */
        cohort?: string;
        status?: "active" | "withdrawn";
      };
      answer: {
        results: CoursePerson[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/cohorts": {
    /** The cohorts of a course, and how many learners are in each; the first 200 */
    get: {
      path: {
        course: string;
      };
      answer: {
        results: Cohort[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/people/batch": {
    /** Enroll, put into cohorts or withdraw many, by e-mail address or id; each row is judged by itself */
    post: {
      path: {
        course: string;
      };
      body: PeopleRequest;
      answer: PeopleAnswer;
    };
  };
  "/api/v1/courses/{course}/roster": {
    /** Bring a class in line with a CSV file, or see what that would change */
    put: {
      path: {
        course: string;
      };
      query: {
        dry_run?: "true" | "false";
      };
      body: RosterRequest;
      answer: RosterAnswer;
    };
  };
  "/api/v1/courses/{course}/roster/sources": {
    /** Where rosters of a course come from, and how the last run of each ended */
    get: {
      path: {
        course: string;
      };
      answer: {
        results: RosterSource[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/roster/sources/{source}": {
    /** Make or change a source of rosters; nobody is enrolled by that */
    put: {
      path: {
        course: string;
        source: string;
      };
      body: RosterSourceRequest;
      answer: RosterSource;
    };
    /** Remove a source of rosters; everybody it brought stays as they are */
    delete: {
      path: {
        course: string;
        source: string;
      };
      answer: RosterSourceRemoved;
    };
  };
  "/api/v1/courses/{course}/roster/sources/{source}/files": {
    /** Send a roster file: the body is its bytes. It is read, and waits to be confirmed */
    post: {
      path: {
        course: string;
        source: string;
      };
      query: {
        /** Name of the file, for messages. */
        name?: string;
      };
      answer: RosterRun;
    };
  };
  "/api/v1/courses/{course}/roster/sources/{source}/runs": {
    /** Fetch a source now. It is read, and waits to be confirmed */
    post: {
      path: {
        course: string;
        source: string;
      };
      answer: RosterRun;
    };
  };
  "/api/v1/courses/{course}/roster/runs": {
    /** Runs of the rosters of a course, the newest first; kept for 30 days */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: RosterRun[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/roster/runs/{id}": {
    /** How far a run is, and who comes, goes and changes by it */
    get: {
      path: {
        course: string;
        id: string;
      };
      answer: RosterRunDetail;
    };
  };
  "/api/v1/courses/{course}/roster/runs/{id}/confirm": {
    /** Carry out what a run has planned; harmless to repeat */
    post: {
      path: {
        course: string;
        id: string;
      };
      body: RosterConfirmation;
      answer: RosterRun;
    };
  };
  "/api/v1/courses/{course}/overrides/batch": {
    /** Unlock, lock, excuse or extend one item for a cohort or for some learners */
    post: {
      path: {
        course: string;
      };
      body: OverridesRequest;
      answer: OverridesAnswer;
    };
  };
  "/api/v1/courses/{course}/relock/batch": {
    /** For a cohort or some learners, lock items again that are kept open although the rules do not open them now */
    post: {
      path: {
        course: string;
      };
      body: RelockRequest;
      answer: OverridesAnswer;
    };
  };
  "/api/v1/courses/{course}/pause/batch": {
    /** Pause the course for a cohort or for some learners */
    post: {
      path: {
        course: string;
      };
      body: PausesRequest;
      answer: OverridesAnswer;
    };
  };
  "/api/v1/courses/{course}/resume/batch": {
    /** End the pauses of a cohort or of some learners */
    post: {
      path: {
        course: string;
      };
      body: ResumeRequest;
      answer: OverridesAnswer;
    };
  };
  "/api/v1/courses/{course}/invitations": {
    /** The links of a course, the newest first; those that ended stay for 30 days */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: Invitation[];
        next_cursor: string | null;
      };
    };
    /** Make a link by which people enroll themselves, also where the course is closed to them otherwise */
    post: {
      path: {
        course: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: NewInvitation;
      answer: Invitation;
    };
  };
  "/api/v1/courses/{course}/invitations/{id}": {
    /** End a link at once; who came by it stays */
    delete: {
      path: {
        course: string;
        id: string;
      };
      answer: InvitationRevoked;
    };
  };
  "/api/v1/invitations/look-up": {
    /** What a link invites to, for whoever has it */
    post: {
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: InvitationToken;
      answer: InvitationSeen;
    };
  };
  "/api/v1/invitations/accept": {
    /** Enroll by a link; a second time changes nothing and takes no second use */
    post: {
      body: InvitationToken;
      answer: InvitationAccepted;
    };
  };
  "/api/v1/organizations": {
    /** The organisations that the caller manages */
    get: {
      answer: {
        results: Organization[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/organizations/{organization}": {
    /** Read an organisation */
    get: {
      path: {
        organization: string;
      };
      answer: Organization;
    };
    /** Make an organisation, or give it another name */
    put: {
      path: {
        organization: string;
      };
      body: OrganizationRequest;
      answer: Organization;
    };
  };
  "/api/v1/organizations/{organization}/managers/{user}": {
    /** Let somebody of an organisation manage its people */
    put: {
      path: {
        organization: string;
        user: string;
      };
      answer: OrganizationChanged;
    };
    /** End that somebody manages the people of an organisation */
    delete: {
      path: {
        organization: string;
        user: string;
      };
      answer: OrganizationChanged;
    };
  };
  "/api/v1/courses/{course}/organization": {
    /** Put a course into an organisation, or into none; who is in it stays in it */
    put: {
      path: {
        course: string;
      };
      body: CourseOrganizationRequest;
      answer: CourseOrganization;
    };
  };
  "/api/v1/organizations/{organization}/people": {
    /** The users of an organisation by id */
    get: {
      path: {
        organization: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** A part of a name, an address or an id. */
        search?: string;
      };
      answer: {
        results: OrganizationPerson[];
        next_cursor: string | null;
      };
    };
    /** Create a user in an organisation, and send them a link if so asked */
    post: {
      path: {
        organization: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      body: NewOrganizationPerson;
      answer: OrganizationPerson;
    };
  };
  "/api/v1/organizations/{organization}/courses": {
    /** The courses of an organisation, published or not */
    get: {
      path: {
        organization: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: {
        results: OrganizationCourse[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/users/batch": {
    /** Suspend and return users, change their roles, put them into organisations; each row is judged by itself */
    post: {
      body: UserActsRequest;
      answer: UserActsAnswer;
    };
  };
  "/api/v1/webhooks": {
    /** Subscriptions of other systems, of all courses and of each, and how the last delivery of each went */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: Webhook[];
        next_cursor: string | null;
      };
    };
    /** Tell another system what happens in all courses */
    post: {
      body: WebhookRequest;
      answer: WebhookWithSecret;
    };
  };
  "/api/v1/courses/{course}/webhooks": {
    /** Subscriptions of a course, and how the last delivery of each went */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: Webhook[];
        next_cursor: string | null;
      };
    };
    /** Tell another system what happens in a course */
    post: {
      path: {
        course: string;
      };
      body: WebhookRequest;
      answer: WebhookWithSecret;
    };
  };
  "/api/v1/webhooks/{webhook}": {
    /** Read a subscription, without its secret */
    get: {
      path: {
        webhook: string;
      };
      answer: Webhook;
    };
    /** Change a subscription, disable it, or enable it again */
    patch: {
      path: {
        webhook: string;
      };
      body: WebhookChange;
      answer: Webhook;
    };
    /** Remove a subscription; what waits for it is not delivered */
    delete: {
      path: {
        webhook: string;
      };
      answer: null;
    };
  };
  "/api/v1/webhooks/{webhook}/secret": {
    /** Replace the secret; for a day, deliveries are signed with both */
    post: {
      path: {
        webhook: string;
      };
      answer: WebhookWithSecret;
    };
  };
  "/api/v1/webhooks/{webhook}/ping": {
    /** Send a test event of type ping now, once, and say what was answered */
    post: {
      path: {
        webhook: string;
      };
      answer: WebhookPing;
    };
  };
  "/api/v1/webhooks/{webhook}/deliveries": {
    /** Deliveries of the last 30 days, the newest first, and why they failed */
    get: {
      path: {
        webhook: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: WebhookDelivery[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/webhooks/{webhook}/deliveries/{delivery}/replay": {
    /** Deliver one event again, under the same id */
    post: {
      path: {
        webhook: string;
        delivery: string;
      };
      answer: WebhookDelivery;
    };
  };
  "/api/v1/webhooks/{webhook}/replay": {
    /** Deliver again what was written down since an instant: what failed, or everything */
    post: {
      path: {
        webhook: string;
      };
      body: WebhookReplayRequest;
      answer: WebhookReplayed;
    };
  };
  "/api/v1/auth/sign-on": {
    /** Identity providers to sign in with */
    get: {
      answer: SignOnButtons;
    };
  };
  "/api/v1/auth/sign-on/{provider}/begin": {
    /** Begin to sign in with an identity provider */
    post: {
      path: {
        provider: string;
      };
      answer: SignOnBegun;
    };
  };
  "/api/v1/auth/sign-on/{provider}/complete": {
    /** Sign in with what an identity provider has answered */
    post: {
      path: {
        provider: string;
      };
      body: SignOnAnswer;
      answer: SignedIn;
    };
  };
  "/api/v1/identity-providers": {
    /** Identity providers, with the last sign-in by each and why the last failure was one */
    get: {
      answer: {
        results: IdentityProvider[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/identity-providers/{provider}": {
    /** Make or change an identity provider; its discovery document is read at once */
    put: {
      path: {
        provider: string;
      };
      body: IdentityProviderRequest;
      answer: IdentityProvider;
    };
    /** Remove an identity provider; whoever came by it stays, and nobody comes by it any more */
    delete: {
      path: {
        provider: string;
      };
      answer: IdentityProviderRemoved;
    };
  };
  "/api/v1/group-rules/{source}": {
    /** What the groups of a directory or a provider mean in courses, and how the last sync went */
    get: {
      path: {
        /** `scim`, or the name of an identity provider. */
        source: string;
      };
      answer: GroupRules;
    };
    /** Say what groups mean. People of the directory are placed by it within minutes, others at their next sign-in */
    put: {
      path: {
        /** `scim`, or the name of an identity provider. */
        source: string;
      };
      body: GroupRulesRequest;
      answer: GroupRules;
    };
  };
  "/api/v1/scim/v2/Users/{id}": {
    /** A person goes (SCIM 2.0): their account is closed, and not erased */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/scim/v2/Groups/{id}": {
    /** A group goes (SCIM 2.0); whoever was in it loses the places that it gave */
    delete: {
      path: {
        id: string;
      };
      answer: null;
    };
  };
  "/api/v1/decisions": {
    /** May these people open these items right now? Up to 1000 questions, in the form of AuthZEN */
    post: {
      body: DecisionRequest;
      answer: Decisions;
    };
  };
  "/api/v1/courses/{course}/xapi": {
    /** The course's store of learning records: its settings, the last statements, why one was refused */
    get: {
      path: {
        course: string;
      };
      answer: XapiStore;
    };
    /** Switch the course's store of learning records on or off, and say which statements become which facts */
    put: {
      path: {
        course: string;
      };
      body: XapiStoreRequest;
      answer: XapiStore;
    };
  };
  "/api/v1/system/xapi": {
    /** The stores of learning records of all courses */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: XapiStoreSummary[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/xapi/{course}/statements": {
    /** Read one statement, or find statements */
    get: {
      path: {
        course: string;
      };
      query: {
        statementId?: string;
        voidedStatementId?: string;
        format?: string;
        attachments?: string;
        agent?: string;
        verb?: string;
        activity?: string;
        registration?: string;
        related_activities?: string;
        related_agents?: string;
        since?: string;
        until?: string;
        limit?: string;
        ascending?: string;
        cursor?: string;
      };
      answer: unknown;
    };
    /** Store statements, all or none */
    post: {
      path: {
        course: string;
      };
      query: {
        method?: string;
      };
      answer: unknown | null;
    };
    /** Store one statement under its id */
    put: {
      path: {
        course: string;
      };
      query: {
        statementId?: string;
      };
      answer: unknown | null;
    };
  };
  "/api/v1/xapi/{course}/activities/state": {
    /** Lay a JSON object over a document of state */
    post: {
      path: {
        course: string;
      };
      query: {
        activityId?: string;
        agent?: string;
        stateId?: string;
        registration?: string;
        since?: string;
        method?: string;
      };
      answer: null;
    };
    /** Write a document of state */
    put: {
      path: {
        course: string;
      };
      query: {
        activityId?: string;
        agent?: string;
        stateId?: string;
        registration?: string;
        since?: string;
      };
      answer: null;
    };
    /** Delete one document of state, or all */
    delete: {
      path: {
        course: string;
      };
      query: {
        activityId?: string;
        agent?: string;
        stateId?: string;
        registration?: string;
        since?: string;
      };
      answer: null;
    };
  };
  "/api/v1/xapi/{course}/activities/profile": {
    /** Lay a JSON object over a profile of an activity */
    post: {
      path: {
        course: string;
      };
      query: {
        activityId?: string;
        profileId?: string;
        since?: string;
        method?: string;
      };
      answer: null;
    };
    /** Write a profile of an activity */
    put: {
      path: {
        course: string;
      };
      query: {
        activityId?: string;
        profileId?: string;
        since?: string;
      };
      answer: null;
    };
    /** Delete a profile of an activity */
    delete: {
      path: {
        course: string;
      };
      query: {
        activityId?: string;
        profileId?: string;
        since?: string;
      };
      answer: null;
    };
  };
  "/api/v1/xapi/{course}/agents/profile": {
    /** Lay a JSON object over a profile of an agent */
    post: {
      path: {
        course: string;
      };
      query: {
        agent?: string;
        profileId?: string;
        since?: string;
        method?: string;
      };
      answer: null;
    };
    /** Write a profile of an agent */
    put: {
      path: {
        course: string;
      };
      query: {
        agent?: string;
        profileId?: string;
        since?: string;
      };
      answer: null;
    };
    /** Delete a profile of an agent */
    delete: {
      path: {
        course: string;
      };
      query: {
        agent?: string;
        profileId?: string;
        since?: string;
      };
      answer: null;
    };
  };
  "/api/v1/xapi/{course}/activities": {
    /** What the store knows of an activity */
    get: {
      path: {
        course: string;
      };
      query: {
        activityId?: string;
      };
      answer: unknown;
    };
    /** The same in the alternate syntax of 1.0.3 */
    post: {
      path: {
        course: string;
      };
      query: {
        method?: string;
      };
      answer: unknown | null;
    };
  };
  "/api/v1/xapi/{course}/agents": {
    /** The identifiers of an agent as a person */
    get: {
      path: {
        course: string;
      };
      query: {
        agent?: string;
      };
      answer: unknown;
    };
    /** The same in the alternate syntax of 1.0.3 */
    post: {
      path: {
        course: string;
      };
      query: {
        method?: string;
      };
      answer: unknown | null;
    };
  };
  "/api/v1/xapi/{course}/about": {
    /** The versions of xAPI that this store speaks */
    get: {
      path: {
        course: string;
      };
      answer: {
        version: string[];
      };
    };
  };
  "/api/v1/ofrep/v1/evaluate/flags": {
    /** All items of a course as flags that say whether the learner may open them (OpenFeature's OFREP) */
    post: {
      query: {
        /** What a notice said. Nothing depends on it. */
        flagConfigEtag?: string;
        /** What a notice said. Nothing depends on it. */
        flagConfigLastModified?: string;
      };
      body: FlagsRequest;
      answer: Flags;
    };
  };
  "/api/v1/ofrep/v1/evaluate/flags/{key}": {
    /** One item as a flag that says whether the learner may open it, and if not, why (OpenFeature's OFREP) */
    post: {
      path: {
        key: string;
      };
      body: FlagRequest;
      answer: Flag;
    };
  };
  "/api/v1/lti/tool": {
    /** What a platform has to know of this tool, and the ages of its keys */
    get: {
      answer: LtiTool;
    };
  };
  "/api/v1/lti/keys": {
    /** Publish another key, which signs from the next day on */
    post: {
      answer: LtiTool;
    };
  };
  "/api/v1/lti/keys/{kid}": {
    /** Take a key away at once: it is published no more, and signs nothing more */
    delete: {
      path: {
        /** Of the tool's keys. */
        kid: string;
      };
      answer: LtiTool;
    };
  };
  "/api/v1/lti/registrations": {
    /** Make a link by which a platform registers this tool by itself (dynamic registration) */
    post: {
      body: LtiRegistrationRequest;
      answer: LtiRegistration;
    };
  };
  "/api/v1/lti/platforms/{platform}/sync": {
    /** Read the members of all courses of a platform now; by itself that is done each night */
    post: {
      path: {
        platform: string;
      };
      body: LtiSyncRequest;
      answer: LtiSyncAsked;
    };
  };
  "/api/v1/lti/platforms/{platform}/resend": {
    /** Send scores again that a platform has not taken */
    post: {
      path: {
        platform: string;
      };
      answer: LtiScoresResent;
    };
  };
  "/api/v1/lti/platforms/{platform}/results": {
    /** Read the gradebooks of a platform now, with everything they say; by itself what differs is read each night */
    post: {
      path: {
        platform: string;
      };
      answer: LtiResultsAsked;
    };
    /** Say which columns of the gradebook of one of its courses are read, and for which items */
    put: {
      path: {
        platform: string;
      };
      body: LtiResultsRequest;
      answer: LtiContext;
    };
  };
  "/api/v1/lti/platforms": {
    /** Platforms that may launch, and how the last launch of each went */
    get: {
      answer: {
        results: LtiPlatform[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/lti/platforms/{platform}": {
    /** One platform */
    get: {
      path: {
        platform: string;
      };
      answer: LtiPlatformDetail;
    };
    /** Register a platform, or change it */
    put: {
      path: {
        platform: string;
      };
      body: LtiPlatformRequest;
      answer: LtiPlatform;
    };
    /**
     * Remove a platform; its people are signed out at once, keep their accounts and enrollments, and cannot come in by
     * it any more
     */
    delete: {
      path: {
        platform: string;
      };
      answer: LtiPlatformRemoved;
    };
  };
  "/api/v1/courses/{course}/next": {
    /** What a learner can do next, the most pressing first: what is due soon, what was begun, what is open */
    get: {
      path: {
        course: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        limit?: number;
        /** Staff and observers: what this learner can do. */
        learner?: string;
      };
      answer: Next;
    };
  };
  "/api/v1/courses/{course}/search": {
    /** Items of a course by the words of their titles and texts, the first 30 */
    get: {
      path: {
        course: string;
      };
      query: {
        /** What is looked for: up to 4 words, all of which have to be there. */
        q: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: FoundItems;
    };
  };
  "/api/v1/courses/{course}/calendar": {
    /** Whether your due dates of a course have an address */
    get: {
      path: {
        course: string;
      };
      answer: Calendar;
    };
    /** Make an address for your due dates of a course; the address before it ends */
    put: {
      path: {
        course: string;
      };
      answer: CalendarAddress;
    };
    /** End the address of your due dates of a course at once */
    delete: {
      path: {
        course: string;
      };
      answer: CalendarEnded;
    };
  };
  "/api/v1/courses/{course}/certificate": {
    /** Your certificate of a course; it is issued once, when you have met what the course asks for it */
    get: {
      path: {
        course: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: OwnCertificate;
    };
  };
  "/api/v1/certificates/{id}": {
    /** A certificate, for anybody who wants to check it */
    get: {
      path: {
        id: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: Certificate;
    };
  };
  "/api/v1/courses/{course}/certificates": {
    /** Certificates of a course that learners have looked at, the first issued first */
    get: {
      path: {
        course: string;
      };
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
        /** Only that of one learner; if it is earned, it is issued now. */
        user_id?: string;
      };
      answer: {
        results: IssuedCertificate[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/courses/{course}/certificates/{id}/revoke": {
    /** Revoke a certificate for good; its page and the public list say so at once */
    post: {
      path: {
        course: string;
        id: string;
      };
      body: Revocation;
      answer: CertificateRevoked;
    };
  };
  "/api/v1/courses/{course}/notices": {
    /** What is new for you in a course: what opened, was graded, is due soon, and messages; the latest 50 */
    get: {
      path: {
        course: string;
      };
      query: {
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: Notices;
    };
  };
  "/api/v1/courses/{course}/notices/read": {
    /** Notices up to an instant are read, on every device */
    put: {
      path: {
        course: string;
      };
      body: NoticesSeen;
      answer: NoticesRead;
    };
  };
  "/api/v1/courses/{course}/messages": {
    /** Tell one learner of a course something, or up to 50; they find it among their notices */
    post: {
      path: {
        course: string;
      };
      body: NewMessage;
      answer: MessagesSent;
    };
  };
  "/api/v1/courses/{course}/places": {
    /** Where you stopped reading in a course, on any device: the latest 100 items */
    get: {
      path: {
        course: string;
      };
      answer: Places;
    };
  };
  "/api/v1/courses/{course}/places/{item}": {
    /** Note where you stopped reading an item: when you leave it, not while you scroll */
    put: {
      path: {
        course: string;
        item: string;
      };
      body: NewPlace;
      answer: ReadingPlace;
    };
  };
  "/api/v1/observed": {
    /** The learners you observe, course by course; `?learner=` of the unlock reads shows how they stand */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
        /** Language of titles and sentences; default from Accept-Language, then English. */
        lang?: "en" | "zh";
      };
      answer: {
        results: ObservedLearner[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/erasures/{user}": {
    /** The progress of an erasure */
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
        /** `next_cursor` of the previous page; opaque. */
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
  "/api/v1/system/mails": {
    /** The mails that a local installation has kept, the newest first */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: LocalMail[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/system/switches/realtime-reads": {
    /** Which share of reads goes to D1 instead of the objects, since when and why */
    get: {
      answer: ReadSwitch;
    };
    /** Send a share of the reads to the realtime fallback, without a deploy */
    put: {
      body: ReadSwitchChange;
      answer: ReadSwitch;
    };
  };
  "/api/v1/system/shards": {
    /** How full each database is, and which courses are moving */
    get: {
      answer: {
        shards: Shard[];
        moves: CourseMove[];
      };
    };
  };
  "/api/v1/system/shards/courses": {
    /** Published courses, the database of each, and how many learners ever enrolled */
    get: {
      query: {
        limit?: number;
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: PlacedCourse[];
        next_cursor: string | null;
      };
    };
  };
  "/api/v1/system/shards/moves": {
    /** Begin to move a course to another database, or join the move under way */
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
    /** Continue a move for some seconds; repeat until it is done */
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
        /** `next_cursor` of the previous page; opaque. */
        cursor?: string;
      };
      answer: {
        results: Backup[];
        next_cursor: string | null;
      };
    };
    /** Begin a backup, or join the one under way; it continues by itself */
    post: {
      body?: {
        /** true: take a full copy, even if a link is possible. A backup under way is not changed. */
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
    /** Take, check, verify or restore a backup for some seconds; repeat until it is done */
    post: {
      path: {
        backup: string;
      };
      body: {
        /**
         * check opens every part. verify also restores the backup into an empty scratch store, compares it and reads
         * it. restore writes into this deployment, which must be empty.
         */
        task: "backup" | "check" | "verify" | "restore";
        /** `job` of the previous answer; without it a new job begins. */
        job?: string;
        /**
         * Required when a restore begins: where to find the users who were erased after the backup, so that they are
         * erased again. list: a list of erasures was uploaded. bucket: this is the bucket that the lost deployment
         * wrote to. none: nobody was erased.
         */
        erasures?: "bucket" | "list" | "none";
      };
      answer: BackupWork;
    };
  };
  "/api/v1/system/backups/{backup}/files/{file}": {
    /** Upload a file of a backup that was kept elsewhere; an existing file is never overwritten */
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
    /** Upload a list of erasures: known users on it are erased; a restore can use it */
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
  "POST /api/v1/courses/{course}/files/copies",
  "POST /api/v1/courses/imports/uploads",
  "POST /api/v1/courses/imports",
  "PUT /api/v1/courses/{course}/working-copy",
  "POST /api/v1/courses/{course}/working-copy/writers",
  "POST /api/v1/courses/{course}/preview",
  "POST /api/v1/courses",
  "POST /api/v1/courses/{course}/versions",
  "POST /api/v1/courses/{course}/versions/{version}/activate",
  "POST /api/v1/courses/{course}/chapters/{chapter}/mark_as_completed",
  "POST /api/v1/problems/{problem}/mark_as_completed",
  "POST /api/v1/problems/{problem}/submissions",
  "POST /api/v1/progress/import",
  "POST /api/v1/submissions/{submission}/verdict",
  "POST /api/v1/courses/{course}/enrollments",
  "DELETE /api/v1/courses/{course}/enrollments",
  "PATCH /api/v1/enrollments/{enrollment}",
  "POST /api/v1/courses/{course}/enrollments/batch",
  "PUT /api/v1/enrollments/{enrollment}/overrides/{item}",
  "DELETE /api/v1/enrollments/{enrollment}/overrides/{item}",
  "POST /api/v1/enrollments/{enrollment}/relock",
  "POST /api/v1/enrollments/{enrollment}/revocations",
  "PUT /api/v1/enrollments/{enrollment}/pause",
  "DELETE /api/v1/enrollments/{enrollment}/pause",
  "POST /api/v1/courses/{course}/releases",
  "PUT /api/v1/events/preferences",
  "POST /api/v1/events/publish",
  "POST /api/v1/events/archive/{id}/replay",
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
  "PUT /api/v1/courses/{course}/members/{user}",
  "DELETE /api/v1/courses/{course}/members/{user}",
  "POST /api/v1/courses/{course}/members/batch",
  "PUT /api/v1/courses/{course}/owner",
  "PUT /api/v1/courses/{course}/observers/{user}/learners/{learner}",
  "DELETE /api/v1/courses/{course}/observers/{user}/learners/{learner}",
  "POST /api/v1/courses/{course}/people/batch",
  "PUT /api/v1/courses/{course}/roster",
  "PUT /api/v1/courses/{course}/roster/sources/{source}",
  "DELETE /api/v1/courses/{course}/roster/sources/{source}",
  "POST /api/v1/courses/{course}/roster/sources/{source}/runs",
  "POST /api/v1/courses/{course}/roster/runs/{id}/confirm",
  "POST /api/v1/courses/{course}/overrides/batch",
  "POST /api/v1/courses/{course}/relock/batch",
  "POST /api/v1/courses/{course}/pause/batch",
  "POST /api/v1/courses/{course}/resume/batch",
  "POST /api/v1/courses/{course}/invitations",
  "DELETE /api/v1/courses/{course}/invitations/{id}",
  "POST /api/v1/invitations/accept",
  "PUT /api/v1/organizations/{organization}",
  "PUT /api/v1/organizations/{organization}/managers/{user}",
  "DELETE /api/v1/organizations/{organization}/managers/{user}",
  "PUT /api/v1/courses/{course}/organization",
  "POST /api/v1/organizations/{organization}/people",
  "POST /api/v1/users/batch",
  "PATCH /api/v1/webhooks/{webhook}",
  "POST /api/v1/webhooks/{webhook}/deliveries/{delivery}/replay",
  "POST /api/v1/webhooks/{webhook}/replay",
  "PUT /api/v1/identity-providers/{provider}",
  "DELETE /api/v1/identity-providers/{provider}",
  "PUT /api/v1/group-rules/{source}",
  "PUT /api/v1/courses/{course}/xapi",
  "POST /api/v1/lti/keys",
  "DELETE /api/v1/lti/keys/{kid}",
  "POST /api/v1/lti/registrations",
  "POST /api/v1/lti/platforms/{platform}/sync",
  "POST /api/v1/lti/platforms/{platform}/resend",
  "POST /api/v1/lti/platforms/{platform}/results",
  "PUT /api/v1/lti/platforms/{platform}/results",
  "PUT /api/v1/lti/platforms/{platform}",
  "DELETE /api/v1/lti/platforms/{platform}",
  "POST /api/v1/courses/{course}/certificates/{id}/revoke",
  "PUT /api/v1/courses/{course}/notices/read",
  "POST /api/v1/courses/{course}/messages",
  "PUT /api/v1/courses/{course}/places/{item}",
  "POST /api/v1/system/dead-letters/{id}/replay",
]);
