import { eq, sql } from "drizzle-orm";
import type { OwnEntry } from "../audit/index.ts";
import { addAuditEntry, addAuditEntryWhere } from "../audit/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { toInstant } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { UpdateUser, UserView } from "./schemas.ts";
import { outsideBans } from "./tables.ts";
import type { AdminRef } from "./users.ts";

// Users of another identity provider have no account here, but may have data here, and may have to be banned.

/** The other rooms' data about an id, with or without an account. */
export type IsKnown = (env: Env, user: string) => Promise<boolean>;

type Ban = NonNullable<UpdateUser["ban"]>;

/**
 * Bans a user without an account, or lifts the ban. The audit entry goes into the outbox in the same batch. The user's
 * revocations object must be notified before and after, as for an account.
 */
export async function banOutsider(
  db: Database,
  { request_id, ...actor }: AdminRef,
  user: string,
  ban: Ban | null,
  now: number,
): Promise<void> {
  const about = { actor, target: { type: "user", id: user }, request_id } satisfies Partial<OwnEntry>;
  if (ban === null) {
    const isBanned = sql`EXISTS (SELECT 1 FROM outside_bans WHERE user_id = ${user})`;
    await db.batch([
      addAuditEntryWhere(db, { action: "user.unbanned", ...about }, now, isBanned),
      db.delete(outsideBans).where(eq(outsideBans.user_id, user)),
    ]);
    return;
  }
  const until = ban.until === undefined ? null : Date.parse(ban.until);
  const row = { user_id: user, reason: ban.reason, until, banned_at: now };
  await db.batch([
    db.insert(outsideBans).values(row).onConflictDoUpdate({ target: outsideBans.user_id, set: row }),
    addAuditEntry(db, { action: "user.banned", ...about, details: { until } }, now),
  ]);
}

/** A banned user without an account, as the API shows users; `user_not_found` when nobody of this id is banned. */
export async function readOutsider(db: Database, user: string, now: number): Promise<Result<UserView>> {
  const row = await db.select().from(outsideBans).where(eq(outsideBans.user_id, user)).get();
  return row === undefined ? refuse("user_not_found") : ok(viewOutsider(user, row, now));
}

/** A user without an account, as the API shows users. @param row null: not banned. */
export function viewOutsider(user: string, row: typeof outsideBans.$inferSelect | null, now: number): UserView {
  const isBanned = row !== null && (row.until === null || row.until > now);
  const at = toInstant(row?.banned_at ?? now);
  return {
    id: user,
    email: null,
    name: "",
    role: "learner",
    ban: isBanned ? { reason: row.reason, until: row.until === null ? null : toInstant(row.until) } : null,
    created_at: at,
    updated_at: at,
  };
}
