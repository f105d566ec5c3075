import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { GIVEN_ROLES } from "./shapes.ts";

/** See migrations/0049_single_sign_on.sql, which is the truth; a test compares the two. */
export const identityProviders = sqliteTable("identity_providers", {
  name: text().primaryKey(),
  label: text().notNull(),
  issuer: text().notNull(),
  jwks_uri: text().notNull(),
  client_id: text().notNull(),
  secret: text(),
  settings: text().notNull(),
  sign_in: integer().notNull(),
  audience: text(),
  top_role: text({ enum: GIVEN_ROLES }).notNull(),
  created_at: integer().notNull(),
  updated_at: integer().notNull(),
  signed_in_at: integer(),
  failed_at: integer(),
  failure: text(),
  failures: integer().notNull().default(0),
});
export type ProviderRow = typeof identityProviders.$inferSelect;
