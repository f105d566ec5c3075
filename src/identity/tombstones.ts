import { sha256Hex } from "../shared/http.ts";

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

/** Those of these users that were erased, or are being erased. One statement. */
export async function erasedAmong(db: D1Database, users: readonly string[]): Promise<Set<string>> {
  const bySubject = new Map<string, string>();
  for (const user of users) bySubject.set(await subjectOf(user), user);
  const { results } = await db
    .prepare("SELECT subject FROM tombstones WHERE subject IN (SELECT value FROM json_each(?))")
    .bind(JSON.stringify([...bySubject.keys()]))
    .all<{ subject: string }>();
  return new Set(results.flatMap(({ subject }) => bySubject.get(subject) ?? []));
}
