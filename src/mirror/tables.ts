import { integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0002_enrollments.sql, 0003_operations.sql, 0006_reached_activation.sql, 0015_one_writer.sql and 0024_fewer_rows.sql, which are the truth; a test compares the two. */
export const enrollments = sqliteTable("enrollments", {
  id: text().primaryKey(),
  course_slug: text().notNull(),
  user_id: text().notNull(),
  status: text({ enum: ["active", "withdrawn"] })
    .notNull()
    .default("active"),
  enrolled_at: integer().notNull(),
  withdrawn_at: integer(),
  policy: text().notNull().default('{"cohorts":[],"practice_mode":false,"overrides":[]}'),
  kept: text().notNull().default("[]"),
  earned: text().notNull().default("[]"),
  version: integer().notNull().default(0),
  progress_seq: integer().notNull().default(0),
  policy_seq: integer().notNull().default(0),
  course_version: integer().notNull().default(0),
  activation: integer().notNull().default(0),
  engine: integer().notNull().default(0),
  valid_until: integer(),
  computed_at: integer(),
  open_count: integer().notNull().default(0),
  completed_count: integer().notNull().default(0),
  item_count: integer().notNull().default(0),
  last_active_at: integer().notNull().default(0),
  is_stale: integer().notNull().default(0),
  stale_reason: text(),
  stale_scope: text({ enum: ["course", "problems"] }),
  stale_since: integer(),
  stale_mark: integer().notNull().default(0),
  leased_until: integer().notNull().default(0),
  reached_activation: integer().notNull().default(0),
  asked_at: integer().notNull().default(0),
  active_at: integer().notNull().default(0),
  told_to: integer().notNull().default(0),
});

/**
 * What the sweeps look at and write, see migrations/0023_freshness.sql. The columns of the same names in `enrollments` are
 * those of the release before.
 */
export const freshness = sqliteTable(
  "freshness",
  {
    course_slug: text().notNull(),
    user_id: text().notNull(),
    status: text({ enum: ["active", "withdrawn"] })
      .notNull()
      .default("active"),
    reached_activation: integer().notNull().default(0),
    engine: integer().notNull().default(0),
    valid_until: integer(),
    is_stale: integer().notNull().default(0),
    stale_reason: text(),
    stale_scope: text({ enum: ["course", "problems"] }),
    stale_since: integer(),
    stale_mark: integer().notNull().default(0),
    leased_until: integer().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.user_id] })],
);

/** See migrations/0005_course_marks.sql. */
export const courseMarks = sqliteTable("course_marks", {
  course_slug: text().primaryKey(),
  reason: text({ enum: ["publish", "doubt"] }).notNull(),
  generation: integer().notNull().default(1),
  marked_up_to: text().notNull().default(""),
  requested_at: integer().notNull(),
});

export const progress = sqliteTable(
  "progress",
  {
    enrollment_id: text().notNull(),
    item_id: text().notNull(),
    attempted_at: integer(),
    completed_at: integer(),
    best_score: real(),
    outcome: text({ enum: ["passed", "failed"] }),
    outcome_at: integer(),
    points: real(),
    points_min: real(),
    points_max: real(),
    viewed_at: integer(),
    submitted_at: integer(),
    told_at: integer(),
    marked_at: integer(),
    passed_at: integer(),
    contributed_at: integer(),
    scored_at: integer(),
    steps: text(),
    latest: text(),
    revoked_at: integer(),
    seq: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.enrollment_id, table.item_id] })],
);

export const submissions = sqliteTable("submissions", {
  id: text().primaryKey(),
  enrollment_id: text().notNull(),
  item_id: text().notNull(),
  answer: text().notNull(),
  status: text({ enum: ["pending", "passed", "failed"] }).notNull(),
  score: real(),
  feedback: text(),
  submitted_at: integer().notNull(),
  judged_at: integer(),
});

export const unlockEvents = sqliteTable(
  "unlock_events",
  {
    enrollment_id: text().notNull(),
    version: integer().notNull(),
    unlocked: text().notNull(),
    locked: text().notNull(),
    cause: text().notNull(),
    announced_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.enrollment_id, table.version] })],
);

/** See migrations/0024_fewer_rows.sql. */
export const walks = sqliteTable("walks", { name: text().primaryKey(), place: text().notNull() });

/** See migrations/0020_shards.sql. */
export const markFences = sqliteTable("mark_fences", {
  course_slug: text().primaryKey(),
  requested_at: integer().notNull(),
  generation: integer().notNull(),
  marked_up_to: text().notNull(),
});

/** See migrations/0021_user_courses.sql. */
export const userCourses = sqliteTable(
  "user_courses",
  {
    user_id: text().notNull(),
    course_slug: text().notNull(),
    asked_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.user_id, table.course_slug] })],
);

export const divergences = sqliteTable("divergences", {
  id: text().primaryKey(),
  enrollment_id: text().notNull(),
  snapshot: text().notNull(),
  differences: text().notNull(),
  detected_at: integer().notNull(),
});
