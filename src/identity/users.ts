import { and, eq } from "drizzle-orm";
import type { Database } from "../bindings.ts";
import type { Actor } from "../shared/http.ts";
import { toInstant } from "../shared/instants.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { newId, sessionStore, type UserRow } from "./library.ts";
import { hashPassword } from "./passwords.ts";
import type { CreateUser, UpdateUser, UserView } from "./schemas.ts";
import { accounts, users } from "./tables.ts";

/** better-auth's name for accounts that hold a password. */
const PASSWORD_PROVIDER = "credential";

/**
 * Creates a user and, where a password is given, the account that holds its hash: both rows or none, in one batch.
 * better-auth writes them one after the other, which on D1 (no interactive transactions) can leave an address taken by
 * a user who can never sign in.
 * @returns the user, or `user_exists`.
 */
export async function createUser(db: Database, input: CreateUser, now: Date): Promise<Result<UserRow>> {
  const id = input.id ?? newId();
  const { email, name, role } = input;
  const hash = input.password === undefined ? null : await hashPassword(input.password);
  const insertUser = db.insert(users).values({ id, email, name, role, createdAt: now, updatedAt: now }).returning();
  try {
    const [rows] =
      hash === null
        ? await db.batch([insertUser])
        : await db.batch([
            insertUser,
            db.insert(accounts).values({
              id: newId(),
              accountId: id,
              providerId: PASSWORD_PROVIDER,
              userId: id,
              password: hash,
              createdAt: now,
              updatedAt: now,
            }),
          ]);
    const [user] = rows;
    if (user === undefined) throw new Error("an insert returned no row");
    return ok(user);
  } catch (fault) {
    const taken = takenColumn(fault);
    if (taken === null) throw fault;
    return refuse("user_exists", { detail: `The ${taken === "id" ? "id" : "e-mail address"} is taken.` });
  }
}

/** The unique column a failed insert collided on. SQLite says it in the message, and nowhere else. */
function takenColumn(fault: unknown): string | null {
  for (let cause = fault; cause instanceof Error; cause = cause.cause) {
    const column = /UNIQUE constraint failed: users\.(id|email)/.exec(cause.message)?.[1];
    if (column !== undefined) return column;
  }
  return null;
}

/** A user with the hash of their password, by normalised e-mail address. One query whether or not the user exists. */
export async function findCredential(
  db: Database,
  email: string,
): Promise<{ user: UserRow; password: string | null } | null> {
  const [row] = await db
    .select({ user: users, password: accounts.password })
    .from(users)
    .leftJoin(accounts, and(eq(accounts.userId, users.id), eq(accounts.providerId, PASSWORD_PROVIDER)))
    .where(eq(users.email, email))
    .limit(1);
  return row ?? null;
}

/** @returns the user, or `user_not_found`. */
export async function readUser(db: Database, id: string): Promise<Result<UserRow>> {
  const [user] = await db.select().from(users).where(eq(users.id, id)).limit(1);
  return user === undefined ? refuse("user_not_found") : ok(user);
}

/**
 * Applies a change to a user. A ban ends all sessions; access tokens already handed out live on for their lifetime.
 * The change is one UPDATE; should ending the sessions fail after it, the ban still holds, because every exchange of a
 * session reads it.
 * @returns the user as changed, `forbidden` or `user_not_found`.
 */
export async function updateUser(
  db: Database,
  secret: string,
  actor: Actor,
  id: string,
  change: UpdateUser,
  now: Date,
): Promise<Result<UserRow>> {
  const administers = change.role !== undefined || change.ban !== undefined;
  if (administers && actor.role !== "admin") {
    return refuse("forbidden", { detail: "Only an admin changes roles and bans." });
  }
  // So that the last admin cannot lock everybody out by accident.
  if (administers && actor.id === id) {
    return refuse("forbidden", { detail: "Nobody changes their own role or ban." });
  }
  const { name, role, ban } = change;
  const [user] = await db
    .update(users)
    .set({
      updatedAt: now,
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      ...(ban === undefined ? {} : banColumns(ban)),
    })
    .where(eq(users.id, id))
    .returning();
  if (user === undefined) return refuse("user_not_found");
  if (isBanned(user, now)) await (await sessionStore(db, secret)).closeAll(id);
  return ok(user);
}

function banColumns(ban: { reason: string; until?: string | undefined } | null) {
  if (ban === null) return { banned: false, banReason: null, banExpires: null };
  return { banned: true, banReason: ban.reason, banExpires: ban.until === undefined ? null : new Date(ban.until) };
}

export function isBanned(user: Pick<UserRow, "banned" | "banExpires">, now: Date): boolean {
  return user.banned && (user.banExpires === null || user.banExpires > now);
}

/** The user as the API shows it: to themselves and to admins only. */
export function viewUser(user: UserRow, now: Date): UserView {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    role: user.role,
    ban: isBanned(user, now)
      ? { reason: user.banReason ?? "", until: user.banExpires === null ? null : toInstant(user.banExpires.getTime()) }
      : null,
    created_at: toInstant(user.createdAt.getTime()),
    updated_at: toInstant(user.updatedAt.getTime()),
  };
}
