import type { MiddlewareHandler } from "hono";
import { decodeJwt } from "jose";
import type { AppEnv } from "../shared/http.ts";
import { ok, type Result } from "../shared/results.ts";
import { type AcceptedSecrets, acceptedSecrets, withAnySecret } from "../shared/secrets.ts";
import { configuredProvider, verifyProviderToken } from "./providers.ts";
import { type Sensitivity, SessionCheck } from "./session-check.ts";
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

/** Reads that show or lead to sessions and accounts: an ended session must not see them for another minute. */
const SENSITIVE_PATH = /^\/api\/v1\/(auth|users|erasures)(\/|$)/;

/**
 * Middleware that finds out who is asking, from `Authorization: Bearer` alone: no database is read; whether the session
 * still lives is known from memory or from the user's gate, see {@link SessionCheck}. Sets `actor`, or `tokenRefusal`
 * when a token came along that is not accepted. It never answers itself: whether an anonymous caller may pass is the
 * route's policy.
 */
export function authentication(): MiddlewareHandler<AppEnv> {
  const cache = new TokenCache();
  const sessions = new SessionCheck();
  return async (c, next) => {
    const header = c.req.header("authorization");
    if (header !== undefined) {
      const verified = await verifyHeader(c.env, header, cache);
      const trusted = verified.ok
        ? await sessions.check(
            c.env,
            { user: verified.value.sub, session: verified.value.session },
            sensitivityOf(c.req.method, c.req.path),
            Date.now(),
          )
        : verified;
      if (verified.ok && trusted.ok) {
        const { sub, role, session } = verified.value;
        c.set("actor", { id: sub, role, session });
      } else if (!trusted.ok) {
        c.set("tokenRefusal", trusted.refusal);
      }
    }
    await next();
  };
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
    return withAnySecret(
      secrets,
      (secret) => verifyAccessToken(secret, token, now),
      // An expired token was genuine: the other secret has nothing to add.
      (answer) => answer.ok || answer === TOKEN_EXPIRED,
    );
  }
  const provider = configuredProvider(env);
  if (provider === null || issuer !== provider.AUTH_ISSUER) return TOKEN_INVALID;
  return verifyProviderToken(provider, token, now);
}

function claimedIssuer(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null; // not a JWT at all: no verifier will take it
  }
}
