import { z } from "zod";
import { askPublic, type PublicAnswer } from "../../platform/http/outbound.ts";
import { signAsTool } from "./keys.ts";
import { outside } from "./outside.ts";
import type { Platform } from "./tables.ts";

// Services of a platform are called with an access token, which the tool gets for a statement signed with its own key (IMS
// Security Framework 1.0, section 4.1; RFC 7523).

export const SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score";
export const RESULTS_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly";
export const LINE_ITEMS_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly";
export const MEMBERS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly";

const BOUNDS = { maxBytes: 4_000_000, timeoutMs: 10_000 };
/** Seconds for which the statement is good. */
const ASSERTION_S = 300;
/** A token is used until so long before its end. */
const AHEAD_MS = 60_000;
/** Tokens an isolate remembers. */
const MOST = 200;

const tokenSchema = z.looseObject({
  access_token: z.string().min(1).max(10_000),
  // Moodle says it as text.
  expires_in: z.coerce.number().min(0).max(86_400).default(3_600),
});

const tokens = new Map<string, { token: string; until: number }>();

/** A service could not be used: a word and what it is about. It may be tried again. */
export class ServiceFault extends Error {
  override readonly name = "ServiceFault";
}

async function tokenFor(env: Env, platform: Platform, scope: string, now: number): Promise<string> {
  // Another client id or address is another token.
  const key = JSON.stringify([platform.id, platform.token_url, platform.client_id, scope]);
  const known = tokens.get(key);
  if (known !== undefined && known.until > now) return known.token;
  const claims = {
    iss: platform.client_id,
    sub: platform.client_id,
    aud: platform.token_url,
    jti: crypto.randomUUID(),
  };
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await signAsTool(env, claims, ASSERTION_S, now),
    scope,
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  const answer = await asked(env, platform.token_url, { method: "POST", headers, body });
  if (answer.status !== 200) throw new ServiceFault(`token_refused: ${answer.status}`);
  const read = tokenSchema.safeParse(jsonIn(answer));
  if (!read.success) throw new ServiceFault("token_unreadable");
  const { access_token: token, expires_in } = read.data;
  tokens.delete(key);
  tokens.set(key, { token, until: now + expires_in * 1_000 - AHEAD_MS });
  for (const oldest of tokens.keys()) {
    if (tokens.size <= MOST) break;
    tokens.delete(oldest);
  }
  return token;
}

/**
 * Calls a service of a platform. A token that is refused is asked for once more.
 * @throws ServiceFault where nobody answers, or no token is given.
 */
export async function callService(
  env: Env,
  platform: Platform,
  scope: string,
  address: string,
  request: { method: string; headers: Readonly<Record<string, string>>; body?: string },
  now: number,
): Promise<PublicAnswer> {
  const send = async () => {
    const authorization = `Bearer ${await tokenFor(env, platform, scope, now)}`;
    return asked(env, address, { ...request, headers: { ...request.headers, authorization } });
  };
  const answer = await send();
  if (answer.status !== 401) return answer;
  for (const key of tokens.keys()) if (key.startsWith(`["${platform.id}",`)) tokens.delete(key);
  return send();
}

async function asked(env: Env, address: string, request: Parameters<typeof askPublic>[1]): Promise<PublicAnswer> {
  const { resolve, check } = outside(env);
  const answer = await askPublic(address, request, BOUNDS, resolve, check);
  if (!answer.ok) throw new ServiceFault(answer.refusal.errors?.[0]?.rule ?? answer.refusal.code);
  return answer.value;
}

/** The JSON of an answer; undefined where it is none. */
export function jsonIn({ body }: PublicAnswer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
