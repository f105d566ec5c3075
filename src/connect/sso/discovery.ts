import {
  type AuthorizationServer,
  allowInsecureRequests,
  customFetch,
  discoveryRequest,
  processDiscoveryResponse,
} from "oauth4webapi";
import { isLocal } from "../../mail/index.ts";
import { logFault } from "../../platform/log.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { fetchOf, providerFault } from "./fetch.ts";

/** For how long an isolate believes a discovery document. */
const BELIEVED_MS = 15 * 60_000;
/** After a failure there is no further request for this time. */
const CLOSED_MS = 10_000;
const MAX_KNOWN = 50;

/** What this service needs of a provider. */
export type Server = AuthorizationServer & {
  authorization_endpoint: string;
  token_endpoint: string;
  jwks_uri: string;
};

const known = new Map<string, { server: Result<Server>; until: number }>();

/** How every request to a provider is sent. */
export function requestOptions(env: Env) {
  const local = { [allowInsecureRequests]: isLocal(env) };
  return { [customFetch]: fetchOf(env), ...local };
}

/**
 * The discovery document of an issuer (OpenID Connect Discovery 1.0). It must name this very issuer.
 * @param isFresh past what is remembered.
 * @returns `invalid_input` on the field `issuer`, with the rule that was broken.
 */
export async function discover(env: Env, issuer: string, isFresh = false): Promise<Result<Server>> {
  const before = known.get(issuer);
  const now = Date.now();
  if (!isFresh && before !== undefined && now < before.until) return before.server;
  const server = await discoverNow(env, issuer);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(issuer, { server, until: now + (server.ok ? BELIEVED_MS : CLOSED_MS) });
  return server;
}

async function discoverNow(env: Env, issuer: string): Promise<Result<Server>> {
  const closed = providerFault(env, issuer);
  if (closed !== null) return faulty(closed.rule, closed.message);
  try {
    const address = new URL(issuer);
    const answer = await discoveryRequest(address, requestOptions(env));
    if (answer.status !== 200) return faulty("status", `Its discovery document answered ${answer.status}.`);
    const server = await processDiscoveryResponse(address, answer);
    const { authorization_endpoint, token_endpoint, jwks_uri } = server;
    if (authorization_endpoint === undefined || token_endpoint === undefined || jwks_uri === undefined) {
      return faulty("incomplete", "Its discovery document lacks an endpoint for authorization, tokens or keys.");
    }
    for (const one of [authorization_endpoint, token_endpoint, jwks_uri, server.userinfo_endpoint]) {
      const fault = one === undefined ? null : providerFault(env, one);
      if (fault !== null) return faulty(fault.rule, `An address of its discovery document: ${fault.message}`);
    }
    return ok({ ...server, authorization_endpoint, token_endpoint, jwks_uri });
  } catch (fault) {
    logFault("identity_provider_unreachable", fault);
    return faulty("unreachable", "Its discovery document could not be fetched, or is not that of this issuer.");
  }
}

function faulty(rule: string, message: string): Result<never> {
  return refuse("invalid_input", { errors: [{ path: "issuer", rule, message }] });
}
