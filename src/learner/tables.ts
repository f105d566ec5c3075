import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The source is migrations/0042_learner.sql; a test compares the two. */
export const calendarFeeds = sqliteTable("calendar_feeds", {
  id: text().primaryKey(),
  user_id: text().notNull(),
  course_slug: text().notNull(),
  created_at: integer().notNull(),
  revision: integer().notNull().default(0),
  entries: text().notNull().default("[]"),
});

/** See migrations/0042_learner.sql. */
export const certificates = sqliteTable("certificates", {
  number: integer().primaryKey({ autoIncrement: true }),
  id: text().notNull().unique(),
  user_id: text(),
  course_slug: text().notNull(),
  holder: text().notNull(),
  title: text().notNull(),
  issued_at: integer().notNull(),
  revoked_at: integer(),
  reason: text(),
});

/** See migrations/0042_learner.sql. */
export const readingPlaces = sqliteTable(
  "reading_places",
  {
    user_id: text().notNull(),
    course_slug: text().notNull(),
    item_id: text().notNull(),
    place: integer().notNull(),
    read_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.user_id, table.course_slug, table.item_id] })],
);

/** See migrations/0042_learner.sql. */
export const noticeMarks = sqliteTable(
  "notice_marks",
  {
    user_id: text().notNull(),
    course_slug: text().notNull(),
    read_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.user_id, table.course_slug] })],
);

/** See migrations/0042_learner.sql. */
export const learnerMessages = sqliteTable("learner_messages", {
  id: text().primaryKey(),
  user_id: text().notNull(),
  course_slug: text().notNull(),
  sender_id: text().notNull(),
  text: text().notNull(),
  sent_at: integer().notNull(),
});
