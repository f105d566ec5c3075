import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0045_webhooks.sql, which is the truth; a test compares the two. */
export const webhookSubscriptions = sqliteTable("webhook_subscriptions", {
  id: text().primaryKey(),
  course_slug: text(),
  url: text().notNull(),
  note: text().notNull().default(""),
  types: text().notNull(),
  secret: text().notNull(),
  previous_secret: text(),
  previous_until: integer(),
  owner: text().notNull(),
  state: text({ enum: ["active", "disabled"] })
    .notNull()
    .default("active"),
  disabled_reason: text({ enum: ["gone", "asked"] }),
  lease: text(),
  lease_until: integer().notNull().default(0),
  paused_until: integer().notNull().default(0),
  failures: integer().notNull().default(0),
  failing_since: integer(),
  last_at: integer(),
  last_status: integer(),
  last_error: text(),
  last_success_at: integer(),
  created_at: integer().notNull(),
  updated_at: integer().notNull(),
});
export type HookRow = typeof webhookSubscriptions.$inferSelect;
