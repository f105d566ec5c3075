import type { MiddlewareHandler } from "hono";
import { decodeJwt } from "jose";
import type { AppEnv } from "../platform/http/context.ts";
import { ok, type Refusal, type Result, refuse } from "../platform/results.ts";
import { type AcceptedSecrets, acceptedSecrets, secretDefect, withAnySecret } from "../platform/secrets.ts";
import { BOOTSTRAP_SESSION, isOfRestore } from "./bootstrap-session.ts";
import { verifyListedToken } from "./issuers.ts";
import { KEY_PREFIX } from "./keys/format.ts";
import { KeyCheck } from "./keys/key-check.ts";
import { configuredProvider, verifyProviderToken } from "./providers.ts";
import { type Sensitivity, SessionCheck } from "./session-check.ts";
import type { Presented } from "./standing.ts";
import { TokenCache } from "./token-cache.ts";
import {
  epochSeconds,
  MAX_TOKEN_LENGTH,
  TOKEN_EXPIRED,
  TOKEN_INVALID,
  TOKEN_ISSUER,
  type VerifiedToken,
  verifyAccessToken,
} from "./tokens.ts";

/** `Bearer` and a token of the characters RFC 6750 section 2.1 allows; the scheme's case does not matter. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** Ids of the users of a rehearsal begin so. */
const REHEARSING = "validation-";
/** By this and its id a key stands in logs, facts and the audit chain. No user may be called so. */
const KEY_ACTOR = "key_";

/** Reads that show or lead to sessions and accounts: an ended session must not see them for another minute. */
const SENSITIVE_PATH = /^\/api\/v1\/(auth|users|erasures|keys)(\/|$)/;

/**
 * What a learner writes to an object that knows by itself how the token stands (enrollment/lease.ts). Their handler,
 * `mark` in enrollment/routes-writes.ts, has it checked where the object does not know.
 */
const CHECKED_BY_OBJECT = /^\/api\/v1\/(courses\/[^/]+\/chapters|problems)\/[^/]+\/mark_as_completed\/?$/;

/**
 * Middleware that finds out who is asking, from `Authorization: Bearer` alone: no database is read; whether the token
 * still counts, and in which role, is known from memory or from the object of the user's revocations, see {@link SessionCheck}. Sets `actor`, or `tokenRefusal`
 * when a token came along that is not accepted. It never answers itself: whether an anonymous caller may pass is the
 * route's policy.
 */
export function authentication(): MiddlewareHandler<AppEnv> {
  const cache = new TokenCache();
  const sessions = new SessionCheck();
  const keys = new KeyCheck();
  return async (c, next) => {
    const header = c.req.header("authorization");
    const key = header === undefined ? null : keyIn(header);
    if (key !== null) {
      const opened = await keys.check(c.env, key, sensitivityOf(c.req.method, c.req.path), Date.now());
      if (opened.ok) {
        c.set("actor", { id: KEY_ACTOR + opened.value.id, role: "service", session: null });
        c.set("key", opened.value);
      } else {
        c.set("tokenRefusal", opened.refusal);
      }
    } else if (header !== undefined) {
      const verified = await verifyHeader(c.env, header, cache);
      if (!verified.ok) c.set("tokenRefusal", verified.refusal);
      else {
        const { sub: user, session, role, issuedAt: issued_at } = verified.value;
        const token = { session, role, issued_at };
        const check = async (): Promise<Refusal | null> => {
          const sensitivity = sensitivityOf(c.req.method, c.req.path);
          const trusted = await sessions.check(c.env, { user, ...token }, sensitivity, Date.now());
          if (!trusted.ok) return trusted.refusal;
          if (trusted.value === "service" && !isLocal(c.env)) return SERVICES_SHOW_KEYS.refusal;
          if (session === BOOTSTRAP_SESSION && !isOfRestore(c.req.method, c.req.path)) return ONLY_RESTORES.refusal;
          c.set("actor", { id: user, role: trusted.value, session });
          return null;
        };
        if (isCheckedByObject(c.req.method, c.req.path, token)) {
          c.set("actor", { id: user, role, session });
          c.set("unchecked", { token, check });
        } else {
          const refusal = await check();
          if (refusal !== null) c.set("tokenRefusal", refusal);
        }
      }
    }
    await next();
  };
}

