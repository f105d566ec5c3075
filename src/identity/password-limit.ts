import { refuse } from "../platform/results.ts";

/** Period of SIGN_IN_LIMIT in wrangler.toml, seconds: waiting it out is always enough. */
export const ADDRESS_PERIOD_SECONDS = 60;

/** The answer for a client that guesses passwords too fast. */
export const TOO_MANY_GUESSES = refuse("rate_limited", { retry_after: ADDRESS_PERIOD_SECONDS });

/** The rate limit for a caller with a token who must give the password of the account. */
export async function withinPasswordLimit(env: Env, user: string): Promise<boolean> {
  return (await env.SIGN_IN_LIMIT.limit({ key: `password:${user}` })).success;
}
