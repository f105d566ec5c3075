import { errors, jwtVerify } from "jose";
import { type Launch, launchOf } from "./claims.ts";
import { KeysUnreachable, keysAt } from "./platform-keys.ts";
import type { Platform } from "./tables.ts";

/** Signatures that are accepted: asymmetric ones only, so that a public key can never serve as a secret. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"];
/** Seconds by which the platform's clock may differ from ours. */
const TOLERANCE = 30;
/** Oldest token, seconds: a launch is made for now. */
const MAX_AGE = 300;
/** Longest token, characters. */
export const MAX_TOKEN = 40_000;

/** Why a launch is refused: one word for the log and the operator, and for the page, which says it in a sentence. */
const LAUNCH_FAULTS = [
  "state_invalid",
  "browser_unknown",
  "token_malformed",
  "signature_invalid",
  "algorithm_refused",
  "issuer_wrong",
  "audience_wrong",
  "token_expired",
  "token_too_old",
  "claim_missing",
  "nonce_wrong",
  "used_before",
  "deployment_unknown",
  "keys_unreachable",
  "platform_refused",
  "platform_off",
] as const;
export type LaunchFault = (typeof LAUNCH_FAULTS)[number];

export type Verified = { ok: true; launch: Launch } | { ok: false; fault: LaunchFault; about?: string };

/**
 * Verifies the token of a launch (IMS Security Framework 1.0, section 5.1.3; LTI 1.3 core, section 5.1): signature, issuer,
 * audience, time, claims, nonce and deployment. That it was not used before is the caller's to see.
 * @param isNonce whether a nonce is what was sent to the platform when this launch began.
 */
export async function verifyLaunch(
  env: Env,
  platform: Platform,
  token: string,
  isNonce: (nonce: string) => Promise<boolean>,
  now: number,
): Promise<Verified> {
  let payload: Record<string, unknown>;
  try {
    const verified = await jwtVerify(token, keysAt(env, platform.jwks_url, now), {
      algorithms: ALGORITHMS,
      issuer: platform.issuer,
      audience: platform.client_id,
      requiredClaims: ["iss", "aud", "sub", "exp", "iat", "nonce"],
      clockTolerance: TOLERANCE,
      maxTokenAge: MAX_AGE,
      currentDate: new Date(now),
    });
    payload = verified.payload;
  } catch (fault) {
    return refusalOf(fault);
  }
  const { aud, azp } = payload;
  // Of several audiences the platform names the one the token was made for; and if it names one, it is this tool.
  const isOurs =
    azp === undefined || azp === null ? !Array.isArray(aud) || aud.length === 1 : azp === platform.client_id;
  if (!isOurs) return { ok: false, fault: "audience_wrong", about: "azp" };
  const read = launchOf(payload);
  if ("fault" in read) return { ok: false, fault: "claim_missing", about: read.fault };
  if (!(await isNonce(read.launch.nonce))) return { ok: false, fault: "nonce_wrong" };
  const { deployment } = read.launch;
  if (!platform.settings.deployments.includes(deployment)) {
    return { ok: false, fault: "deployment_unknown", about: deployment };
  }
  return { ok: true, launch: read.launch };
}

/** What jose says, in our words. @throws what is no verdict on the token. */
function refusalOf(fault: unknown): Verified {
  if (fault instanceof KeysUnreachable) return { ok: false, fault: "keys_unreachable", about: fault.message };
  if (fault instanceof errors.JOSEAlgNotAllowed) return { ok: false, fault: "algorithm_refused" };
  if (fault instanceof errors.JWTExpired) {
    return { ok: false, fault: fault.claim === "iat" ? "token_too_old" : "token_expired" };
  }
  if (fault instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = fault;
    if (reason === "missing") return { ok: false, fault: "claim_missing", about: claim };
    if (claim === "iss") return { ok: false, fault: "issuer_wrong" };
    if (claim === "aud") return { ok: false, fault: "audience_wrong", about: "aud" };
    return { ok: false, fault: claim === "iat" ? "token_too_old" : "token_expired", about: claim };
  }
  if (
    fault instanceof errors.JWSSignatureVerificationFailed ||
    fault instanceof errors.JWKSNoMatchingKey ||
    fault instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return { ok: false, fault: "signature_invalid" };
  }
  if (fault instanceof errors.JOSENotSupported) return { ok: false, fault: "algorithm_refused" };
  if (fault instanceof errors.JOSEError) return { ok: false, fault: "token_malformed" };
  // A key that does not belong to the algorithm of the token.
  if (fault instanceof TypeError) return { ok: false, fault: "signature_invalid" };
  throw fault;
}
