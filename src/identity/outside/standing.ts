import { and, eq } from "drizzle-orm";
import { z } from "zod";
import type { Database } from "../../platform/database/counted.ts";
import { toInstant } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import type { Role } from "../../platform/roles.ts";
import type { UserRow } from "../library.ts";
import { callRevocations, settleRevocations } from "../revocations-stub.ts";
import type { UpdateUser } from "../schemas.ts";
import { type Deps, endSessions } from "../sessions.ts";
import { accounts, users } from "../tables.ts";
import { type AdminRef, isBanned, linkOf, type OutsideLink, writeUser } from "../users.ts";
import { dropAll } from "../ways/one-time.ts";

// Accounts as other systems know and change them: who signs in elsewhere, and whom a directory opens and closes.

/** The reason of a ban that a directory has set. It lifts no other. */
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

/** Lets somebody of another system come in as this user. @returns `concurrent_change` where somebody has just done so. */
export async function link(db: Database, user: string, to: OutsideLink, now: Date): Promise<Result<null>> {
  const { id } = (await linkOf(db, user, to, now).onConflictDoNothing().returning({ id: accounts.id }).get()) ?? {};
  return id === undefined ? refuse("concurrent_change") : ok(null);
}

/** Who a user is at this system, or null. */
export async function linkedSubject(db: Database, user: string, provider: string): Promise<string | null> {
  const [row] = await db
    .select({ subject: accounts.accountId })
    .from(accounts)
    .where(and(eq(accounts.userId, user), eq(accounts.providerId, provider)))
    .limit(1);
  return row?.subject ?? null;
}

/** Forgets who a user is at this system. */
export async function unlink(db: Database, user: string, provider: string): Promise<void> {
  await db.delete(accounts).where(and(eq(accounts.userId, user), eq(accounts.providerId, provider)));
}

/** Gives a user another role. It counts everywhere with the next request. */
export async function giveRole(deps: Deps, user: string, role: Role, by: AdminRef): Promise<Result<UserRow>> {
  return change(deps, user, { role }, by);
}

/**
 * Closes an account: its tokens are refused from the first step on, its sessions and streams end. Harmless to repeat. A ban
 * that somebody else has set is remembered, and counts again when the directory opens the account: neither end lifts the other.
 */
export async function closeAccount(deps: Deps, user: UserRow, by: AdminRef): Promise<Result<UserRow>> {
  if (isClosedByDirectory(user)) return ok(user);
  const before = isBanned(user, deps.now)
    ? JSON.stringify({ reason: user.banReason ?? "", until: user.banExpires?.getTime() ?? null } satisfies BanBefore)
    : null;
  return change(deps, user.id, { ban: { reason: CLOSED_BY_DIRECTORY } }, by, before);
}

/** Opens what {@link closeAccount} has closed, as far as nobody else had banned its owner before. */
export async function openAccount(deps: Deps, user: UserRow, by: AdminRef): Promise<Result<UserRow>> {
  if (!isClosedByDirectory(user)) return ok(user);
  const before = user.banBefore === null ? null : banBeforeSchema.parse(JSON.parse(user.banBefore));
  if (before === null || (before.until !== null && before.until <= deps.now.getTime())) {
    return change(deps, user.id, { ban: null }, by);
  }
  const until = before.until === null ? {} : { until: toInstant(before.until) };
  return change(deps, user.id, { ban: { reason: before.reason, ...until } }, by);
}

/** Whether it is a directory that keeps somebody out. */
export function isClosedByDirectory(user: Pick<UserRow, "banned" | "banReason">): boolean {
  return user.banned && user.banReason === CLOSED_BY_DIRECTORY;
}

const banBeforeSchema = z.object({ reason: z.string(), until: z.int().nullable() });
type BanBefore = z.output<typeof banBeforeSchema>;

/** Ends whatever a user has open: links and launches that wait, sessions, tokens, streams. The account stays as it is. */
export async function endEverything(deps: Deps, user: string): Promise<Result<string[]>> {
  // First what could open a further session.
  await dropAll(deps.env, user);
  return endSessions(deps, user, { except: null, everything: true });
}

/** Changes role or ban by whoever may. What a change takes counts before it is written, so that no write slips in between. */
export async function change(
  deps: Deps,
  user: string,
  what: UpdateUser,
  by: AdminRef,
  banBefore: string | null = null,
  banByManager = false,
): Promise<Result<UserRow>> {
  const hold = { role: what.role, banned: what.ban != null };
  const held = await callRevocations(deps.env, user, (stub) => stub.hold(hold));
  if (!held.ok) return held;
  const written = await writeUser(deps.db, by, user, what, deps.now, banBefore, banByManager);
  if (!written.ok || !isBanned(written.value, deps.now)) {
    await settleRevocations(deps.env, user);
    return written;
  }
  const ended = await endSessions(deps, user, { except: null, everything: true });
  return ended.ok ? written : ended;
}