/**
 * The service's key in a header, whatever it is worth; null for a token. Clients of record stores show it as the password of
 * RFC 7617, with the id of the key, or anything, for the user.
 */
function keyIn(header: string): string | null {
  const shown = BEARER.exec(header)?.[1] ?? passwordIn(header);
  return shown?.startsWith(KEY_PREFIX) === true ? shown : null;
}

function passwordIn(header: string): string | undefined {
  try {
    return /:(\w+)$/.exec(atob(/^basic +(\S{1,500})$/i.exec(header)?.[1] ?? ""))?.[1];
  } catch {
    return undefined; // no base64
  }
}

/**
 * Whether this is somebody's own machine. Elsewhere a person comes with a session and a service with a key, both of which
 * can be ended one by one: what somebody signed with the secret by hand counts for nothing.
 */
function isLocal(env: Env): boolean {
  return env.ENVIRONMENT === "local";
}

const LOCAL_ONLY = refuse("unauthenticated", {
  detail: "A token of the command line is valid on a local installation only. Sign in, or use a key.",
});
const ONLY_RESTORES = refuse("forbidden", { detail: "This token is only for restoring a backup and reading." });
const SERVICES_SHOW_KEYS = refuse("forbidden", {
  detail: "A token with the role `service` is not accepted here. A service needs a key; an admin creates it.",
});

function isCheckedByObject(method: string, path: string, { session, role }: Presented): boolean {
  return method === "POST" && role === "learner" && session !== BOOTSTRAP_SESSION && CHECKED_BY_OBJECT.test(path);
}

function sensitivityOf(method: string, path: string): Sensitivity {
  return (method === "GET" || method === "HEAD") && !SENSITIVE_PATH.test(path) ? "read" : "write";
}

async function verifyHeader(env: Env, header: string, cache: TokenCache): Promise<Result<VerifiedToken>> {
  const token = BEARER.exec(header)?.[1];
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) return TOKEN_INVALID;
  const now = epochSeconds();
  const secrets = acceptedSecrets(env);
  const known = cache.get(secrets, token, now);
  if (known !== null) return ok(known);
  const verified = await verifyByIssuer(env, secrets, token, now);
  if (verified.ok) cache.set(secrets, token, verified.value, now);
  return verified;
}

/** The issuer a token claims decides which verifier judges it; that verifier then demands this very issuer. */
async function verifyByIssuer(
  env: Env,
  secrets: AcceptedSecrets,
  token: string,
  now: number,
): Promise<Result<VerifiedToken>> {
  const issuer = claimedIssuer(token);
  if (issuer === TOKEN_ISSUER) {
    const own = await withAnySecret(
      secrets,
      (secret) => verifyAccessToken(secret, token, now),
      // An expired token was genuine: the other secret has nothing to add.
      (answer) => answer.ok || answer === TOKEN_EXPIRED,
    );
    const rehearsal = own.ok ? null : await verifyRehearsal(env, token, now);
    if (rehearsal !== null) return rehearsal;
    return own.ok && own.value.session === null && !isLocal(env) ? LOCAL_ONLY : own;
  }
  const provider = configuredProvider(env);
  if (provider !== null && issuer === provider.AUTH_ISSUER) return verifyProviderToken(provider, token, now);
  return verifyListedToken(env, issuer, token, now);
}

/**
 * Tokens of a rehearsal (npm run validate): outside of production a secret of their own may sign them, for users whose
 * ids begin with `validation-`, so that nobody rehearses with the secret everything hangs on.
 * @returns null where there is no such secret, or it did not sign the token.
 */
async function verifyRehearsal(env: Env, token: string, now: number): Promise<Result<VerifiedToken> | null> {
  const secret: unknown = Reflect.get(env, "VALIDATION_SECRET");
  if (env.ENVIRONMENT !== "staging" || typeof secret !== "string" || secretDefect(secret) !== null) return null;
  const verified = await verifyAccessToken(secret, token, now);
  return verified.ok && verified.value.sub.startsWith(REHEARSING) ? verified : null;
}

function claimedIssuer(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null; // not a JWT at all: no verifier will take it
  }
}
