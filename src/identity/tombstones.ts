import { sha256Hex } from "../platform/hash.ts";
import { ERASED_AMONG } from "./statements.ts";

/** Under which name an erased user is remembered: who does not know the id cannot read it from this. */
export function subjectOf(user: string): Promise<string> {
  return sha256Hex(user);
}

/**
 * SQL that holds unless a user is being erased. Every statement that writes what was read elsewhere has it: it may come
 * when the rows it would have joined are gone already.
 *
 * @param user SQL expression of the user's id; from the code, never from outside.
 */
export function notBeingErased(user: string): string {
  return `NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = ${user})`;
}

/** The same in a shard, which knows of an erasure before anything is removed there (src/privacy/bars.ts). */
export function notErasing(user: string): string {
  return `NOT EXISTS (SELECT 1 FROM erasing WHERE user_id = ${user})`;
}

/** Those of these users that were erased, or are being erased. One round trip. */
export async function erasedAmong(db: D1Database, users: readonly string[]): Promise<Set<string>> {
  const bySubject = new Map<string, string>();
  for (const user of users) bySubject.set(await subjectOf(user), user);
  const found = await ERASED_AMONG.find<{ subject: string }>(db, [...bySubject.keys()]);
  return new Set(found.flatMap(({ subject }) => bySubject.get(subject) ?? []));
}
