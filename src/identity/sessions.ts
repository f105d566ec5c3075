import { and, asc, eq, gt, ne, sql } from "drizzle-orm";
import type { Database } from "../bindings.ts";
import { type Actor, sha256Hex } from "../shared/http.ts";
import { toInstant } from "../shared/instants.ts";
import { decodeCursor, encodeCursor } from "../shared/pagination.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { callGate } from "./gate.ts";
import { sessionStore, type UserRow } from "./library.ts";
import { verifyPassword } from "./passwords.ts";
import type { AccessView, SessionView, SignedInView, SignIn } from "./schemas.ts";
import { sessions, verifications } from "./tables.ts";
import { ACCESS_TOKEN_SECONDS, mintAccessToken } from "./tokens.ts";
import { findCredential, isBanned, viewUser } from "./users.ts";

/** Random bytes of a session token: beyond guessing, so that exchanging one needs no brake of its own. */
const SESSION_TOKEN_BYTES = 32;
/** Characters kept of a client's User-Agent, which its owner sees in the list of sessions. */
const MAX_USER_AGENT_LENGTH = 200;
/** Rows one DELETE removes: far below D1's 30 s limit of a query. */
const PRUNE_BATCH = 5_000;
/** Batches per table and night; what is left expires no further and goes the next night. */
const MAX_PRUNE_BATCHES = 20;

export interface Deps {
  env: Env;
  db: Database;
  secret: string;
  now: Date;
}

const SUSPENDED = refuse("forbidden", { detail: "This account is suspended." });
const NO_SESSION = refuse("unauthenticated", { detail: "The session has ended. Sign in again." });

/**
 * Signs in by password. An unknown address, an account without a password and a wrong password get one answer in the
 * same time; only who knows the password learns of a ban.
 */
export async function signIn(deps: Deps, input: SignIn, userAgent: string | undefined): Promise<Result<SignedInView>> {
  const credential = await findCredential(deps.db, input.email);
  const matches = await verifyPassword(credential?.password ?? null, input.password);
  if (credential === null || !matches) return refuse("invalid_credentials");
  return startSession(deps, credential.user, userAgent);
}

/**
 * Opens a session. better-auth writes it, after the admin plugin has looked at the ban; the database holds only the
 * SHA-256 of the token, so that reading the table or a backup gives nobody a session.
 */
export async function startSession(
  deps: Deps,
  user: UserRow,
  userAgent: string | undefined,
): Promise<Result<SignedInView>> {
  if (isBanned(user, deps.now)) return SUSPENDED;
  const token = crypto
    .getRandomValues(new Uint8Array(SESSION_TOKEN_BYTES))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const store = await sessionStore(deps.db, deps.secret);
  const session = await store.open(user.id, await sha256Hex(token), userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null);
  return ok({ ...(await access(deps, user, session)), session_token: token });
}

/**
 * Exchanges a session for a new access token. This is where a revoked session, a ban, a changed role and a deleted user
 * take effect, because it reads the database.
 */
export async function renewAccess(deps: Deps, sessionToken: string): Promise<Result<AccessView>> {
  const store = await sessionStore(deps.db, deps.secret);
  const session = await store.find(await sha256Hex(sessionToken), deps.now);
  if (session === null) return NO_SESSION;
  // A session that was ended while the database could not be written is over all the same.
  const standing = await callGate(deps.env, session.user.id, (stub) => stub.standing(session.id));
  if (!standing.ok) return standing;
  if (standing.value !== "open") return NO_SESSION;
  if (isBanned(session.user, deps.now)) return SUSPENDED;
  return ok(await access(deps, session.user, session.id));
}

/**
 * Ends the session of a token. Harmless to repeat, and silent about tokens nobody has.
 * @returns whose session ended, or null when there was none.
 */
export async function signOut(deps: Deps, sessionToken: string): Promise<{ user: string; session: string } | null> {
  const store = await sessionStore(deps.db, deps.secret);
  const hash = await sha256Hex(sessionToken);
  const session = await store.find(hash, deps.now);
  if (session === null) return null;
  const ended = await endSessions(deps, session.user.id, { only: session.id });
  // Its access tokens could live on, but not be renewed: the row goes in any case.
  if (!ended.ok) await store.close(hash);
  return { user: session.user.id, session: session.id };
}

