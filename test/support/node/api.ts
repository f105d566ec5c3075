import { type ApiClient, api } from "../../../scripts/lib/api-client.ts";
import { readLocalSecret } from "../../../scripts/lib/local-secrets.ts";
import { mintAccessToken } from "../../../src/identity/tokens.ts";
import type { Role } from "../../../src/platform/roles.ts";

export { type ApiAnswer, type ApiClient, api } from "../../../scripts/lib/api-client.ts";

/** Longer than any system test runs, seconds. */
const TOKEN_SECONDS = 3_600;

/** A bearer token of the local installation; a runtime must have been started before, which makes the secret. */
export function tokenFor(user: string, role: Role = "learner"): Promise<string> {
  const secret = readLocalSecret();
  if (secret === null) throw new Error("there is no local secret yet: start a runtime first");
  return mintAccessToken(secret, { sub: user, role, session: null, lifetimeSeconds: TOKEN_SECONDS });
}

/** A client that speaks for one user. */
export async function clientOf(url: string, user: string, role: Role = "learner"): Promise<ApiClient> {
  return api(url, await tokenFor(user, role));
}
