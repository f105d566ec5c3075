import { mintAccessToken } from "../../../src/identity/tokens.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { type ApiClient, api } from "../api-client.ts";
import { LOCAL_SECRETS_FILE, readLocalSecret } from "../local-secrets.ts";
import { ImportError, UsageError } from "./report.ts";

/** The user in whose name a local import is done. */
const IMPORTER = "importer";
/** Lifetime of a token minted for one import, seconds: a whole dataset takes minutes, on a slow machine an hour. */
const TOKEN_SECONDS = 21_600;
/** Hosts that share this checkout's secret. */
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Where to import to, and with whose rights. */
export interface Server {
  url: string;
  token: string | undefined;
}

export function isLocal({ url }: Server): boolean {
  return LOCAL_HOSTS.has(new URL(url).hostname);
}

/**
 * A client with the given token; without one, and only locally, one that has just been made for the role.
 * @throws UsageError, ImportError
 */
export async function clientFor(server: Server, role: Role): Promise<ApiClient> {
  return api(server.url, await tokenFor(server, role, IMPORTER));
}

/** The token of {@link clientFor}. @param user in whose name one is made. */
export async function tokenFor(server: Server, role: Role, user: string): Promise<string> {
  if (server.token !== undefined) return server.token;
  if (!isLocal(server)) throw new UsageError(`--token is needed for ${server.url}.`);
  const secret = readLocalSecret();
  if (secret === null) {
    throw new ImportError(`There is no AUTH_SECRET in ${LOCAL_SECRETS_FILE}. Run "npm start" once: it makes one.`);
  }
  return mintAccessToken(secret, { sub: user, role, session: null, lifetimeSeconds: TOKEN_SECONDS });
}
