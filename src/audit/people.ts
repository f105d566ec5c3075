import { parseEnrollmentId } from "../platform/ids.ts";
import { nodeCrypto } from "../platform/node-crypto.ts";
import { deriveKey } from "../platform/secrets.ts";
import type { NewEntry } from "./entry.ts";

/** Every pseudonym begins with this, and no user id does. */
const MARK = "~";
/** Characters of a pseudonym after the mark: 96 bits, so that no two users share one. */
const LENGTH = 24;
const PSEUDONYM = new RegExp(`${MARK}[0-9a-f]{${LENGTH}}`, "g");

/** Kinds of targets whose id contains a user, and the place of the user in it. */
const USER_IN: Readonly<Record<string, { userOf(id: string): string; join(id: string, user: string): string }>> = {
  user: { userOf: (id) => id, join: (_id, user) => user },
  enrollment: {
    userOf: (id) => parseEnrollmentId(id).user,
    join: (id, user) => `${parseEnrollmentId(id).course}:${user}`,
  },
  translation_session: {
    userOf: (id) => id.slice(0, ownerEnd(id)),
    join: (id, user) => user + id.slice(ownerEnd(id)),
  },
};

/** The end of the owner in `<owner>:<name>`. */
function ownerEnd(session: string): number {
  const colon = session.lastIndexOf(":");
  return colon === -1 ? session.length : colon;
}

/** Gives a user the pseudonym that entries have for them. */
export type NameUser = (user: string) => string;

/**
 * The names of users in the entries of this deployment: a keyed hash, so that nobody without AUTH_SECRET finds a user
 * by guessing ids. An entry can never be changed, so it has no user id; the user behind a pseudonym is stored beside
 * the chain and can be forgotten.
 */
export async function pseudonyms(env: Env): Promise<NameUser> {
  const key = await deriveKey(env.AUTH_SECRET, "audit-person");
  return (user) => `${MARK}${nodeCrypto().createHmac("sha256", key).update(user).digest("hex").slice(0, LENGTH)}`;
}

/** The pseudonyms in a text. */
export function pseudonymsIn(text: string): string[] {
  return text.match(PSEUDONYM) ?? [];
}

/** A text in which every known pseudonym is replaced by its user. */
export function withNames(text: string, users: ReadonlyMap<string, string>): string {
  return text.replaceAll(PSEUDONYM, (pseudonym) => users.get(pseudonym) ?? pseudonym);
}

/**
 * An entry with each of its users under a pseudonym, and the list of these users: the actor, the reporter, and those in
 * the target, the enrollment and the key.
 */
export function pseudonymised(entry: NewEntry, nameUser: NameUser): { entry: NewEntry; users: Map<string, string> } {
  const users = new Map<string, string>();
  const name = (user: string): string => {
    // An admin may copy a pseudonym from an entry about somebody who was erased: it is not a user id.
    if (user.startsWith(MARK)) return user;
    const pseudonym = nameUser(user);
    users.set(pseudonym, user);
    return pseudonym;
  };
  const place = Object.hasOwn(USER_IN, entry.target.type) ? USER_IN[entry.target.type] : undefined;
  const named: NewEntry = {
    ...entry,
    actor: entry.actor.role === "system" ? entry.actor : { ...entry.actor, id: name(entry.actor.id) },
    target:
      place === undefined
        ? entry.target
        : { ...entry.target, id: place.join(entry.target.id, name(place.userOf(entry.target.id))) },
    enrollment: entry.enrollment === null ? null : renamed(entry.enrollment, name),
    reported_by: entry.reported_by === null ? null : name(entry.reported_by),
  };
  return { entry: { ...named, key: withoutUsers(entry.key, users) }, users };
}

function renamed(enrollment: string, name: (user: string) => string): string {
  const { course, user } = parseEnrollmentId(enrollment);
  return `${course}:${name(user)}`;
}

/** Longer ids come first, so that no id is replaced inside a longer one. */
function withoutUsers(key: string, users: ReadonlyMap<string, string>): string {
  let text = key;
  for (const [pseudonym, user] of [...users].sort(([, a], [, b]) => b.length - a.length)) {
    if (user === "") continue;
    const whole = new RegExp(`(?<![A-Za-z0-9_~-])${RegExp.escape(user)}(?![A-Za-z0-9_-])`, "g");
    text = text.replaceAll(whole, pseudonym);
  }
  return text;
}
