// The session of a restore, as every request's check of tokens knows it; bootstrap.ts gives it out.

/** Session of the token a restore works with: no session row, and no other user, has it. */
export const BOOTSTRAP_SESSION = "bootstrap";

const BACKUPS_PATH = /^\/api\/v1\/system\/backups(\/|$)/;
const ACCOUNTS_PATH = /^\/api\/v1\/(auth|users|keys|erasures)(\/|$)/;

/** What the token of a restore may do: work on backups, and look at what was restored. */
export function isOfRestore(method: string, path: string): boolean {
  return BACKUPS_PATH.test(path) || (method === "GET" && !ACCOUNTS_PATH.test(path));
}
