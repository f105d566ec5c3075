import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

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
