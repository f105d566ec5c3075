import { z } from "zod";
import { accountsByMail, loadOutside } from "../../identity/index.ts";
import type { Database } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import { brokenRules, jsonPath } from "../../platform/http/field-errors.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { SET_DUE } from "../groups/statements.ts";
import { addressOf, nameOf, spelledValue, type UserDoc, userDocSchema } from "./attributes.ts";
import { scimFault } from "./filter.ts";
import {
  addScimUser,
  changeScimUser,
  dropScimMember,
  dropScimUser,
  scimUser,
  scimUserByName,
  setAddress,
} from "./statements.ts";
import type { ScimUserRow } from "./tables.ts";

type Outside = Awaited<ReturnType<typeof loadOutside>>;
type Deps = ReturnType<Outside["depsOf"]>;
type UserRow = NonNullable<Awaited<ReturnType<Outside["findLinked"]>>>;

/** Who asks, and what is needed to carry it out. */
export interface Asking {
  deps: Deps;
  db: Database;
  by: { id: string; role: string; request_id: string };
}

const NOT_FOUND = refuse("user_not_found", { detail: "The directory has sent no such person." });
const ADMIN = refuse("forbidden", { detail: "This is an administrator's account. No directory changes or closes it." });
const taken = (detail: string) => refuse("user_exists", { detail });

/** What a directory says of somebody. @returns `invalid_input` with the rule `invalidValue`, and which attribute. */
export function readDoc(body: unknown): Result<UserDoc> {
  const read = userDocSchema.safeParse(spelledValue(body));
  if (read.success) return ok(read.data);
  const [first] = brokenRules(read.error);
  return scimFault("invalidValue", first?.message ?? "The person is not described well.", jsonPath(first?.path ?? []));
}

export function docOf(row: ScimUserRow): UserDoc {
  return userDocSchema.parse(JSON.parse(row.doc));
}

export async function findScimUser(env: Env, id: string): Promise<Result<ScimUserRow>> {
  const row = await scimUser(directory(env), id).first<ScimUserRow>();
  return row === null ? NOT_FOUND : ok(row);
}

/**
 * Takes somebody whom the directory sends for the first time. Whoever has an account of the address gets no second one:
 * the directory then speaks of this account, if its owner has confirmed the address.
 *
 * @returns the person; `user_exists` where the name or the address is somebody else's.
 */
export async function createScimUser(on: Asking, body: unknown): Promise<Result<ScimUserRow>> {
  const { env, now } = on.deps;
  const db = directory(env);
  const read = readDoc(body);
  if (!read.ok) return read;
  const doc = read.value;
  const email = addressOf(doc);
  if (email === null) return scimFault("invalidValue", "An e-mail address is needed.", "emails");
  const user_name = doc.userName.toLowerCase();
  if ((await scimUserByName(db, user_name).first()) !== null) return taken("The userName is taken.");
  const account = await accountOf(on, email, doc);
  if (!account.ok) return account;
  const user = account.value;
  const standing = await setActive(on, user, doc.active);
  if (!standing.ok) return standing;
  const active = doc.active ? 1 : 0;
  const text = JSON.stringify(doc);
  const at = now.getTime();
  const added = await addScimUser(db, user.id, user_name, doc.externalId ?? null, active, text, at).run();
  if (added.meta.changes === 0) return taken("The directory has sent this person already.");
  return findScimUser(env, user.id);
}

async function accountOf(on: Asking, email: string, doc: UserDoc): Promise<Result<UserRow>> {
  const { createUser, readUser } = await loadOutside();
  const owner = (await accountsByMail(on.db, [email])).get(email);
  if (owner === undefined) {
    const person = { email, name: nameOf(doc), role: "learner" } as const;
    return createUser(on.db, person, on.deps.now, on.by, { isVerified: true, link: null });
  }
  if (!owner.isVerified) return taken("The account of this address has not confirmed it.");
  const user = await readUser(on.db, owner.id);
  if (!user.ok) return user;
  return user.value.role === "admin" ? taken("The address is that of an administrator's account.") : user;
}

async function setActive(on: Asking, user: UserRow, isActive: boolean): Promise<Result<UserRow>> {
  const { closeAccount, openAccount } = await loadOutside();
  return isActive ? openAccount(on.deps, user, on.by) : closeAccount(on.deps, user, on.by);
}

/**
 * Changes somebody as the directory says. The same again changes nothing, and writes nothing.
 * @returns the person as changed; `user_exists`; `forbidden` for an administrator; `concurrent_change`.
 */
export async function changeScimPerson(on: Asking, row: ScimUserRow, body: unknown): Promise<Result<ScimUserRow>> {
  const { env, now } = on.deps;
  const read = readDoc(body);
  if (!read.ok) return read;
  const doc = read.value;
  const before = docOf(row);
  if (JSON.stringify(doc) === JSON.stringify(before)) return ok(row);
  const email = addressOf(doc);
  if (email === null) return scimFault("invalidValue", "An e-mail address is needed.", "emails");
  const { readUser, writeUser } = await loadOutside();
  const user = await readUser(on.db, row.user_id);
  if (!user.ok) return NOT_FOUND;
  if (user.value.role === "admin") return ADMIN;
  const db = directory(env);
  const at = now.getTime();
  const active = doc.active ? 1 : 0;
  // First the account: who is written down as closed is closed.
  if (doc.active !== before.active) {
    const standing = await setActive(on, user.value, doc.active);
    if (!standing.ok) return standing;
  }
  const name = nameOf(doc);
  if (name !== nameOf(before)) {
    const renamed = await writeUser(on.db, on.by, row.user_id, { name }, now);
    if (!renamed.ok) return renamed;
  }
  const change = changeScimUser(
    db,
    row.user_id,
    row.version,
    doc.userName.toLowerCase(),
    doc.externalId ?? null,
    active,
    JSON.stringify(doc),
    at,
  );
  const address = email === addressOf(before) ? [] : [setAddress(db, row.user_id, email, at)];
  try {
    const [changed] = await db.batch([change, ...address]);
    if ((changed?.meta.changes ?? 0) === 0) return refuse("concurrent_change");
  } catch (fault) {
    if (!isTaken(fault)) throw fault;
    return taken("The userName or the address is somebody else's.");
  }
  return findScimUser(env, row.user_id);
}

/** SQLite says which rule was broken in its message, and nowhere else. */
export function isTaken(fault: unknown): boolean {
  return fault instanceof Error && fault.message.includes("UNIQUE constraint failed");
}

/**
 * The directory forgets somebody: their account is closed, their places by groups end. What they did stays, and so does the
 * account: only an administrator, or they themselves, erase it.
 */
export async function dropScimPerson(on: Asking, row: ScimUserRow): Promise<Result<null>> {
  const { readUser } = await loadOutside();
  const db = directory(on.deps.env);
  const user = await readUser(on.db, row.user_id);
  if (user.ok && user.value.role === "admin") return ADMIN;
  if (user.ok) {
    const closed = await setActive(on, user.value, false);
    if (!closed.ok) return closed;
  }
  await db.batch([
    ...SET_DUE.over(db, [row.user_id], "scim", on.deps.now.getTime()),
    dropScimMember(db, row.user_id),
    dropScimUser(db, row.user_id),
  ]);
  return ok(null);
}

export const idSchema = z.string().min(1).max(64);
