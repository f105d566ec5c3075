import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0001_courses.sql, which is the truth; a test compares the two. */
export const courses = sqliteTable("courses", {
  slug: text().primaryKey(),
  owner_id: text().notNull(),
  title: text().notNull(),
  active_version: integer(),
  activation: integer().notNull().default(0),
  last_relock: integer().notNull().default(0),
  created_at: integer().notNull(),
  updated_at: integer().notNull(),
  learners: integer().notNull().default(0),
  shard: text().notNull().default("DB"),
  shard_generation: integer(),
  organization_id: text(),
});

export const courseVersions = sqliteTable(
  "course_versions",
  {
    course_slug: text().notNull(),
    version: integer().notNull(),
    sha256: text().notNull(),
    note: text(),
    chapter_count: integer().notNull(),
    problem_count: integer().notNull(),
    warnings: text().notNull().default("[]"),
    published_by: text().notNull(),
    published_at: integer().notNull(),
    dropped_at: integer(),
    is_kept: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.version] })],
);

export const courseActivations = sqliteTable(
  "course_activations",
  {
    course_slug: text().notNull(),
    activation: integer().notNull(),
    version: integer().notNull(),
    policy: text({ enum: ["grandfather", "relock"] }).notNull(),
    activated_by: text().notNull(),
    activated_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.activation] })],
);

export const courseOutlines = sqliteTable(
  "course_outlines",
  {
    course_slug: text().notNull(),
    version: integer().notNull(),
    part: integer().notNull(),
    body: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.version, table.part] })],
);

export const courseContents = sqliteTable(
  "course_contents",
  {
    course_slug: text().notNull(),
    version: integer().notNull(),
    item_id: text().notNull(),
    content: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.version, table.item_id] })],
);

/** See migrations/0035_course_people.sql. */
export const courseMembers = sqliteTable(
  "course_members",
  {
    course_slug: text().notNull(),
    user_id: text().notNull(),
    role: text({ enum: ["co_author", "grader"] }).notNull(),
    added_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.user_id] })],
);

/** See migrations/0035_course_people.sql. */
export const courseObservers = sqliteTable(
  "course_observers",
  {
    course_slug: text().notNull(),
    user_id: text().notNull(),
    learner_id: text().notNull(),
    added_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.user_id, table.learner_id] })],
);

/** See migrations/0037_working_copies.sql. */
export const courseWorkingCopies = sqliteTable("course_working_copies", {
  course_slug: text().primaryKey(),
  revision: integer().notNull(),
  save_id: text().notNull(),
  base_version: integer(),
  saved_by: text().notNull(),
  saved_at: integer().notNull(),
});

/** See migrations/0037_working_copies.sql. */
export const courseWorkingParts = sqliteTable(
  "course_working_parts",
  {
    course_slug: text().notNull(),
    part: integer().notNull(),
    body: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.part] })],
);

/** See migrations/0037_working_copies.sql. */
export const courseWriters = sqliteTable(
  "course_writers",
  {
    course_slug: text().notNull(),
    user_id: text().notNull(),
    since: integer().notNull(),
    seen_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.user_id] })],
);
