import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { EVENT_TYPES, LEVELS, PRIORITIES } from "./types.ts";

/** See migrations/0007_event_log.sql and 0032_topics.sql, which are the truth; a test compares the two. */
export const eventLog = sqliteTable("event_log", {
  id: text().primaryKey(),
  user_id: text(),
  at: integer().notNull(),
  type: text({ enum: EVENT_TYPES }).notNull(),
  level: text({ enum: LEVELS }).notNull(),
  priority: text({ enum: PRIORITIES }).notNull(),
  roles: text(),
  data: text().notNull(),
  topic: text(),
});
