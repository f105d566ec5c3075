import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { FILE_STATES } from "./states.ts";

/** See migrations/0010_files.sql and 0039_submitted_files.sql, which is the truth; a test compares the two. */
export const files = sqliteTable("files", {
  id: text().primaryKey(),
  owner: text().notNull(),
  key: text().notNull(),
  name: text().notNull(),
  type: text().notNull(),
  size: integer().notNull(),
  sha256: text(),
  state: text({ enum: FILE_STATES }).notNull(),
  created_at: integer().notNull(),
  ready_at: integer(),
  expires_at: integer(),
  upload_key: text(),
  submitted_with: text(),
});

export type FileRow = typeof files.$inferSelect;

export const fileSweeps = sqliteTable("file_sweeps", {
  id: integer().primaryKey(),
  as_of: integer().notNull(),
  position: text().notNull(),
});
