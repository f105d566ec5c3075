import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The source is migrations/0003_operations.sql; a test compares the two. */
export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    scope: text().notNull(),
    key: text().notNull(),
    body_hash: text().notNull(),
    status: integer(),
    body: text(),
    created_at: integer().notNull(),
    claim: text().notNull().default(""),
    outcome: text({ enum: ["done", "unknown"] }),
  },
  (table) => [primaryKey({ columns: [table.scope, table.key] })],
);

/** See migrations/0016_waiting_work.sql. */
export const writeProbes = sqliteTable("write_probes", {
  id: integer().primaryKey(),
  written_at: integer().notNull(),
});

export const deadLetters = sqliteTable("dead_letters", {
  id: text().primaryKey(),
  queue: text().notNull(),
  body: text().notNull(),
  attempts: integer().notNull(),
  failed_at: integer().notNull(),
  replayed_at: integer(),
  replayed_by: text(),
});

/** See migrations/0020_shards.sql. */
export const closedCourses = sqliteTable("closed_courses", {
  course_slug: text().primaryKey(),
  moved_to: text().notNull(),
  generation: integer().notNull(),
});

/** See migrations/0025_course_moves.sql. */
export const courseMoves = sqliteTable("course_moves", {
  course_slug: text().primaryKey(),
  source: text().notNull(),
  target: text().notNull(),
  generation: integer().notNull(),
  state: text({ enum: ["copying", "closing", "moved", "purging"] })
    .notNull()
    .default("copying"),
  step: integer().notNull().default(0),
  leased_until: integer().notNull().default(0),
  copied_up_to: text().notNull().default(""),
  enrollments: integer().notNull().default(0),
  copied_rows: integer().notNull().default(0),
  copied_bytes: integer().notNull().default(0),
  purged_rows: integer().notNull().default(0),
  statements: integer().notNull().default(0),
  closed_ms: integer(),
  waits_for: text(),
  started_at: integer().notNull(),
  progressed_at: integer().notNull(),
  moved_at: integer(),
});

export const movingCourses = sqliteTable("moving_courses", {
  course_slug: text().primaryKey(),
  generation: integer().notNull(),
  step: integer().notNull(),
  state: text({ enum: ["leaving", "left", "arriving", "arrived"] }).notNull(),
  noted: integer().notNull().default(0),
});

export const movingChanges = sqliteTable(
  "moving_changes",
  {
    course_slug: text().notNull(),
    enrollment_id: text().notNull(),
    noted: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.enrollment_id] })],
);
