import {
  AuthorizationResponseError,
  authorizationCodeGrantRequest,
  type Client,
  ClientSecretBasic,
  ClientSecretPost,
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  getValidatedIdTokenClaims,
  None,
  OperationProcessingError,
  processAuthorizationCodeResponse,
  processUserInfoResponse,
  ResponseBodyError,
  UnsupportedOperationError,
  userInfoRequest,
  validateAuthResponse,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { z } from "zod";
import { loadOutside } from "../../identity/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { logFault } from "../../platform/log.ts";
import { ok, type Refusal, type Result, refuse } from "../../platform/results.ts";
import { seal, unseal } from "../../platform/sealed.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { turnedAway } from "./claims.ts";
import { discover, requestOptions, type Server } from "./discovery.ts";
import type { ProviderSettings } from "./shapes.ts";
import { spendFlow } from "./statements.ts";
import type { ProviderRow } from "./tables.ts";

// The authorization code flow (OpenID Connect Core 1.0, section 3.1) with PKCE (RFC 7636). What belongs to one sign-in
// (state, nonce, verifier) is kept by the tab, encrypted: an address that somebody is lured to lacks it, and nothing that a
// stranger does is stored. That it was used is stored, so that it serves once.

/** For how long somebody may be at the provider. */
const FLOW_MS = 10 * 60_000;

const flowSchema = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), until: z.number() });
const placeOf = ({ name, issuer }: ProviderRow) => `sign-on ${name} ${issuer}`;

export type SignOnProvider = ProviderRow & { parsed: ProviderSettings; clientSecret: string | null };

