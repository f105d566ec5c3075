import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0003_operations.sql, which is the truth; a test compares the two. */
export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    scope: text().notNull(),
    key: text().notNull(),
    body_hash: text().notNull(),
    status: integer(),
    body: text(),
    created_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.key] })],
);

export const deadLetters = sqliteTable("dead_letters", {
  id: text().primaryKey(),
  queue: text().notNull(),
  body: text().notNull(),
  attempts: integer().notNull(),
  failed_at: integer().notNull(),
  replayed_at: integer(),
  replayed_by: text(),
});
