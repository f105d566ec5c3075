import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0012_audit.sql, which is the truth; a test compares the two. */
export const auditLog = sqliteTable("audit_log", {
  id: integer().primaryKey(),
  chain: text().notNull(),
  seq: integer().notNull(),
  hash: text().notNull(),
  key: text().notNull(),
  action: text().notNull(),
  occurred_at: integer().notNull(),
  received_at: integer().notNull(),
  actor_id: text().notNull(),
  actor_role: text().notNull(),
  target_type: text().notNull(),
  target_id: text().notNull(),
  course: text(),
  enrollment: text(),
  request_id: text(),
  outcome: text().notNull(),
  details: text().notNull(),
  reported_by: text(),
  tokens: text().notNull(),
});

export const auditPeople = sqliteTable("audit_people", {
  pseudonym: text().primaryKey(),
  user_id: text().notNull().unique(),
});

export const auditOutbox = sqliteTable("audit_outbox", {
  id: integer().primaryKey({ autoIncrement: true }),
  key: text().notNull(),
  entry: text().notNull(),
  created_at: integer().notNull(),
  error: text(),
  ready_at: integer().notNull().default(0),
});
