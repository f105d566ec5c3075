import { sha256Hex } from "../shared/http.ts";

/** Under which name an erased user is remembered: who does not know the id cannot read it from this. */
export function subjectOf(user: string): Promise<string> {
  return sha256Hex(user);
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
