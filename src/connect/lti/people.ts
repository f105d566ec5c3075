import { directory } from "../../platform/database/shards.ts";
import { isPlainName } from "../../platform/text.ts";
import { ADD_ACCOUNTS, ADD_PEOPLE, addAccount, addPerson, PEOPLE_BY_SUBJECT, personOf } from "./statements/people.ts";

const MAX_NAME = 100;
const NAMELESS = "Learner";

/** A name as accounts have it: what a platform sends may hold anything. */
function plainName(name: string | null): string {
  const trimmed = [...(name ?? "").trim()].filter(isPlainName).join("").slice(0, MAX_NAME).trim();
  return trimmed === "" ? NAMELESS : trimmed;
}

/**
 * Who somebody of a platform is here. An account is made for whoever is new: one for each subject of each platform, never
 * one that somebody has already. What a platform says of e-mail addresses opens no account: whoever runs one could say any.
 * The account's own address leads nowhere (RFC 2606), so that no link is mailed for it either.
 * @returns the user id; null while the account is being erased.
 */
export async function accountFor(
  env: Env,
  platform: string,
  subject: string,
  name: string | null,
  now: number,
): Promise<string | null> {
  const db = directory(env);
  const known = await personOf(db, platform, subject).first<{ user_id: string }>();
  if (known !== null) return known.user_id;
  const user = `lti-${crypto.randomUUID().replaceAll("-", "")}`;
  await db.batch([
    addPerson(db, platform, subject, user, now),
    addAccount(db, platform, subject, user, plainName(name), `${user}@lti.invalid`, now),
  ]);
  return (await personOf(db, platform, subject).first<{ user_id: string }>())?.user_id ?? null;
}

/** The same for many, in three statements. @returns user ids by subject; who is being erased is not among them. */
export async function accountsFor(
  env: Env,
  platform: string,
  people: readonly { subject: string; name: string | null }[],
  now: number,
): Promise<Map<string, string>> {
  if (people.length === 0) return new Map();
  const db = directory(env);
  const rows = people.map(({ subject, name }) => ({
    subject,
    user: `lti-${crypto.randomUUID().replaceAll("-", "")}`,
    name: plainName(name),
  }));
  await db.batch([...ADD_PEOPLE.over(db, rows, platform, now), ...ADD_ACCOUNTS.over(db, rows, platform, now)]);
  const subjects = people.map(({ subject }) => subject);
  const found = await PEOPLE_BY_SUBJECT.find<{ subject: string; user_id: string }>(db, subjects, platform);
  return new Map(found.map(({ subject, user_id }) => [subject, user_id]));
}
