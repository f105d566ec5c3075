import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { ROLES } from "../platform/roles.ts";
import { ROSTER_FORMATS, SOURCE_KINDS } from "./rosters/shapes.ts";

/** See migrations/0035_course_people.sql, which is the truth; a test compares the two. */
export const courseInvitations = sqliteTable("course_invitations", {
  id: text().primaryKey(),
  course_slug: text().notNull(),
  cohorts: text().notNull(),
  max_uses: integer().notNull(),
  uses: integer().notNull().default(0),
  created_at: integer().notNull(),
  expires_at: integer().notNull(),
  revoked_at: integer(),
});

/** See migrations/0035_course_people.sql. */
export const courseInvitationUses = sqliteTable(
  "course_invitation_uses",
  {
    invitation_id: text().notNull(),
    user_id: text().notNull(),
    used_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.invitation_id, table.user_id] })],
);

/** See migrations/0044_rosters.sql. */
export const rosterSources = sqliteTable(
  "roster_sources",
  {
    course_slug: text().notNull(),
    name: text().notNull(),
    kind: text({ enum: SOURCE_KINDS }).notNull(),
    format: text({ enum: ROSTER_FORMATS }).notNull(),
    address: text(),
    secret: text(),
    hour: integer(),
    settings: text().notNull(),
    owner: text().notNull(),
    role: text({ enum: ROLES }).notNull(),
    failures: integer().notNull().default(0),
    due_at: integer(),
    created_at: integer().notNull(),
    updated_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.name] })],
);
export type SourceRow = typeof rosterSources.$inferSelect;

export const RUN_STATES = [
  "queued",
  "reading",
  "planned",
  "confirmed",
  "applying",
  "done",
  "failed",
  "replaced",
] as const;
export const RUN_BEGUN = ["sent", "asked", "nightly"] as const;

/** See migrations/0044_rosters.sql. */
export const rosterRuns = sqliteTable("roster_runs", {
  id: text().primaryKey(),
  course_slug: text().notNull(),
  source: text().notNull(),
  begun: text({ enum: RUN_BEGUN }).notNull(),
  file_name: text().notNull(),
  owner: text().notNull(),
  role: text({ enum: ROLES }).notNull(),
  request_id: text().notNull(),
  state: text({ enum: RUN_STATES }).notNull(),
  held: integer().notNull().default(1),
  total: integer().notNull().default(0),
  applied: integer().notNull().default(0),
  counts: text().notNull().default("{}"),
  errors: text().notNull().default("[]"),
  attempts: integer().notNull().default(0),
  lease: text(),
  due_at: integer().notNull().default(0),
  asked_at: integer().notNull().default(0),
  created_at: integer().notNull(),
  finished_at: integer(),
});
export type RunRow = typeof rosterRuns.$inferSelect;

/** See migrations/0044_rosters.sql. */
export const rosterPeople = sqliteTable(
  "roster_people",
  {
    course_slug: text().notNull(),
    source: text().notNull(),
    person: text().notNull(),
    said: text().notNull(),
    user_id: text(),
    learner: text(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.source, table.person] })],
);

/** See migrations/0044_rosters.sql. */
export const rosterGrants = sqliteTable(
  "roster_grants",
  {
    course_slug: text().notNull(),
    source: text().notNull(),
    user_id: text().notNull(),
    learner_id: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.course_slug, table.source, table.user_id, table.learner_id] })],
);

/** See migrations/0054_organizations.sql. */
export const organizations = sqliteTable("organizations", {
  id: text().primaryKey(),
  name: text().notNull(),
  created_at: integer().notNull(),
});