/** Which of a user's sessions end: one, or all (but the one that asks). */
export type Ending = { only: string } | { except: string | null };

/**
 * Ends sessions, everywhere at once: their access tokens are refused by the user's gate before the rows go, so a crash
 * between leaves sessions that are over but still listed, and repeating removes them.
 * @returns ids of those that ended, or `unavailable` when nothing was ended.
 */
export async function endSessions(deps: Deps, user: string, ending: Ending): Promise<Result<string[]>> {
  const chosen = and(
    eq(sessions.userId, user),
    "only" in ending ? eq(sessions.id, ending.only) : ne(sessions.id, ending.except ?? ""),
  );
  const before = (await deps.db.select({ id: sessions.id }).from(sessions).where(chosen)).map(({ id }) => id);
  if (before.length === 0) return ok([]);
  const closed = await callGate(deps.env, user, (stub) => stub.end(before));
  if (!closed.ok) return closed;
  const removed = await deps.db.delete(sessions).where(chosen).returning({ id: sessions.id });
  // Opened between the two statements: it has no row any more, so its tokens must not live either.
  const late = removed.map(({ id }) => id).filter((id) => !before.includes(id));
  if (late.length > 0) await callGate(deps.env, user, (stub) => stub.end(late));
  return ok([...before, ...late]);
}

async function access(deps: Deps, user: UserRow, session: string): Promise<AccessView> {
  return {
    access_token: await mintAccessToken(
      deps.secret,
      { sub: user.id, role: user.role, session },
      Math.floor(deps.now.getTime() / 1_000),
    ),
    token_type: "Bearer",
    expires_in: ACCESS_TOKEN_SECONDS,
    user: viewUser(user, deps.now),
  };
}

/** The live sessions of the caller, in the order of their ids. @returns a page, or `invalid_cursor`. */
export async function listSessions(
  deps: Deps,
  actor: Actor,
  page: { limit: number; cursor?: string | undefined },
): Promise<Result<{ results: SessionView[]; next_cursor: string | null }>> {
  const scope = `sessions:${actor.id}`;
  const after = page.cursor === undefined ? ok("") : await decodeCursor(acceptedSecrets(deps.env), scope, page.cursor);
  if (!after.ok) return after;
  const rows = await deps.db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, actor.id), gt(sessions.id, after.value), gt(sessions.expiresAt, deps.now)))
    .orderBy(asc(sessions.id))
    .limit(page.limit + 1);
  const results = rows.slice(0, page.limit);
  const last = results.at(-1);
  return ok({
    results: results.map((row) => ({
      id: row.id,
      created_at: toInstant(row.createdAt.getTime()),
      expires_at: toInstant(row.expiresAt.getTime()),
      user_agent: row.userAgent === "" ? null : row.userAgent,
      current: row.id === actor.session,
    })),
    next_cursor:
      rows.length > page.limit && last !== undefined ? await encodeCursor(deps.secret, scope, last.id) : null,
  });
}

/** Ends one of the caller's sessions. Another user's session is answered like one that does not exist. */
export async function revokeSession(deps: Deps, actor: Actor, id: string): Promise<Result<null>> {
  const ended = await endSessions(deps, actor.id, { only: id });
  if (!ended.ok) return ended;
  return ended.value.length === 0 ? refuse("not_found", { detail: "You have no such session." }) : ok(null);
}

/**
 * Nightly: removes sessions and one-time values that have expired, in batches.
 * @returns rows removed per table.
 */
export async function pruneIdentity(db: Database, now: Date): Promise<{ sessions: number; verifications: number }> {
  const removed = { sessions: 0, verifications: 0 };
  for (const [name, table] of [
    ["sessions", sessions],
    ["verifications", verifications],
  ] as const) {
    for (let batch = 0; batch < MAX_PRUNE_BATCHES; batch += 1) {
      const { meta } = await db.run(sql`
        DELETE FROM ${table} WHERE id IN
          (SELECT id FROM ${table} WHERE expires_at <= ${now.getTime()} LIMIT ${PRUNE_BATCH})`);
      removed[name] += meta.changes;
      if (meta.changes < PRUNE_BATCH) break;
    }
  }
  return removed;
}
