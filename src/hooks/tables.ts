import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The source is migrations/0045_webhooks.sql; a test compares the two. */
export const webhookPages = sqliteTable(
  "webhook_pages",
  {
    subscription: text().notNull(),
    seq: integer().notNull(),
    events: text().notNull(),
    due_at: integer(),
    revision: integer().notNull().default(0),
    created_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.subscription, table.seq] })],
);
