import { parseEnrollmentId } from "../platform/ids.ts";
import { nodeCrypto } from "../platform/node-crypto.ts";
import { deriveKey } from "../platform/secrets.ts";
import type { NewEntry } from "./entry.ts";

/** What a pseudonym begins with, and no user id does. */
const MARK = "~";
/** Characters of a pseudonym after the mark: 96 bits, so that no two users share one. */
const LENGTH = 24;
const PSEUDONYM = new RegExp(`${MARK}[0-9a-f]{${LENGTH}}`, "g");

/** Kinds of targets whose id names a user, and where it does. */
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

/** Where the owner ends in `<owner>:<name>`. */
function ownerEnd(session: string): number {
  const colon = session.lastIndexOf(":");
  return colon === -1 ? session.length : colon;
}

/** Gives a user the pseudonym under which entries know them. */
export type NameUser = (user: string) => string;

/**
 * How this deployment names users in entries: a keyed hash, which nobody without AUTH_SECRET finds by guessing ids. An
 * entry can never be changed, so it holds no user id; who a pseudonym is, is kept beside the chain and can be forgotten.
 */
export async function pseudonyms(env: Env): Promise<NameUser> {
  const key = await deriveKey(env.AUTH_SECRET, "audit-person");
  return (user) => `${MARK}${nodeCrypto().createHmac("sha256", key).update(user).digest("hex").slice(0, LENGTH)}`;
}

/** The pseudonyms in a text. */
export function pseudonymsIn(text: string): string[] {
  return text.match(PSEUDONYM) ?? [];
}

/** A text with every pseudonym that is known replaced by whom it stands for. */
export function withNames(text: string, users: ReadonlyMap<string, string>): string {
  return text.replaceAll(PSEUDONYM, (pseudonym) => users.get(pseudonym) ?? pseudonym);
}

/**
 * An entry with each user it names under their pseudonym, and who they are: the actor, the reporter, and those that the
 * target, the enrollment and the key name.
 */
export function pseudonymised(entry: NewEntry, nameUser: NameUser): { entry: NewEntry; users: Map<string, string> } {
  const users = new Map<string, string>();
  const name = (user: string): string => {
    // What an admin copies from an entry about somebody who was erased is no user id.
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

/** Longer ids first, so that none is taken for a part of another. */
function withoutUsers(key: string, users: ReadonlyMap<string, string>): string {
  let text = key;
  for (const [pseudonym, user] of [...users].sort(([, a], [, b]) => b.length - a.length)) {
    if (user === "") continue;
    const whole = new RegExp(`(?<![A-Za-z0-9_~-])${RegExp.escape(user)}(?![A-Za-z0-9_-])`, "g");
    text = text.replaceAll(whole, pseudonym);
  }
  return text;
}
