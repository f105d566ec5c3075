import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0040_mail.sql, which is the truth; a test compares them. */
export const mails = sqliteTable("mails", {
  id: text().primaryKey(),
  user_id: text(),
  address: text().notNull(),
  kind: text().notNull(),
  language: text().notNull(),
  details: text().notNull(),
  state: text().notNull().default("waiting"),
  attempts: integer().notNull().default(0),
  due_at: integer(),
  created_at: integer().notNull(),
  expires_at: integer().notNull(),
  settled_at: integer(),
});
