/** Lifetime of a session from signing in, seconds. Use does not make it longer: a stolen session ends by itself. */
export const SESSION_SECONDS = 30 * 86_400;
