import { and, asc, eq, gt, ne, sql } from "drizzle-orm";
import type { Database } from "../platform/database/counted.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { Actor } from "../platform/http/context.ts";
import { decodeCursor, encodeCursor } from "../platform/http/pagination.ts";
import { toInstant } from "../platform/instants.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { sessionStore, type UserRow } from "./library.ts";
import { askStanding, callRevocations, settleRevocations } from "./revocations-stub.ts";
import type { AccessView, SessionView, SignedInView } from "./schemas.ts";
import { serviceKeys, sessions, trustedDevices, verifications } from "./tables.ts";
import { ACCESS_TOKEN_SECONDS, mintAccessToken } from "./tokens.ts";
import { isBanned, viewUser } from "./users.ts";
import { lacksSecondFactor } from "./ways/required.ts";

/** Random bytes of a session token: beyond guessing, so that exchanging one needs no rate limit of its own. */
const SESSION_TOKEN_BYTES = 32;
/** Characters kept of a client's User-Agent, which its owner sees in the list of sessions. */
const MAX_USER_AGENT_LENGTH = 200;
/** How long a key that is over is still listed. */
const KEYS_KEPT_MS = 90 * 86_400_000;
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

/** Where a request comes from, and what it says of itself. */
export interface Caller {
  address: string;
  userAgent: string | undefined;
}

const SUSPENDED = refuse("forbidden", { detail: "This account is suspended." });
const NO_SESSION = refuse("unauthenticated", { detail: "The session has ended. Sign in again." });

/**
 * Opens a session. better-auth writes it, after a look at the ban; the database holds only the
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
  const store = sessionStore(deps.db);
  const session = await store.open(user.id, await sha256Hex(token), userAgent?.slice(0, MAX_USER_AGENT_LENGTH) ?? null);
  return ok({ ...(await access(deps, user, session)), session_token: token });
}

/**
 * Exchanges a session for a new access token. Reads the database, whatever the object of revocations says: a revoked session, a ban and
 * an erased user get none.
 */
export async function renewAccess(deps: Deps, sessionToken: string): Promise<Result<AccessView>> {
  const store = sessionStore(deps.db);
  const session = await store.find(await sha256Hex(sessionToken), deps.now);
  if (session === null) return NO_SESSION;
  // A session that was ended while the database could not be written is over anyway.
  const presented = { session: session.id, role: session.user.role, issued_at: Math.floor(deps.now.getTime() / 1_000) };
  const asked = await askStanding(deps.env, session.user.id, presented);
  if (!asked.ok) return asked;
  const { standing, role } = asked.value;
  if (standing === "ended" || standing === "erased") return NO_SESSION;
  if (standing === "banned" || isBanned(session.user, deps.now)) return SUSPENDED;
  if (await lacksSecondFactor(deps.env, session.user.id, session.user.role)) return NO_SESSION;
  // The account was changed past its object, by hand or by a restore: what D1 says is true, and the object learns it.
  if (role !== session.user.role) await settleRevocations(deps.env, session.user.id, true);
  return ok(await access(deps, session.user, session.id, session.expiresAt));
}

/**
 * Ends the session of a token. Harmless to repeat, and silent about tokens nobody has.
 * @returns whose session ended, or null when there was none.
 */
export async function signOut(deps: Deps, sessionToken: string): Promise<{ user: string; session: string } | null> {
  const store = sessionStore(deps.db);
  const hash = await sha256Hex(sessionToken);
  const session = await store.find(hash, deps.now);
  if (session === null) return null;
  const ended = await endSessions(deps, session.user.id, { only: session.id });
  // Its access tokens could live on, but not be renewed: the row goes in any case.
  if (!ended.ok) await store.close(hash);
  return { user: session.user.id, session: session.id };
}

/**
 * Which of a user's sessions end: one, or all (but the one that asks). `everything`: tokens of no session too, and every
 * stream.
 */
export type Ending = { only: string } | { except: string | null; everything: boolean };

/**
 * Ends sessions, everywhere at once: their access tokens are refused by the object of the user's revocations before the rows go, so a crash
 * between leaves sessions that are over but still listed, and repeating removes them. Their streams end.
 * @returns ids of those that ended, or `unavailable` when nothing was ended.
 */
export async function endSessions(deps: Deps, user: string, ending: Ending): Promise<Result<string[]>> {
  const chosen = and(
    eq(sessions.userId, user),
    "only" in ending ? eq(sessions.id, ending.only) : ne(sessions.id, ending.except ?? ""),
  );
  const before = (await deps.db.select({ id: sessions.id }).from(sessions).where(chosen)).map(({ id }) => id);
  // Who signs out everywhere means also what no session of ours stands behind: another provider's tokens.
  const everything = "everything" in ending && ending.everything;
  if (before.length === 0 && !everything) return ok([]);
  const kept = "except" in ending ? ending.except : null;
  const closed = await callRevocations(deps.env, user, (stub) => stub.end(before, everything, kept));
  if (!closed.ok) return closed;
  const removed = await deps.db.delete(sessions).where(chosen).returning({ id: sessions.id });
  // Opened between the two statements: it has no row any more, so its tokens must not live either.
  const late = removed.map(({ id }) => id).filter((id) => !before.includes(id));
  if (late.length > 0) await callRevocations(deps.env, user, (stub) => stub.end(late));
  await settleRevocations(deps.env, user);
  return ok([...before, ...late]);
}

/** An access token, which ends with its session at the latest. */
async function access(deps: Deps, user: UserRow, session: string, sessionEnds?: Date): Promise<AccessView> {
  const now = Math.floor(deps.now.getTime() / 1_000);
  const left = sessionEnds === undefined ? ACCESS_TOKEN_SECONDS : Math.floor(sessionEnds.getTime() / 1_000) - now;
  const lifetimeSeconds = Math.max(Math.min(left, ACCESS_TOKEN_SECONDS), 1);
  return {
    access_token: await mintAccessToken(deps.secret, { sub: user.id, role: user.role, session, lifetimeSeconds }, now),
    token_type: "Bearer",
    expires_in: lifetimeSeconds,
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
 * Nightly: removes sessions and one-time values that have expired, in batches, and keys that are long over.
 * @returns rows removed per table.
 */
export async function pruneIdentity(
  db: Database,
  now: Date,
): Promise<{ sessions: number; verifications: number; trusted_devices: number; keys: number }> {
  const removed = { sessions: 0, verifications: 0, trusted_devices: 0, keys: 0 };
  // There are few keys, and who looks for one that failed wants to find why.
  const before = now.getTime() - KEYS_KEPT_MS;
  const keys = await db.run(sql`DELETE FROM ${serviceKeys} WHERE expires_at <= ${before} OR revoked_at <= ${before}`);
  removed.keys = keys.meta.changes;
  for (const [name, table] of [
    ["sessions", sessions],
    ["verifications", verifications],
    ["trusted_devices", trustedDevices],
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
