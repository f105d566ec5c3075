import { refuse } from "../platform/results.ts";

/** Period of SIGN_IN_LIMIT in wrangler.toml, seconds: waiting it out is always enough. */
export const ADDRESS_PERIOD_SECONDS = 60;

/** One answer to whoever guesses passwords too fast. */
export const TOO_MANY_GUESSES = refuse("rate_limited", { retry_after: ADDRESS_PERIOD_SECONDS });

/** The rate limit for whoever holds a token and is asked for the password behind it. */
export async function withinPasswordLimit(env: Env, user: string): Promise<boolean> {
  return (await env.SIGN_IN_LIMIT.limit({ key: `password:${user}` })).success;
}
