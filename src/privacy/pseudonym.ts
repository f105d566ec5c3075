import { subjectOf } from "../identity/index.ts";

/** Characters of the subject in a pseudonym: enough that no two are the same. */
const PSEUDONYM_LENGTH = 24;

/** The name of an erased user in data that stays because it is not theirs alone. */
export async function pseudonymOf(user: string): Promise<string> {
  return `erased-${(await subjectOf(user)).slice(0, PSEUDONYM_LENGTH)}`;
}
