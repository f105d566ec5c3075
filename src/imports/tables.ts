import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { IMPORT_FORMATS } from "../courses/index.ts";
import { ROLES } from "../platform/roles.ts";

/** `receiving` is not shown: the archive is on its way. */
const IMPORT_STATES = ["receiving", "queued", "reading", "checking", "done", "failed"] as const;

/** The import of a course, the reading of the people in its archive, and their import. */
const IMPORT_KINDS = ["course", "roster", "people"] as const;

/** See migrations/0028_course_imports.sql 0033_import_parts.sql and 0034_drafts_and_people.sql, which are the truth; a test compares them. */
export const courseImports = sqliteTable("course_imports", {
  id: text().primaryKey(),
  owner: text().notNull(),
  role: text({ enum: ROLES }).notNull(),
  request_id: text().notNull(),
  upload_key: text(),
  format: text({ enum: IMPORT_FORMATS }).notNull(),
  course_slug: text().notNull(),
  name: text().notNull(),
  size: integer().notNull(),
  sha256: text(),
  state: text({ enum: IMPORT_STATES }).notNull(),
  held: integer().notNull().default(1),
  bytes_read: integer().notNull().default(0),
  attempts: integer().notNull().default(0),
  lease: text(),
  due_at: integer().notNull().default(0),
  asked_at: integer().notNull().default(0),
  announced: integer().notNull().default(0),
  reported: integer().notNull().default(0),
  version: integer(),
  counts: text(),
  errors: text().notNull().default("[]"),
  created_at: integer().notNull(),
  started_at: integer(),
  finished_at: integer(),
  upload_id: text(),
  kind: text({ enum: IMPORT_KINDS }).notNull().default("course"),
  source_id: text(),
  applied: integer().notNull().default(0),
});

export const courseImportParts = sqliteTable(
  "course_import_parts",
  {
    import_id: text().notNull(),
    part: integer().notNull(),
    etag: text().notNull(),
    sha256: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.import_id, table.part] })],
);

export type ImportRow = typeof courseImports.$inferSelect;
