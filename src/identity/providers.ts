import { createRemoteJWKSet, customFetch, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { z } from "zod";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { isReservedId } from "./reserved-ids.ts";
import {
  CLOCK_TOLERANCE_SECONDS,
  readClaims,
  refusalOf,
  TOKEN_INVALID,
  TOKEN_ISSUER,
  type VerifiedToken,
} from "./tokens.ts";

/** Signatures accepted from another provider: asymmetric only, so that a public key can never serve as an HMAC key. */
const PROVIDER_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"];
/** Longest wait for the provider's keys, milliseconds. */
const KEYS_TIMEOUT_MS = 3_000;
/** Seconds after which a client may try again while the provider's keys cannot be fetched. */
const KEYS_RETRY_SECONDS = 5;

/** Another identity provider whose tokens are accepted beside the own ones. */
export interface Provider {
  AUTH_JWKS_URL: string;
  AUTH_ISSUER: string;
  AUTH_AUDIENCE: string;
}

const providerSchema = z.object({
  AUTH_JWKS_URL: z.url({ protocol: /^https$/ }),
  AUTH_ISSUER: z.string().min(1).max(500),
  AUTH_AUDIENCE: z.string().min(1).max(500),
});

/**
 * The other provider of this deployment, or null. Its three variables are optional, so the generated Env does not have
 * them.
 * @throws when only some are set or one is invalid: an incomplete configuration must not look like none.
 */
export function configuredProvider(env: Env): Provider | null {
  const given = {
    AUTH_JWKS_URL: Reflect.get(env, "AUTH_JWKS_URL"),
    AUTH_ISSUER: Reflect.get(env, "AUTH_ISSUER"),
    AUTH_AUDIENCE: Reflect.get(env, "AUTH_AUDIENCE"),
  };
  if (Object.values(given).every((value) => value === undefined || value === "")) return null;
  const provider = providerSchema.safeParse(given);
  if (!provider.success) throw new Error("AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE must all be set and valid");
  if (provider.data.AUTH_ISSUER === TOKEN_ISSUER) throw new Error(`AUTH_ISSUER must not be "${TOKEN_ISSUER}"`);
  return provider.data;
}

const keySets = new Map<string, JWTVerifyGetKey>();

/**
 * One key set for each address and isolate. jose fetches it again when a token names an unknown key, at most twice a
 * minute. After a failed fetch there is no other for some seconds: strangers' tokens must not become requests to the
 * provider.
 */
function keySet(url: string): JWTVerifyGetKey {
  let keys = keySets.get(url);
  if (keys === undefined) {
    let closedUntil = 0;
    keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: KEYS_TIMEOUT_MS,
      [customFetch]: async (address, options) => {
        if (Date.now() < closedUntil) throw new Error("the keys could not be fetched a moment ago");
        closedUntil = Date.now() + KEYS_RETRY_SECONDS * 1_000;
        const answer = await fetch(address, options);
        if (answer.ok) closedUntil = 0;
        return answer;
      },
    });
    keySets.set(url, keys);
  }
  return keys;
}

/**
 * Verifies a token of the other provider. The role comes from the claim `role`, the user from `sub`; both must be valid
 * in Latchkey. Its sessions are not ours, so the token has no session.
 * @returns its content; `unauthenticated`; or `unavailable` while the provider's keys cannot be fetched.
 */
export async function verifyProviderToken(
  provider: Provider,
  token: string,
  nowSeconds: number,
): Promise<Result<VerifiedToken>> {
  const verified = await verifySigned(
    provider.AUTH_JWKS_URL,
    token,
    provider.AUTH_ISSUER,
    provider.AUTH_AUDIENCE,
    nowSeconds,
  );
  if (!verified.ok) return verified;
  const claims = readClaims({ ...verified.value, sid: undefined }, nowSeconds);
  return claims.ok && isReservedId(claims.value.sub) ? TOKEN_INVALID : claims;
}

/**
 * Verifies a token that another provider has signed: algorithm, signature, issuer, audience, times.
 * @returns its claims; `unauthenticated`; or `unavailable` while the provider's keys cannot be fetched.
 */
export async function verifySigned(
  keysUrl: string,
  token: string,
  issuer: string,
  audience: string,
  nowSeconds: number,
): Promise<Result<JWTPayload>> {
  try {
    const { payload } = await jwtVerify(token, reportingUnreachable(keySet(keysUrl)), {
      algorithms: PROVIDER_ALGORITHMS,
      issuer,
      audience,
      requiredClaims: ["sub", "exp", "iat"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowSeconds * 1_000),
    });
    return ok(payload);
  } catch (fault) {
    if (!(fault instanceof KeysUnreachable)) return refusalOf(fault);
    logFault("identity_provider_unreachable", fault.cause);
    return refuse("unavailable", {
      detail: "The identity provider's keys cannot be fetched right now.",
      retry_after: KEYS_RETRY_SECONDS,
    });
  }
}

class KeysUnreachable extends Error {}

/** Tells "the keys could not be fetched" from "no key fits this token": jose reports both from the same call. */
function reportingUnreachable(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (fault) {
      if (VERDICTS_ON_TOKEN.some((verdict) => fault instanceof verdict)) throw fault;
      throw new KeysUnreachable("no usable key set", { cause: fault });
    }
  };
}

const VERDICTS_ON_TOKEN = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported];
