import { z } from "zod";
import { directory } from "../platform/database/shards.ts";
import { ok, type Result } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { verifySigned } from "./providers.ts";
import { lesserRole } from "./standing.ts";
import { linkedUser, tokenIssuers } from "./statements.ts";
import { CLOCK_TOLERANCE_SECONDS, TOKEN_INVALID, type VerifiedToken } from "./tokens.ts";

// Tokens of the listed providers (src/connect/sso). Their user is the account that has used the provider before: two
// providers may use one id for two people.

/** For how long an isolate uses the list: tokens of unknown issuers cost no more than this. */
const BELIEVED_MS = 60_000;
const MOST = 20;
/** A token is checked again after this time, so that a token of a removed provider is refused soon. */
const TRUSTED_SECONDS = 60;

const issuerRow = z.object({
  issuer: z.string(),
  jwks_uri: z.string(),
  audience: z.string(),
  top_role: z.enum(ROLES),
  id_claim: z.string(),
});
const linkedRow = z.object({ user_id: z.string(), role: z.enum(ROLES) });

let known: { issuers: z.output<typeof issuerRow>[]; until: number } | null = null;

/**
 * Verifies a token of a listed provider.
 * @returns its user here; `unauthenticated`; or `unavailable` while the provider's keys cannot be fetched.
 */
export async function verifyListedToken(
  env: Env,
  issuer: string | null,
  token: string,
  nowSeconds: number,
): Promise<Result<VerifiedToken>> {
  if (known === null || Date.now() >= known.until) {
    const { results } = await tokenIssuers(directory(env), MOST).all();
    known = { issuers: results.map((row) => issuerRow.parse(row)), until: Date.now() + BELIEVED_MS };
  }
  const listed = known.issuers.find((one) => one.issuer === issuer);
  if (listed === undefined) return TOKEN_INVALID;
  const verified = await verifySigned(listed.jwks_uri, token, listed.issuer, listed.audience, nowSeconds);
  if (!verified.ok) return verified;
  const { iat = 0, exp = 0, [listed.id_claim]: subject } = verified.value;
  if (typeof subject !== "string" || iat > nowSeconds + CLOCK_TOLERANCE_SECONDS) return TOKEN_INVALID;
  const row = await linkedUser(directory(env), `oidc ${listed.issuer}`, subject).first();
  if (row === null) return TOKEN_INVALID;
  const { user_id: sub, role } = linkedRow.parse(row);
  if (lesserRole(role, listed.top_role) !== role) return TOKEN_INVALID;
  return ok({ sub, role, session: null, issuedAt: iat, expiresAt: Math.min(exp, nowSeconds + TRUSTED_SECONDS) });
}
