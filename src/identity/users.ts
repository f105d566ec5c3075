import { and, asc, eq, gt, isNull, or, type SQL, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { OwnEntry } from "../audit/index.ts";
import { addAuditEntry, addUserAuditEntry } from "../audit/index.ts";
import type { Database } from "../platform/database/counted.ts";
import type { Actor } from "../platform/http/context.ts";
import { toInstant } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { newId, type UserRow } from "./library.ts";
import { passwordDefect } from "./password-rules.ts";
import { hashPassword, verifyPassword } from "./passwords.ts";
import type { CreateUser, ListUsers, UpdateUser, UserView } from "./schemas.ts";
import { accounts, outsideBans, tombstones, users } from "./tables.ts";
import { subjectOf } from "./tombstones.ts";

/** better-auth's name for accounts that hold a password. */
export const PASSWORD_PROVIDER = "credential";

/**
 * Creates a user and, where a password is given, the account that holds its hash: both rows or none, in one batch.
 * better-auth writes them one after the other, which on D1 (no interactive transactions) can leave an address taken by
 * a user who can never sign in.
 * @param creator the admin who creates it, which is audited; null when somebody registers.
 * @param outside what another system vouches for; null: nobody has shown that the address is theirs.
 * @param organizationId where the user belongs; null: the common space.
 * @returns the user, or `user_exists`; also for the id of an erased user, which nobody else may ever be known by.
 */
export async function createUser(
  db: Database,
  input: CreateUser,
  now: Date,
  creator: AdminRef | null = null,
  outside: OutsideProof | null = null,
  organizationId: string | null = null,
): Promise<Result<UserRow>> {
  const id = input.id ?? newId();
  const { email, name, role } = input;
  if (input.id !== undefined && (await isErased(db, input.id))) return ID_TAKEN;
  let hash: string | null = null;
  if (input.password !== undefined) {
    const defect = await passwordDefect("password", input.password, input);
    if (defect !== null) return refuse("invalid_input", { errors: [defect] });
    const hashed = await hashPassword(input.password, creator !== null);
    if (!hashed.ok) return hashed;
    hash = hashed.value;
  }
  const emailVerified = outside?.isVerified ?? false;
  const row = { id, email, emailVerified, name, role, organizationId, createdAt: now, updatedAt: now };
  const insertUser = db.insert(users).values(row).returning();
  try {
    const rest: BatchItem<"sqlite">[] = [];
    if (hash !== null) {
      const account = {
        id: newId(),
        accountId: id,
        providerId: PASSWORD_PROVIDER,
        userId: id,
        password: hash,
        createdAt: now,
        updatedAt: now,
      };
      rest.push(db.insert(accounts).values(account));
    }
    if (outside?.link != null) rest.push(linkOf(db, id, outside.link, now));
    if (creator !== null) {
      const { request_id, ...actor } = creator;
      const target = { type: "user", id };
      const entry = { action: "user.created", actor, target, request_id, details: { to_role: role } } as const;
      rest.push(addAuditEntry(db, entry, now.getTime()));
    }
    const [rows] = await db.batch([insertUser, ...rest]);
    const [user] = rows;
    if (user === undefined) throw new Error("an insert returned no row");
    return ok(user);
  } catch (fault) {
    const taken = takenColumn(fault);
    if (taken === null) throw fault;
    return taken === "id" ? ID_TAKEN : refuse("user_exists", { detail: "The e-mail address is taken." });
  }
}

/** Who somebody is for another system: the system and their id there, which names nobody else. */
export interface OutsideLink {
  provider: string;
  subject: string;
}

/** What another system vouches for about a new account. */
interface OutsideProof {
  /** The address was shown to be theirs. */
  isVerified: boolean;
  link: OutsideLink | null;
}

/** The statement that lets somebody of another system come in as this user. */
export function linkOf(db: Database, user: string, { provider, subject }: OutsideLink, now: Date) {
  const row = { id: newId(), accountId: subject, providerId: provider, userId: user, createdAt: now, updatedAt: now };
  return db.insert(accounts).values(row);
}

const ID_TAKEN = refuse("user_exists", { detail: "The id is taken." });

async function isErased(db: Database, user: string): Promise<boolean> {
  const subject = await subjectOf(user);
  const [found] = await db.select().from(tombstones).where(eq(tombstones.subject, subject)).limit(1);
  return found !== undefined;
}

/** An admin who changes another user, and the request it happens in. */
export interface AdminRef {
  id: string;
  role: string;
  request_id: string;
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

/** The hash of a user's password; null when there is no such user or the user has none. */
async function passwordOf(db: Database, user: string): Promise<string | null> {
  const [row] = await db
    .select({ password: accounts.password })
    .from(accounts)
    .where(and(eq(accounts.userId, user), eq(accounts.providerId, PASSWORD_PROVIDER)))
    .limit(1);
  return row?.password ?? null;
}

/**
 * Whether this is the user's password. A user without one takes the same time and never matches.
 * @returns `unavailable` when too many passwords wait to be checked.
 */
export async function checkPassword(db: Database, user: string, password: string): Promise<Result<boolean>> {
  return verifyPassword(await passwordOf(db, user), password, true);
}

/** Replaces the password of a user who knows the old one. @returns `invalid_credentials` when they do not. */
export async function changePassword(
  db: Database,
  user: string,
  { password, new_password }: { password: string; new_password: string },
  now: Date,
): Promise<Result<null>> {
  const stored = await passwordOf(db, user);
  const checked = await verifyPassword(stored, password, true);
  if (!checked.ok) return checked;
  if (!checked.value || stored === null) return refuse("invalid_credentials");
  const person = await readUser(db, user);
  if (!person.ok) return person;
  const defect = await passwordDefect("new_password", new_password, person.value);
  if (defect !== null) return refuse("invalid_input", { errors: [defect] });
  const hashed = await hashPassword(new_password, true);
  if (!hashed.ok) return hashed;
  const changed = await db
    .update(accounts)
    .set({ password: hashed.value, updatedAt: now })
    // Of two changes at once that both knew the old password, one wins.
    .where(and(eq(accounts.userId, user), eq(accounts.providerId, PASSWORD_PROVIDER), eq(accounts.password, stored)))
    .returning({ id: accounts.id });
  return changed.length === 0 ? refuse("invalid_credentials") : ok(null);
}

/** Stores a hash of today's cost for a password that was just checked, unless it was changed meanwhile. */
export async function renewHash(db: Database, user: string, stored: string, password: string): Promise<void> {
  const hashed = await hashPassword(password, true);
  if (!hashed.ok) return; // at the next sign-in
  await db
    .update(accounts)
    .set({ password: hashed.value })
    .where(and(eq(accounts.userId, user), eq(accounts.providerId, PASSWORD_PROVIDER), eq(accounts.password, stored)));
}

/** Users by id, of one role or in or out of a ban if so asked. */
export function findUsers(
  db: Database,
  { role, banned, search }: Pick<ListUsers, "role" | "banned" | "search">,
  after: string,
  limit: number,
  now: Date,
): Promise<UserRow[]> {
  // A constant, so that SQLite knows the index of banned users for this query's.
  const isBannedNow = sql`(banned = 1 AND ${or(isNull(users.banExpires), gt(users.banExpires, now))})`;
  const filters: (SQL | undefined)[] = [
    gt(users.id, after),
    role === undefined ? undefined : eq(users.role, role),
    banned === undefined ? undefined : banned === "true" ? isBannedNow : sql`NOT ${isBannedNow}`,
    search === undefined ? undefined : beginsWith(search),
  ];
  return db
    .select()
    .from(users)
    .where(and(...filters))
    .orderBy(asc(users.id))
    .limit(limit);
}

/** Users of each kind that a search finds. */
const FOUND = 500;

/** Whose name, address or id begins so. Three searches of an index, each with an end: a short text finds no whole table. */
function beginsWith(text: string): SQL {
  const lower = text.toLowerCase();
  // Whatever begins with a text stands between it and the text with the last of all characters behind it.
  const [end, lowerEnd] = [`${text}\u{10ffff}`, `${lower}\u{10ffff}`];
  return sql`${users.id} IN (
    SELECT id FROM (SELECT id FROM users WHERE id >= ${text} AND id < ${end} ORDER BY id LIMIT ${FOUND})
    UNION ALL SELECT id FROM
      (SELECT id FROM users WHERE email >= ${lower} AND email < ${lowerEnd} ORDER BY email LIMIT ${FOUND})
    UNION ALL SELECT id FROM
      (SELECT id FROM users WHERE lower(name) >= ${lower} AND lower(name) < ${lowerEnd} ORDER BY lower(name) LIMIT ${FOUND}))`;
}

/** @returns the user, or `user_not_found`. */
export async function readUser(db: Database, id: string): Promise<Result<UserRow>> {
  const [user] = await db.select().from(users).where(eq(users.id, id)).limit(1);
  return user === undefined ? refuse("user_not_found") : ok(user);
}

/** Whether `actor` may change the role and the ban of the user `id`. @returns `forbidden` if not. */
export function mayAdminister(actor: Actor, id: string): Result<null> {
  if (actor.role !== "admin") return refuse("forbidden", { detail: "Only an admin changes roles and bans." });
  // So that the last admin cannot lock everybody out by accident.
  if (actor.id === id) return refuse("forbidden", { detail: "Nobody changes their own role or ban." });
  return ok(null);
}

/**
 * Applies a change to a user: one UPDATE. What the user holds is the caller's to end, through the object of the user's revocations.
 * @returns the user as changed, `forbidden` or `user_not_found`.
 */
export async function updateUser(
  db: Database,
  actor: Actor,
  id: string,
  change: UpdateUser,
  now: Date,
  requestId: string,
): Promise<Result<UserRow>> {
  if (change.role !== undefined || change.ban !== undefined) {
    const permitted = mayAdminister(actor, id);
    if (!permitted.ok) return permitted;
  }
  return writeUser(db, { id: actor.id, role: actor.role, request_id: requestId }, id, change, now);
}

/**
 * {@link updateUser} of whoever may do it.
 * @param banBefore a ban that counts again when this one is lifted by a directory.
 * @param banByManager the ban is one that managers of the organisation may lift again.
 */
export async function writeUser(
  db: Database,
  by: AdminRef,
  id: string,
  change: UpdateUser,
  now: Date,
  banBefore: string | null = null,
  banByManager = false,
): Promise<Result<UserRow>> {
  const { name, role, ban } = change;
  const update = db
    .update(users)
    .set({
      updatedAt: now,
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      ...(ban === undefined ? {} : { ...banColumns(ban), banBefore, banByManager }),
    })
    .where(eq(users.id, id))
    .returning();
  const audit = auditOf(db, by, id, change, now.getTime());
  // The audit entry comes first: it notes the role there was. One transaction either way. A ban from before there was
  // an account is this ban: changed or lifted with it.
  const outside = ban === undefined ? [] : [db.delete(outsideBans).where(eq(outsideBans.user_id, id))];
  const [first = update, ...rest] = [...audit, ...outside, update];
  // SAFETY: the last statement of the batch is the update, which returns the user's row where there is one.
  const rows = (await db.batch([first, ...rest])).at(-1) as UserRow[] | undefined;
  const user = rows?.[0];
  if (user === undefined) return refuse("user_not_found");
  return ok(user);
}

/** The audit entries of a change; none when there is no such user, or for one's own name. */
function auditOf(
  db: Database,
  { request_id, ...actor }: AdminRef,
  id: string,
  { name, role, ban }: UpdateUser,
  now: number,
): BatchItem<"sqlite">[] {
  const target = { type: "user", id };
  const entries: OwnEntry[] = [];
  if (name !== undefined && actor.id !== id) entries.push({ action: "user.renamed", actor, target, request_id });
  if (role !== undefined)
    entries.push({ action: "user.role_changed", actor, target, request_id, details: { to_role: role } });
  if (ban === null) entries.push({ action: "user.unbanned", actor, target, request_id });
  else if (ban !== undefined) {
    const until = ban.until === undefined ? null : Date.parse(ban.until);
    entries.push({ action: "user.banned", actor, target, request_id, details: { until } });
  }
  return entries.map((entry) => addUserAuditEntry(db, entry, id, now));
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