/** Where the browser goes, and what its tab keeps. @param redirect registered at the provider. */
export async function beginFlow(
  env: Env,
  provider: SignOnProvider,
  redirect: string,
  now: number,
): Promise<Result<{ url: string; flow: string }>> {
  const server = await discover(env, provider.issuer);
  if (!server.ok) return unavailable();
  const [state, nonce, verifier] = [generateRandomState(), generateRandomNonce(), generateRandomCodeVerifier()];
  const url = new URL(server.value.authorization_endpoint);
  const query = {
    response_type: "code",
    client_id: provider.client_id,
    redirect_uri: redirect,
    scope: provider.parsed.scopes,
    state,
    nonce,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const kept = JSON.stringify({ state, nonce, verifier, until: now + FLOW_MS });
  return ok({ url: url.href, flow: await seal(acceptedSecrets(env), placeOf(provider), kept) });
}

/**
 * What the provider says of whoever comes back from it: its ID token, wholly verified, and what its userinfo adds.
 * @param answer the query that the browser came back with.
 * @returns the claims; `sign_on_refused` with the step and the rule; `unavailable` where the provider does not answer.
 */
export async function completeFlow(
  env: Env,
  provider: SignOnProvider,
  redirect: string,
  { flow, answer }: { flow: string; answer: string },
  now: number,
): Promise<Result<Record<string, unknown>>> {
  const opened = await unseal(acceptedSecrets(env), placeOf(provider), flow);
  if (opened === null) return turnedAway("flow", "flow_unknown", "This sign-in was not begun here. Begin again.");
  const { state, nonce, verifier, until } = flowSchema.parse(JSON.parse(opened.text));
  if (until <= now) return turnedAway("flow", "flow_ended", "This sign-in took more than ten minutes. Begin again.");
  const server = await discover(env, provider.issuer);
  if (!server.ok) return unavailable();
  const as = server.value;
  const client: Client = { client_id: provider.client_id };
  try {
    const shown = validateAuthResponse(as, client, new URLSearchParams(answer), state);
    const used = await spendFlow(directory(env), (await sha256Hex(`sign-on ${state}`)).slice(0, 32), now, until).run();
    if (used.meta.changes === 0) return turnedAway("flow", "flow_used", "This sign-in was used already. Begin again.");
    const options = requestOptions(env);
    const auth = authOf(as, provider.clientSecret);
    const asked = await authorizationCodeGrantRequest(as, client, auth, shown, redirect, verifier, options);
    const tokens = await processAuthorizationCodeResponse(as, client, asked, {
      expectedNonce: nonce,
      requireIdToken: true,
    });
    const { verifySigned } = await loadOutside();
    const seconds = Math.floor(now / 1_000);
    // The library believes the connection the token came over; its signature is verified all the same.
    const verified = await verifySigned(as.jwks_uri, tokens.id_token ?? "", as.issuer, client.client_id, seconds);
    if (!verified.ok && verified.refusal.code === "unavailable") return verified;
    if (!verified.ok)
      return turnedAway("id_token", "signature", "The ID token is not signed with a key of the provider.");
    const said = getValidatedIdTokenClaims(tokens);
    if (said === undefined) return turnedAway("id_token", "missing", "The provider gave no ID token.");
    const { claims } = provider.parsed;
    const wanted = [claims.email, claims.email_verified, claims.name, claims.role, claims.groups];
    const lacks = wanted.some((name) => name !== null && !(name in said));
    if (!lacks || as.userinfo_endpoint === undefined) return ok({ ...said });
    const info = await userInfoRequest(as, client, tokens.access_token, options);
    // What the signed token says counts.
    return ok({ ...(await processUserInfoResponse(as, client, said.sub, info)), ...said });
  } catch (fault) {
    return refusalOf(fault);
  }
}

function authOf(as: Server, secret: string | null) {
  if (secret === null) return None();
  // RFC 8414, section 2: Basic is meant where nothing is said.
  const methods = as.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  return methods.includes("client_secret_basic") ? ClientSecretBasic(secret) : ClientSecretPost(secret);
}

function unavailable() {
  return refuse("unavailable", { detail: "The identity provider does not answer.", retry_after: 10 });
}

/** What a provider says of this service, and not of whoever signs in (RFC 6749, section 5.2). */
const CLIENT_FAULTS = ["invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"];

/**
 * Whether a sign-in failed by the provider or what is set for it. What strangers can bring about by themselves (a code that
 * they made up, a sign-in of yesterday, an address that is not verified) is not that.
 */
export function isOfProvider({ code, errors = [] }: Refusal): boolean {
  if (code === "unavailable") return true;
  const [{ path, rule } = { path: "", rule: "" }] = errors;
  if (path === "token") return rule === "client_refused";
  return path === "userinfo" || (path === "id_token" && !rule.endsWith(".nonce"));
}

/** Which step failed by which rule. What a provider writes in words may name people, and is left out. */
function refusalOf(fault: unknown): Result<never> {
  if (fault instanceof AuthorizationResponseError || fault instanceof ResponseBodyError) {
    const step = fault instanceof AuthorizationResponseError ? "answer" : "token";
    const rule = step === "token" && CLIENT_FAULTS.includes(fault.error) ? "client_refused" : "provider_refused";
    return turnedAway(step, rule, `The provider answered ${plain(fault.error)}.`);
  }
  if (fault instanceof WWWAuthenticateChallengeError) {
    return turnedAway("userinfo", "provider_refused", "The provider did not say more about this person.");
  }
  if (fault instanceof OperationProcessingError || fault instanceof UnsupportedOperationError) {
    return turnedAway("id_token", ruleOf(fault), `The provider's answer is not accepted: ${fault.message}.`);
  }
  logFault("identity_provider_unreachable", fault);
  return unavailable();
}

function ruleOf(fault: OperationProcessingError | UnsupportedOperationError): string {
  const claim = z.looseObject({ claim: z.string() }).safeParse(fault.cause).data?.claim;
  const code = plain(fault.code ?? "not_supported")
    .toLowerCase()
    .replace(/^oauth_/, "");
  return claim === undefined ? code : `${code}.${plain(claim)}`;
}

const plain = (text: string) => text.replaceAll(/[^A-Za-z0-9_.-]/g, "").slice(0, 60);
