import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0050_directory.sql, which is the truth; a test compares the two. */
export const groupRules = sqliteTable(
  "group_rules",
  {
    source: text().notNull(),
    group_name: text().notNull(),
    course_slug: text().notNull(),
    role: text().notNull(),
    cohort: text(),
  },
  (table) => [primaryKey({ columns: [table.source, table.group_name, table.course_slug] })],
);
export const groupPlaces = sqliteTable(
  "group_places",
  {
    source: text().notNull(),
    user_id: text().notNull(),
    course_slug: text().notNull(),
    learner: text(),
    enrolled: integer().notNull(),
    member: text(),
  },
  (table) => [primaryKey({ columns: [table.source, table.user_id, table.course_slug] })],
);
export const groupDue = sqliteTable(
  "group_due",
  {
    source: text().notNull(),
    user_id: text().notNull(),
    due_at: integer().notNull(),
    changes: integer().notNull().default(1),
    leased_until: integer().notNull().default(0),
    attempts: integer().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.source, table.user_id] })],
);
export const groupNotes = sqliteTable("group_notes", {
  source: text().primaryKey(),
  synced_at: integer(),
  failed_at: integer(),
  failure: text(),
  ignored: text(),
  failures: integer().notNull().default(0),
});
