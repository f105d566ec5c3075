// The session of a restore, for the check of tokens in every request; bootstrap.ts gives it out.

/** Session of the token of a restore: there is no row for it, and no other user has it. */
export const BOOTSTRAP_SESSION = "bootstrap";

const BACKUPS_PATH = /^\/api\/v1\/system\/backups(\/|$)/;
const ACCOUNTS_PATH = /^\/api\/v1\/(auth|users|keys|erasures)(\/|$)/;

/** The rights of a restore's token: to work on backups, and to read the restored data. */
export function isOfRestore(method: string, path: string): boolean {
  return BACKUPS_PATH.test(path) || (method === "GET" && !ACCOUNTS_PATH.test(path));
}
