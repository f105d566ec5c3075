import { eq, sql } from "drizzle-orm";
import { addAuditEntry } from "../audit/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { sameSecret } from "../platform/same-secret.ts";
import { secretDefect } from "../platform/secrets.ts";
import { BOOTSTRAP_SESSION } from "./bootstrap-session.ts";
import { newId, type UserRow } from "./library.ts";
import { passwordDefect } from "./password-rules.ts";
import { hashPassword } from "./passwords.ts";
import type { Bootstrap } from "./schemas.ts";
import { accounts, users } from "./tables.ts";
import { mintAccessToken } from "./tokens.ts";
import { PASSWORD_PROVIDER } from "./users.ts";

// The first administrator of a new deployment, and the beginning of a restore where nobody can sign in yet. Both need a
// secret of their own, which is valid only while there is no administrator. So nobody ever needs AUTH_SECRET.

const BOOTSTRAP_USER = "bootstrap";
/** How long a restore may take, seconds. */
const RESTORE_TOKEN_SECONDS = 86_400;

const NOT_SET = refuse("not_enabled", {
  detail: "There is no BOOTSTRAP_SECRET. Store one with: wrangler secret put BOOTSTRAP_SECRET",
});
const WRONG = refuse("unauthenticated", { detail: "This is not the bootstrap secret." });
const OVER = refuse("forbidden", {
  detail: "There is an administrator already, so the bootstrap secret no longer works. Delete it, and sign in.",
});

/** Whether this is the deployment's bootstrap secret, and there is no administrator yet. */
async function mayBootstrap(env: Env, db: Database, given: string): Promise<Result<null>> {
  // Optional, so the generated Env lacks it.
  const secret: unknown = Reflect.get(env, "BOOTSTRAP_SECRET");
  if (typeof secret !== "string" || secret === "") return NOT_SET;
  const defect = secretDefect(secret, "BOOTSTRAP_SECRET");
  if (defect !== null) return refuse("unavailable", { detail: `${defect}: it is not accepted.` });
  if (!(await sameSecret(given, secret))) return WRONG;
  const [admin] = await db.select({ id: users.id }).from(users).where(eq(users.role, "admin")).limit(1);
  return admin === undefined ? ok(null) : OVER;
}

/**
 * Makes the first administrator. Of two requests at once, one wins: the row is only written while there is no
 * administrator.
 * @returns the user; `not_enabled`, `unauthenticated`, `forbidden` once there is an administrator, or `user_exists`.
 */
export async function makeFirstAdmin(
  env: Env,
  db: Database,
  input: Bootstrap & { account: NonNullable<Bootstrap["account"]> },
  now: Date,
  requestId: string,
): Promise<Result<UserRow>> {
  const permitted = await mayBootstrap(env, db, input.secret);
  if (!permitted.ok) return permitted;
  const { email, name, password } = input.account;
  const defect = await passwordDefect("account.password", password, input.account);
  if (defect !== null) return refuse("invalid_input", { errors: [defect] });
  const hash = await hashPassword(password);
  if (!hash.ok) return hash;
  const id = newId();
  const [instant, account] = [now.getTime(), newId()];
  const entry = {
    action: "user.created",
    actor: { id: BOOTSTRAP_USER, role: "admin" },
    target: { type: "user", id },
    request_id: requestId,
    details: { to_role: "admin" },
  } as const;
  const taken = await db.select({ id: users.id }).from(users).where(eq(users.email, email)).limit(1);
  if (taken.length > 0) return refuse("user_exists", { detail: "The e-mail address is taken." });
  await db.batch([
    // Every column, in the order of the table.
    db.insert(users).select(sql`
      SELECT ${id}, ${name}, ${email}, 0, NULL, 'admin', 0, NULL, NULL, NULL, ${instant}, ${instant},
        NULL, 0, 0
      WHERE NOT EXISTS (SELECT 1 FROM users WHERE role = 'admin')`),
    db.insert(accounts).select(sql`
      SELECT ${account}, ${id}, ${PASSWORD_PROVIDER}, ${id}, NULL, NULL, NULL, NULL, NULL, NULL, ${hash.value},
        ${instant}, ${instant}
      WHERE EXISTS (SELECT 1 FROM users WHERE id = ${id})`),
    addAuditEntry(db, entry, instant),
  ]);
  const [made] = await db.select().from(users).where(eq(users.id, id)).limit(1);
  return made === undefined ? OVER : ok(made);
}

/** A token for a restore into this deployment, which can change nothing else. */
export async function restoreToken(env: Env, db: Database, given: string, now: Date): Promise<Result<string>> {
  const permitted = await mayBootstrap(env, db, given);
  if (!permitted.ok) return permitted;
  const claims = { sub: BOOTSTRAP_USER, role: "admin", session: BOOTSTRAP_SESSION } as const;
  const token = await mintAccessToken(
    env.AUTH_SECRET,
    { ...claims, lifetimeSeconds: RESTORE_TOKEN_SECONDS },
    Math.floor(now.getTime() / 1_000),
  );
  return ok(token);
}
