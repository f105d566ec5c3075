import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** pending: the bytes may still come. ready: they are there. deleting: they are going, nobody sees the file any more. */
export const FILE_STATES = ["pending", "ready", "deleting"] as const;

/** See migrations/0010_files.sql, which is the truth; a test compares the two. */
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
});

export type FileRow = typeof files.$inferSelect;

export const fileSweeps = sqliteTable("file_sweeps", {
  id: integer().primaryKey(),
  as_of: integer().notNull(),
  position: text().notNull(),
});
