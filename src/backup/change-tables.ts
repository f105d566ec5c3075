import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

// See migrations/0019_backup_changes.sql, which is the truth; a test compares the two. Statements over these tables are
// set statements beside their use.

export const backupEpochs = sqliteTable("backup_epochs", { epoch: integer().primaryKey(), backup: text().notNull() });

export const backupChanges = sqliteTable(
  "backup_changes",
  { kind: text().notNull(), key: text().notNull(), epoch: integer().notNull() },
  (table) => [primaryKey({ columns: [table.kind, table.key, table.epoch] })],
);

export const restoreSuperseded = sqliteTable(
  "restore_superseded",
  { kind: text().notNull(), key: text().notNull(), link: integer().notNull() },
  (table) => [primaryKey({ columns: [table.kind, table.key] })],
);
