/** Lifetime of a session from signing in, seconds. It is not prolonged by use: a stolen session ends by itself. */
export const SESSION_SECONDS = 30 * 86_400;
