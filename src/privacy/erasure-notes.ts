import { create, listed, pad } from "../platform/backup-bucket.ts";

// Erased people are noted in the bucket of backups, by hash: a database that is lost or set back does not know them any
// more.

const ERASED = "erased/";
const ERASED_IN_ORDER = "erased-in-order/";
/** Stands in the place of a hash: a whole list. */
const LIST = "list-";

/**
 * Notes that a user was erased, by the hash of the id, so that a restore does not bring them back. There are two notes:
 * one in a set, and one in the order of erasures, so that a database that was set back finds what it has forgotten.
 * @param at the instant of the note, epoch ms.
 */
export async function noteErasure(env: Env, subject: string, at: number): Promise<void> {
  if (await create(env, `${ERASED}${subject}`, "")) await create(env, `${ERASED_IN_ORDER}${pad(at)}-${subject}`, "");
}

/** Stores a list of erasures that was brought from elsewhere; it counts as if it was noted here. */
export async function keepErasures(env: Env, text: string, at: number): Promise<void> {
  await env.BACKUPS.put(`${ERASED_IN_ORDER}${pad(at)}-${LIST}${crypto.randomUUID()}`, text);
}

/** A page of notes after a key: hashes, and lists that were brought. */
export async function erasuresAfter(
  env: Env,
  key: string,
): Promise<{ subjects: string[]; lists: string[]; last: string | null; more: boolean }> {
  const page = await env.BACKUPS.list({ prefix: ERASED_IN_ORDER, ...(key === "" ? {} : { startAfter: key }) });
  const names = page.objects.map((object) => object.key.slice(ERASED_IN_ORDER.length).replace(/^\d+-/, ""));
  const lists: string[] = [];
  for (const [index, { key: place }] of page.objects.entries()) {
    if (names[index]?.startsWith(LIST) !== true) continue;
    const stored = await env.BACKUPS.get(place);
    if (stored !== null) lists.push(await stored.text());
  }
  const subjects = names.filter((name) => !name.startsWith(LIST));
  return { subjects, lists, last: page.objects.at(-1)?.key ?? null, more: page.truncated };
}

/** Hashes of all users ever erased here. */
export async function erasedSubjects(env: Env): Promise<Set<string>> {
  const subjects = new Set<string>();
  for await (const { key } of listed(env, ERASED)) subjects.add(key.slice(ERASED.length));
  return subjects;
}
