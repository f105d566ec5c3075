import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { USER_ID } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { ROLES, type Role } from "../platform/roles.ts";
import { signingKey } from "../platform/secrets.ts";

// Access tokens: JWTs that say who is asking and in which role, so that a request needs no database read to know it.
// This module runs in the Worker and in Node alike (scripts and tests mint tokens too).

export const TOKEN_ISSUER = "latchkey";
const TOKEN_AUDIENCE = "latchkey-api";
/** Media type of access tokens (RFC 9068 section 2.1): no other kind of JWT can pass for one. */
const TOKEN_TYPE = "at+jwt";
/** The one algorithm of own tokens. Verification accepts nothing else, whatever a token's header says. */
const TOKEN_ALGORITHM = "HS256";

/** Lifetime of an access token, seconds. What is taken from its user meanwhile is felt much sooner: session-check.ts. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
/** Clocks of the machines that mint and verify may differ by this much, seconds. */
export const CLOCK_TOLERANCE_SECONDS = 5;
/** Longest token looked at, characters: far above any real one, and it bounds the work an attacker can cause. */
export const MAX_TOKEN_LENGTH = 4_096;

export interface AccessTokenClaims {
  /** User id. */
  sub: string;
  role: Role;
  /** Session the token belongs to, or null. */
  session: string | null;
}

/** What a verified token says. */
export interface VerifiedToken extends AccessTokenClaims {
  /** Epoch seconds. */
  issuedAt: number;
  /** Epoch seconds. */
  expiresAt: number;
}

/** The refusals of a token. They say whether the client should renew it; an attacker learns nothing from them. */
export const TOKEN_INVALID = refuse("unauthenticated", { detail: "The bearer token is not valid." });
export const TOKEN_EXPIRED = refuse("unauthenticated", { detail: "The bearer token has expired." });

const instantClaim = z.number().int().nonnegative();
const claimsSchema = z.object({
  sub: z.string().regex(USER_ID),
  role: z.enum(ROLES),
  sid: z.string().min(1).max(64).optional(),
  iat: instantClaim,
  exp: instantClaim,
});

/**
 * Signs an access token.
 * @param lifetimeSeconds counted from `nowSeconds`, default {@link ACCESS_TOKEN_SECONDS}.
 * @throws RangeError when the user id is not one Latchkey accepts: such a token could never be verified.
 */
export async function mintAccessToken(
  secret: string,
  claims: AccessTokenClaims & { lifetimeSeconds?: number },
  nowSeconds: number = epochSeconds(),
): Promise<string> {
  if (!USER_ID.test(claims.sub)) throw new RangeError("the user id has a character or a length that is not allowed");
  return new SignJWT({ role: claims.role, ...(claims.session === null ? {} : { sid: claims.session }) })
    .setProtectedHeader({ alg: TOKEN_ALGORITHM, typ: TOKEN_TYPE })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(TOKEN_AUDIENCE)
    .setSubject(claims.sub)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + (claims.lifetimeSeconds ?? ACCESS_TOKEN_SECONDS))
    .sign(await signingKey(secret, "access-token"));
}

/**
 * Verifies a token of {@link mintAccessToken}: type, algorithm, signature, issuer, audience, times and claims.
 * @returns what it says, or {@link TOKEN_EXPIRED} (only for a token that was genuine) or {@link TOKEN_INVALID}.
 */
export async function verifyAccessToken(
  secret: string,
  token: string,
  nowSeconds: number = epochSeconds(),
): Promise<Result<VerifiedToken>> {
  if (token.length > MAX_TOKEN_LENGTH) return TOKEN_INVALID;
  const key = await signingKey(secret, "access-token");
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [TOKEN_ALGORITHM],
      typ: TOKEN_TYPE,
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      requiredClaims: ["sub", "exp", "iat"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowSeconds * 1_000),
    });
    return readClaims(payload, nowSeconds);
  } catch (fault) {
    return refusalOf(fault);
  }
}

/** Checks the claims of a payload whose signature, issuer, audience and expiry have been verified already. */
export function readClaims(payload: unknown, nowSeconds: number): Result<VerifiedToken> {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success) return TOKEN_INVALID;
  const { sub, role, sid, iat, exp } = claims.data;
  // jose checks `nbf`; a token issued in the future is as little valid yet.
  if (iat > nowSeconds + CLOCK_TOLERANCE_SECONDS) return TOKEN_INVALID;
  return ok({ sub, role, session: sid ?? null, issuedAt: iat, expiresAt: exp });
}

/**
 * The refusal for what jose threw.
 * @throws the fault itself when it is not jose's verdict about the token.
 */
export function refusalOf(fault: unknown): typeof TOKEN_INVALID {
  if (fault instanceof errors.JWTExpired) return TOKEN_EXPIRED;
  if (fault instanceof errors.JOSEError) return TOKEN_INVALID;
  throw fault;
}

/** Now, in whole epoch seconds: the unit of every instant in a JWT. */
export function epochSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}
