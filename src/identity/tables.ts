import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { ROLES } from "../platform/roles.ts";

// The tables of migrations/0004_identity.sql. Property names are better-auth's field names; its adapter finds columns
// by them. Instants are epoch milliseconds in the database and Date here, because better-auth reads and writes Dates.

const instant = (column: string) => integer(column, { mode: "timestamp_ms" });

export const users = sqliteTable("users", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  email: text("email").notNull(),
  emailVerified: integer("email_verified", { mode: "boolean" }).notNull().default(false),
  image: text("image"),
  role: text("role", { enum: ROLES }).notNull().default("learner"),
  banned: integer("banned", { mode: "boolean" }).notNull().default(false),
  banReason: text("ban_reason"),
  banExpires: instant("ban_expires"),
  /** JSON {reason, until}: a ban from before a directory closed the account. */
  banBefore: text("ban_before"),
  createdAt: instant("created_at").notNull(),
  updatedAt: instant("updated_at").notNull(),
  /** See migrations/0054_organizations.sql. Null: the installation's common space. */
  organizationId: text("organization_id"),
  manages: integer("manages", { mode: "boolean" }).notNull().default(false),
  /** The ban was set by a manager of the organisation, who may lift it again. */
  banByManager: integer("ban_by_manager", { mode: "boolean" }).notNull().default(false),
});

export const sessions = sqliteTable("sessions", {
  id: text("id").primaryKey(),
  token: text("token").notNull(),
  userId: text("user_id").notNull(),
  ipAddress: text("ip_address"),
  userAgent: text("user_agent"),
  impersonatedBy: text("impersonated_by"),
  expiresAt: instant("expires_at").notNull(),
  createdAt: instant("created_at").notNull(),
  updatedAt: instant("updated_at").notNull(),
});

export const accounts = sqliteTable("accounts", {
  id: text("id").primaryKey(),
  accountId: text("account_id").notNull(),
  providerId: text("provider_id").notNull(),
  userId: text("user_id").notNull(),
  accessToken: text("access_token"),
  refreshToken: text("refresh_token"),
  idToken: text("id_token"),
  accessTokenExpiresAt: instant("access_token_expires_at"),
  refreshTokenExpiresAt: instant("refresh_token_expires_at"),
  scope: text("scope"),
  password: text("password"),
  createdAt: instant("created_at").notNull(),
  updatedAt: instant("updated_at").notNull(),
});

export const verifications = sqliteTable("verifications", {
  id: text("id").primaryKey(),
  identifier: text("identifier").notNull(),
  value: text("value").notNull(),
  expiresAt: instant("expires_at").notNull(),
  createdAt: instant("created_at").notNull(),
  updatedAt: instant("updated_at").notNull(),
});

/** See migrations/0017_service_keys.sql. */
export const serviceKeys = sqliteTable("service_keys", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  hash: text("hash").notNull(),
  previous_hash: text("previous_hash"),
  previous_until: integer("previous_until"),
  scopes: text("scopes").notNull(),
  courses: text("courses"),
  created_by: text("created_by").notNull(),
  created_at: integer("created_at").notNull(),
  expires_at: integer("expires_at").notNull(),
  rotated_at: integer("rotated_at"),
  last_used_on: integer("last_used_on"),
  revoked_at: integer("revoked_at"),
});

/** See migrations/0011_privacy.sql. */
/** See migrations/0018_people_known.sql. */
export const outsideBans = sqliteTable("outside_bans", {
  user_id: text().primaryKey(),
  reason: text().notNull(),
  until: integer(),
  banned_at: integer().notNull(),
});

export const tombstones = sqliteTable("tombstones", {
  subject: text("subject").primaryKey(),
  erasedAt: integer("erased_at").notNull(),
});

/** See migrations/0041_sign_in.sql; {@link trustedDevices} too. */
export const passkeys = sqliteTable("passkeys", {
  id: text("id").primaryKey(),
  user_id: text("user_id").notNull(),
  name: text("name").notNull(),
  credential_id: text("credential_id").notNull(),
  public_key: text("public_key").notNull(),
  counter: integer("counter").notNull(),
  transports: text("transports").notNull(),
  backed_up: integer("backed_up").notNull(),
  created_at: integer("created_at").notNull(),
  last_used_at: integer("last_used_at"),
});

export const secondFactors = sqliteTable("second_factors", {
  user_id: text("user_id").primaryKey(),
  secret: text("secret").notNull(),
  backup_codes: text("backup_codes").notNull(),
  confirmed_at: integer("confirmed_at"),
  last_step: integer("last_step").notNull().default(0),
  failures: integer("failures").notNull().default(0),
  blocked_until: integer("blocked_until"),
  created_at: integer("created_at").notNull(),
});

export const trustedDevices = sqliteTable("trusted_devices", {
  id: text("id").primaryKey(),
  user_id: text("user_id").notNull(),
  token: text("token").notNull(),
  user_agent: text("user_agent"),
  created_at: integer("created_at").notNull(),
  expires_at: integer("expires_at").notNull(),
});

export type KeyRow = typeof serviceKeys.$inferSelect;
