import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** See migrations/0050_directory.sql, which is the truth; a test compares the two. */
export const scimUsers = sqliteTable("scim_users", {
  user_id: text().primaryKey(),
  user_name: text().notNull(),
  external_id: text(),
  active: integer().notNull(),
  doc: text().notNull(),
  version: integer().notNull(),
  created_at: integer().notNull(),
  updated_at: integer().notNull(),
});
export type ScimUserRow = typeof scimUsers.$inferSelect;

/** See migrations/0052_directory_facts.sql. */
export const scimAddresses = sqliteTable(
  "scim_addresses",
  { user_id: text().notNull(), address: text().notNull() },
  (table) => [primaryKey({ columns: [table.user_id, table.address] })],
);

export const scimGroups = sqliteTable("scim_groups", {
  id: text().primaryKey(),
  name: text().notNull(),
  external_id: text(),
  version: integer().notNull(),
  created_at: integer().notNull(),
  updated_at: integer().notNull(),
});
export type ScimGroupRow = typeof scimGroups.$inferSelect;

export const scimMembers = sqliteTable(
  "scim_members",
  { group_id: text().notNull(), user_id: text().notNull() },
  (table) => [primaryKey({ columns: [table.group_id, table.user_id] })],
);
