import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0011_privacy.sql, which is the truth; a test compares the two. */
export const erasures = sqliteTable("erasures", {
  subject: text().primaryKey(),
  user_id: text(),
  requested_by: text(),
  requested_at: integer().notNull(),
  state: text({ enum: ["running", "settling", "done"] }).notNull(),
  step: text().notNull(),
  due_at: integer().notNull(),
  attempts: integer().notNull().default(0),
  error: text(),
  finished_at: integer(),
});

/** See migrations/0018_people_known.sql. */
export const erasureWatch = sqliteTable("erasure_watch", {
  one: integer().primaryKey(),
  read_to: text().notNull(),
  walk_at: text(),
});
