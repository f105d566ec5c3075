const DEFAULT_HEARTBEAT_SECONDS = 20;
const DEFAULT_LIFETIME_SECONDS = 1_800;
/** A client whose user has another role comes back at once. */
const ROLE_RETRY_MS = 500;
/** Streams end by age one by one, so a client that comes back after that is not one of many. */
const LIFETIME_RETRY_MS = 2_000;

/** Mean time between two heartbeats, ms. */
export function heartbeatMs(env: Env): number {
  return secondsOf(env.HEARTBEAT_SECONDS, DEFAULT_HEARTBEAT_SECONDS) * 1_000;
}

/** How long one stream lives, ms: a random time, so that streams which began together do not end together. */
export function lifetimeMs(env: Env): number {
  return secondsOf(env.STREAM_LIFETIME_SECONDS, DEFAULT_LIFETIME_SECONDS) * 1_000 * (0.8 + 0.2 * Math.random());
}

/** The last frame of a stream that ends by age. */
export function lifetimeOver(): { reason: "lifetime"; retry_ms: number } {
  return { reason: "lifetime", retry_ms: Math.round(Math.random() * LIFETIME_RETRY_MS) };
}

/**
 * The last frame of a stream that its log has ended.
 * @param restartMs when to come back if nothing better is known, ms.
 */
export function goodbyeOf(event: "stream.evicted" | "stream.closing", reason: string, restartMs: number): object {
  if (event === "stream.evicted") return { reason };
  // The token is not right about its user any more: with a new one the stream continues, with the user's present role.
  if (reason === "session_ended")
    return { reason: "role_changed", retry_ms: Math.round(Math.random() * ROLE_RETRY_MS) };
  if (reason === "rights_changed") return { reason, retry_ms: Math.round(Math.random() * ROLE_RETRY_MS) };
  return { reason: "restart", retry_ms: restartMs };
}

function secondsOf(value: string | undefined, fallback: number): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : fallback;
}
