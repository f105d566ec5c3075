import { z } from "zod";
import { accountsByMail, loadOutside } from "../../identity/index.ts";
import type { Database } from "../../platform/database/counted.ts";
import { directory } from "../../platform/database/shards.ts";
import { brokenRules, jsonPath } from "../../platform/http/field-errors.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { SET_DUE } from "../groups/statements.ts";
import {
  addressOf,
  keptOf,
  nameOf,
  readKept,
  type SaidDoc,
  spelledValue,
  type UserDoc,
  userDocSchema,
} from "./attributes.ts";
import { scimFault } from "./filter.ts";
import {
  addScimUser,
  changeScimUser,
  dropScimMember,
  dropScimUser,
  knownOf,
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
const NO_ADDRESS = scimFault("invalidValue", "An e-mail address is needed.", "emails");
const NAME_TAKEN = taken("The userName is taken.");
const ADDRESS_TAKEN = taken("The userName or the address is somebody else's.");
const SENT_ALREADY = taken("The directory has sent this person already.");
const ADMINS = taken("The address is that of an administrator's account.");
const ANOTHER = taken(
  "The address was another person's of the directory, who had another externalId. An admin lifts the ban of that account if it is the same person, or erases it if not.",
);

/** What a directory says of somebody. @returns `invalid_input` with the rule `invalidValue`, and which attribute. */
export function readDoc(body: unknown): Result<SaidDoc> {
  const read = userDocSchema.safeParse(spelledValue(body));
  if (read.success) return ok(read.data);
  const [first] = brokenRules(read.error);
  return scimFault("invalidValue", first?.message ?? "The person is not described well.", jsonPath(first?.path ?? []));
}

export const docOf = (row: ScimUserRow): UserDoc => readKept(row.doc);

export async function findScimUser(env: Env, id: string): Promise<Result<ScimUserRow>> {
  const row = await scimUser(directory(env), id).first<ScimUserRow>();
  return row === null ? NOT_FOUND : ok(row);
}

/**
 * Takes somebody whom the directory sends. Whoever it has sent before, and taken back, has the same account. Whoever has an
 * account of the address gets no second one: the directory then speaks of this account, if its owner has confirmed the
 * address and was nobody else at the directory.
 *
 * @returns the person; `user_exists` where the name or the address is somebody else's.
 */
export async function createScimUser(on: Asking, said: SaidDoc): Promise<Result<ScimUserRow>> {
  const { env, now } = on.deps;
  const db = directory(env);
  const doc = keptOf(said, true);
  const email = addressOf(doc);
  if (email === null) return NO_ADDRESS;
  const user_name = doc.userName.toLowerCase();
  const look = knownOf(db, user_name, email, GONE, doc.externalId ?? null);
  const { named, known } = knownRow.parse(await look.first());
  if (named === 1) return NAME_TAKEN;
  const account = known === 1 ? await accountOf(on, email, doc) : await newAccount(on, email, doc);
  if (!account.ok) return account;
  const { user, isNew } = account.value;
  if (!isNew || !doc.active) {
    const standing = await setActive(on, user, doc.active);
    if (!standing.ok) return standing;
  }
  const at = now.getTime();
  const active = doc.active ? 1 : 0;
  const add = addScimUser(db, user.id, user_name, doc.externalId ?? null, active, JSON.stringify(doc), at);
  const added = isNew ? await add.first<ScimUserRow>() : await addKnown(on, user, { email, name: nameOf(doc), add });
  return added === null ? SENT_ALREADY : ok(added);
}

/** Somebody who has an account: it gets the name and the address that the directory says. */
async function addKnown(
  on: Asking,
  user: UserRow,
  { email, name, add }: { email: string; name: string; add: D1PreparedStatement },
): Promise<ScimUserRow | null> {
  const { unlink, writeUser } = await loadOutside();
  const db = directory(on.deps.env);
  if (user.name !== name) await writeUser(on.db, on.by, user.id, { name }, on.deps.now);
  try {
    const [added] = await db.batch<ScimUserRow>([add, setAddress(db, user.id, email, on.deps.now.getTime())]);
    await unlink(on.db, user.id, GONE);
    return added?.results[0] ?? null;
  } catch (fault) {
    if (!isTaken(fault)) throw fault;
    return null;
  }
}

/** Under which system somebody is known whom the directory has taken back: by the externalId that they had there. */
const GONE = "scim";

const knownRow = z.object({ named: z.int(), known: z.int() });

/** An account for somebody whom nobody knows. Its address is unique, so that of two requests at once one makes it. */
async function newAccount(on: Asking, email: string, doc: UserDoc): Promise<Result<{ user: UserRow; isNew: boolean }>> {
  const { createUser } = await loadOutside();
  const person = { email, name: nameOf(doc), role: "learner" } as const;
  const made = await createUser(on.db, person, on.deps.now, on.by, { isVerified: true, link: null });
  return made.ok ? ok({ user: made.value, isNew: true }) : made;
}

/** The account of somebody who is known by their address, or was known before. */
async function accountOf(on: Asking, email: string, doc: UserDoc): Promise<Result<{ user: UserRow; isNew: boolean }>> {
  const { findLinked, isClosedByDirectory, linkedSubject, readUser } = await loadOutside();
  const subject = doc.externalId;
  const gone = subject === undefined ? null : await findLinked(on.db, { provider: GONE, subject });
  const owner = (await accountsByMail(on.db, [email])).get(email);
  if (gone !== null) {
    if (owner !== undefined && owner.id !== gone.id) return ADDRESS_TAKEN;
    return gone.role === "admin" ? ADMINS : ok({ user: gone, isNew: false });
  }
  // They have gone since.
  if (owner === undefined) return newAccount(on, email, doc);
  if (!owner.isVerified) return taken("The account of this address has not confirmed it.");
  const user = await readUser(on.db, owner.id);
  if (!user.ok) return user;
  if (user.value.role === "admin") return ADMINS;
  if ((await scimUser(directory(on.deps.env), owner.id).first()) !== null) return SENT_ALREADY;
  const was = subject === undefined ? null : await linkedSubject(on.db, owner.id, GONE);
  if (was !== null && was !== subject && isClosedByDirectory(user.value)) return ANOTHER;
  return ok({ user: user.value, isNew: false });
}

async function setActive(on: Asking, user: UserRow, isActive: boolean): Promise<Result<UserRow>> {
  const { closeAccount, openAccount } = await loadOutside();
  return isActive ? openAccount(on.deps, user, on.by) : closeAccount(on.deps, user, on.by);
}

/**
 * Changes somebody as the directory says. The same again changes nothing, and writes nothing.
 * @returns the person as changed; `user_exists`; `forbidden` for an administrator; `concurrent_change`.
 */
export async function changeScimPerson(on: Asking, row: ScimUserRow, said: SaidDoc): Promise<Result<ScimUserRow>> {
  const { env, now } = on.deps;
  const before = docOf(row);
  const doc = keptOf(said, before.active);
  if (JSON.stringify(doc) === JSON.stringify(before)) return ok(row);
  const email = addressOf(doc);
  if (email === null) return NO_ADDRESS;
  const { readUser, writeUser } = await loadOutside();
  const user = await readUser(on.db, row.user_id);
  if (!user.ok) return NOT_FOUND;
  if (user.value.role === "admin") return ADMIN;
  const db = directory(env);
  const at = now.getTime();
  const isMoved = email !== addressOf(before);
  const user_name = doc.userName.toLowerCase();
  // Whoever is refused is not closed or renamed before that.
  const isNamed = user_name !== row.user_name && (await scimUserByName(db, user_name).first()) !== null;
  if (isNamed) return NAME_TAKEN;
  const owner = isMoved ? (await accountsByMail(on.db, [email])).get(email) : undefined;
  if (owner !== undefined && owner.id !== row.user_id) return ADDRESS_TAKEN;
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
  const [external, active, text] = [doc.externalId ?? null, doc.active ? 1 : 0, JSON.stringify(doc)];
  const change = changeScimUser(db, row.user_id, row.version, user_name, external, active, text, at);
  const address = isMoved ? [setAddress(db, row.user_id, email, at)] : [];
  try {
    const [changed] = await db.batch<ScimUserRow>([change, ...address]);
    const written = changed?.results[0];
    return written === undefined ? refuse("concurrent_change") : ok(written);
  } catch (fault) {
    if (!isTaken(fault)) throw fault;
    return ADDRESS_TAKEN;
  }
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
  const { link, readUser } = await loadOutside();
  const db = directory(on.deps.env);
  const user = await readUser(on.db, row.user_id);
  if (user.ok && user.value.role === "admin") return ADMIN;
  if (user.ok) {
    const closed = await setActive(on, user.value, false);
    if (!closed.ok) return closed;
    // Their address may be another person's one day: whoever they were there is remembered.
    const subject = row.external_id;
    if (subject !== null) await link(on.db, row.user_id, { provider: GONE, subject }, on.deps.now);
  }
  await db.batch([
    ...SET_DUE.over(db, [row.user_id], "scim", on.deps.now.getTime()),
    dropScimMember(db, row.user_id),
    dropScimUser(db, row.user_id),
  ]);
  return ok(null);
}

export const idSchema = z.string().min(1).max(64);
