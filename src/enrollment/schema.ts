import { DUE_TIMES_TABLE } from "../platform/cell/alarm-scheduler.ts";
import type { SchemaStep } from "../platform/cell/object-schema.ts";
import { PENDING_STEP } from "./pending-step.ts";

/** The due-times of an enrollment object. */
export const DUE_NAMES = ["outbox", "boundary", "catch_up", "housekeeping"] as const;
export type DueName = (typeof DUE_NAMES)[number];

/** The enrollment object's own SQLite schema; see {@link SchemaStep} for how it grows. */
export const SCHEMA_STEPS: readonly SchemaStep[] = [
  {
    id: "001_enrollment",
    sql: `
      CREATE TABLE enrollment (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id TEXT NOT NULL,
        course TEXT NOT NULL,
        user TEXT NOT NULL,
        status TEXT NOT NULL,
        enrolled_at INTEGER NOT NULL,
        progress_seq INTEGER NOT NULL,
        policy_seq INTEGER NOT NULL,
        version INTEGER NOT NULL,
        course_version INTEGER NOT NULL,
        activation INTEGER NOT NULL,
        engine INTEGER NOT NULL,
        valid_until INTEGER,
        computed_at INTEGER NOT NULL,
        states TEXT NOT NULL,
        cohorts TEXT NOT NULL,
        practice_mode INTEGER NOT NULL,
        last_active_at INTEGER NOT NULL,
        stale_since INTEGER,
        stale_reason TEXT
      );
      CREATE TABLE outline (part INTEGER PRIMARY KEY, body TEXT NOT NULL);
      CREATE TABLE facts (
        item TEXT PRIMARY KEY,
        attempted_at INTEGER,
        completed_at INTEGER,
        best_score REAL,
        revoked_at INTEGER,
        seq INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE fact_log (
        seq INTEGER PRIMARY KEY,
        item TEXT NOT NULL,
        kind TEXT NOT NULL,
        score REAL,
        at INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT
      );
      CREATE TABLE opened (
        item TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        closed_at INTEGER,
        PRIMARY KEY (item, opened_at)
      ) WITHOUT ROWID;
      CREATE TABLE overrides (
        id INTEGER PRIMARY KEY,
        item TEXT NOT NULL,
        kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        extend_to INTEGER,
        removed_at INTEGER,
        removed_by TEXT
      );
      CREATE TABLE policy_log (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        cohorts TEXT NOT NULL,
        practice_mode INTEGER NOT NULL
      );
      CREATE TABLE version_log (
        activation INTEGER PRIMARY KEY,
        course_version INTEGER NOT NULL,
        applied_at INTEGER NOT NULL
      );
      CREATE TABLE submissions (
        id TEXT PRIMARY KEY,
        item TEXT NOT NULL,
        answer TEXT NOT NULL,
        status TEXT NOT NULL,
        score REAL,
        feedback TEXT,
        submitted_at INTEGER NOT NULL,
        judged_at INTEGER,
        judged_by TEXT
      ) WITHOUT ROWID;
      CREATE TABLE idempotency (
        key TEXT PRIMARY KEY,
        body_hash TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        ref TEXT NOT NULL,
        payload TEXT,
        created_at INTEGER NOT NULL
      );
      ${DUE_TIMES_TABLE}
    `,
  },
  // Each submission needs their number, so they are counted when they come: by item, and in total under "".
  {
    id: "002_submission_totals",
    sql: `
      CREATE TABLE submission_totals (item TEXT PRIMARY KEY, count INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO submission_totals SELECT item, count(*), sum(octet_length(answer)) FROM submissions GROUP BY item;
      INSERT INTO submission_totals SELECT '', count(*), coalesce(sum(octet_length(answer)), 0) FROM submissions;
      CREATE TRIGGER count_submission BEFORE INSERT ON submissions
      WHEN NOT EXISTS (SELECT 1 FROM submissions WHERE id = NEW.id)
      BEGIN
        INSERT INTO submission_totals VALUES (NEW.item, 1, octet_length(NEW.answer))
        ON CONFLICT (item) DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;
        UPDATE submission_totals SET count = count + 1, bytes = bytes + octet_length(NEW.answer) WHERE item = '';
      END;
    `,
  },
  {
    // When it was withdrawn; the enrollment's beginning in each policy, and why it was changed; since when an override
    // counts, if that is not when its row was written; and the items that left the course, with whether items that
    // depend on one must lock when it returns.
    id: "003_one_writer",
    sql: `
      ALTER TABLE enrollment ADD COLUMN withdrawn_at INTEGER;
      ALTER TABLE policy_log ADD COLUMN enrolled_at INTEGER;
      ALTER TABLE policy_log ADD COLUMN reason TEXT;
      UPDATE policy_log SET enrolled_at = (SELECT enrolled_at FROM enrollment);
      ALTER TABLE overrides ADD COLUMN since INTEGER;
      CREATE TABLE away (
        item TEXT PRIMARY KEY,
        is_problem INTEGER NOT NULL,
        left_at INTEGER NOT NULL,
        relock INTEGER NOT NULL DEFAULT 0
      ) WITHOUT ROWID;
    `,
  },
  {
    id: "004_place",
    // The learner's place in the course's order, see place.ts.
    sql: "CREATE TABLE place (one INTEGER PRIMARY KEY CHECK (one = 1), place INTEGER NOT NULL);",
  },
  {
    id: "005_pending",
    sql: PENDING_STEP,
  },
  {
    // What is known of the learner besides cohorts, as JSON; null for nothing. And the same in each policy.
    id: "006_profile",
    sql: `
      ALTER TABLE enrollment ADD COLUMN profile TEXT;
      ALTER TABLE policy_log ADD COLUMN profile TEXT;
    `,
  },
  {
    // The result of a verdict, the best attempt in points, first view and first submission; in the log as each fact
    // reported it.
    id: "007_outcomes",
    sql: `
      ALTER TABLE facts ADD COLUMN outcome TEXT;
      ALTER TABLE facts ADD COLUMN outcome_at INTEGER;
      ALTER TABLE facts ADD COLUMN points REAL;
      ALTER TABLE facts ADD COLUMN points_min REAL;
      ALTER TABLE facts ADD COLUMN points_max REAL;
      ALTER TABLE facts ADD COLUMN viewed_at INTEGER;
      ALTER TABLE facts ADD COLUMN submitted_at INTEGER;
      ALTER TABLE fact_log ADD COLUMN viewed INTEGER;
      ALTER TABLE fact_log ADD COLUMN submitted INTEGER;
      ALTER TABLE fact_log ADD COLUMN outcome TEXT;
      ALTER TABLE fact_log ADD COLUMN points REAL;
      ALTER TABLE fact_log ADD COLUMN points_min REAL;
      ALTER TABLE fact_log ADD COLUMN points_max REAL;
    `,
  },
  {
    // How an item was completed, first contribution, and when each score was reached: completion is computed from
    // these.
    id: "008_deeds",
    sql: `
      ALTER TABLE facts ADD COLUMN told_at INTEGER;
      ALTER TABLE facts ADD COLUMN marked_at INTEGER;
      ALTER TABLE facts ADD COLUMN passed_at INTEGER;
      ALTER TABLE facts ADD COLUMN contributed_at INTEGER;
      ALTER TABLE facts ADD COLUMN scored_at INTEGER;
      ALTER TABLE facts ADD COLUMN steps TEXT;
      ALTER TABLE fact_log ADD COLUMN how TEXT;
      ALTER TABLE fact_log ADD COLUMN contributed INTEGER;
    `,
  },
  {
    // The current score, if something depends on it. And scores that are not released: they do not count and only staff
    // read them, one per item, the last that was sent.
    id: "009_release",
    sql: `
      ALTER TABLE facts ADD COLUMN latest TEXT;
      CREATE TABLE held (
        item TEXT PRIMARY KEY,
        fact TEXT NOT NULL,
        held_at INTEGER NOT NULL,
        actor TEXT NOT NULL
      ) WITHOUT ROWID;
    `,
  },
  {
    // Other courses that the learner has completed, by name with the instant, as JSON; null for none. And the same in
    // each policy.
    id: "010_courses",
    sql: `
      ALTER TABLE enrollment ADD COLUMN courses TEXT;
      ALTER TABLE policy_log ADD COLUMN courses TEXT;
    `,
  },
  {
    // Outbox rows that D1 has but the learner's live events do not, see unsent.ts, and the promises of other objects,
    // see promises.ts. Both as JSON; null for none.
    id: "012_unsent",
    sql: `
      ALTER TABLE enrollment ADD COLUMN unsent TEXT;
      ALTER TABLE enrollment ADD COLUMN promises TEXT;
    `,
  },
  {
    // A person's judgement of a submission besides score and comment, since when it is held, and its number; and the
    // verdicts that were changed later, each as it was given.
    id: "013_verdicts",
    sql: `
      ALTER TABLE submissions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE submissions ADD COLUMN held_at INTEGER;
      ALTER TABLE submissions ADD COLUMN marks TEXT;
      CREATE INDEX held_submissions ON submissions (item) WHERE held_at IS NOT NULL;
      CREATE TABLE verdicts (
        submission TEXT NOT NULL,
        number INTEGER NOT NULL,
        status TEXT NOT NULL,
        score REAL,
        feedback TEXT,
        marks TEXT,
        judged_at INTEGER,
        judged_by TEXT,
        was_held INTEGER NOT NULL,
        PRIMARY KEY (submission, number)
      ) WITHOUT ROWID;
    `,
  },
  {
    // When the learner met the requirement of the course's certificate, epoch ms; NULL: not yet. It is set once.
    id: "014_certificate",
    sql: "ALTER TABLE enrollment ADD COLUMN certified_at INTEGER;",
  },
  {
    // When staff paused the learner's course, as JSON; null: never. And the same in each policy.
    id: "015_pauses",
    sql: `
      ALTER TABLE enrollment ADD COLUMN pauses TEXT;
      ALTER TABLE policy_log ADD COLUMN pauses TEXT;
    `,
  },
  {
    // Whether a person withdrew the learner who was none other: an open link of another platform brings them back no more.
    id: "016_kept_out",
    sql: "ALTER TABLE enrollment ADD COLUMN kept_out INTEGER NOT NULL DEFAULT 0;",
  },
];
