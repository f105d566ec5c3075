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

/** The beginning of the ids of users of a validation. */
const REHEARSING = "validation-";
/** Logs, facts and the audit chain name a key by this and its id. No user id may begin like this. */
const KEY_ACTOR = "key_";

/**
 * Reads that show sessions and accounts, or lead to them: an ended session must lose them at once, not after a minute.
 */
const SENSITIVE_PATH = /^\/api\/v1\/(auth|users|erasures|keys)(\/|$)/;

/**
 * Writes of a learner to an object that knows by itself whether the token is valid (enrollment/lease.ts). If the object
 * does not know, their handler (`mark` in enrollment/routes-writes.ts) has the token checked.
 */
const CHECKED_BY_OBJECT = /^\/api\/v1\/(courses\/[^/]+\/chapters|problems)\/[^/]+\/mark_as_completed\/?$/;

/**
 * Middleware that finds the caller from `Authorization: Bearer` alone. It reads no database: memory, or the object of
 * the user's revocations, says whether the token is still valid, and in which role (see {@link SessionCheck}). Sets
 * `actor`, or `tokenRefusal` for a token that is not accepted. It never answers itself: the policy of the route decides
 * whether a caller without a token may pass.
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
 * The service key in a header, valid or not; null for a token. Clients of record stores send it as the password of RFC
 * 7617, with the id of the key, or anything, as the user.
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
 * Whether this is somebody's own machine. Elsewhere people need a session and services a key, both of which can be
 * ended one by one; a token that somebody signed by hand with the secret is refused.
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

/** The issuer in a token decides which verifier checks it, and that verifier accepts only this issuer. */
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
      // An expired token was signed correctly: the other secret need not be tried.
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
 * Tokens of a validation (npm run validate): outside production they may be signed with a secret of their own, for
 * users whose ids begin with `validation-`, so that nobody validates with the most important secret.
 * @returns null if there is no such secret, or it did not sign the token.
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
