import { and, eq } from "drizzle-orm";
import type { Database } from "../../platform/database/counted.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import type { Role } from "../../platform/roles.ts";
import type { UserRow } from "../library.ts";
import { callRevocations, settleRevocations } from "../revocations-stub.ts";
import type { UpdateUser } from "../schemas.ts";
import { type Deps, endSessions } from "../sessions.ts";
import { accounts, users } from "../tables.ts";
import { type AdminRef, isBanned, linkOf, type OutsideLink, writeUser } from "../users.ts";

// Accounts for other systems: users who sign in elsewhere, and users whom a directory opens and closes.

/** The reason of a ban that a directory has set. A directory removes no other ban. */
const CLOSED_BY_DIRECTORY = "The directory has closed this account.";

/** The account that somebody of another system has here, or null. */
export async function findLinked(db: Database, { provider, subject }: OutsideLink): Promise<UserRow | null> {
  const [row] = await db
    .select({ user: users })
    .from(accounts)
    .innerJoin(users, eq(users.id, accounts.userId))
    .where(and(eq(accounts.providerId, provider), eq(accounts.accountId, subject)))
    .limit(1);
  return row?.user ?? null;
}

/**
 * Connects somebody of another system with this user.
 * @returns `concurrent_change` if another request has just done so.
 */
export async function link(db: Database, user: string, to: OutsideLink, now: Date): Promise<Result<null>> {
  const { id } = (await linkOf(db, user, to, now).onConflictDoNothing().returning({ id: accounts.id }).get()) ?? {};
  return id === undefined ? refuse("concurrent_change") : ok(null);
}

/** Whether a user is already connected with this system, under another id. */
export async function isLinked(db: Database, user: string, provider: string): Promise<boolean> {
  const rows = await db
    .select({ id: accounts.id })
    .from(accounts)
    .where(and(eq(accounts.userId, user), eq(accounts.providerId, provider)))
    .limit(1);
  return rows.length > 0;
}

/** Gives a user another role. It counts everywhere from the next request on. */
export async function giveRole(deps: Deps, user: string, role: Role, by: AdminRef): Promise<Result<UserRow>> {
  return change(deps, user, { role }, by);
}

/**
 * Closes an account: its tokens are refused from the first step on, its sessions and streams end. A repeat does no
 * harm. A ban that somebody else has set stays as it is.
 */
export async function closeAccount(deps: Deps, user: UserRow, by: AdminRef): Promise<Result<UserRow>> {
  if (user.banned && (user.banExpires === null || user.banReason === CLOSED_BY_DIRECTORY)) return ok(user);
  return change(deps, user.id, { ban: { reason: CLOSED_BY_DIRECTORY } }, by);
}

/** Opens an account that {@link closeAccount} has closed. */
export async function openAccount(deps: Deps, user: UserRow, by: AdminRef): Promise<Result<UserRow>> {
  if (!user.banned || user.banReason !== CLOSED_BY_DIRECTORY) return ok(user);
  return change(deps, user.id, { ban: null }, by);
}

/** The right is taken away before the change is written, so that no write comes in between. */
async function change(deps: Deps, user: string, what: UpdateUser, by: AdminRef): Promise<Result<UserRow>> {
  const hold = { role: what.role, banned: what.ban != null };
  const held = await callRevocations(deps.env, user, (stub) => stub.hold(hold));
  if (!held.ok) return held;
  const written = await writeUser(deps.db, by, user, what, deps.now);
  if (!written.ok || !isBanned(written.value, deps.now)) {
    await settleRevocations(deps.env, user);
    return written;
  }
  const ended = await endSessions(deps, user, { except: null, everything: true });
  return ended.ok ? written : ended;
}
