const DEFAULT_HEARTBEAT_SECONDS = 20;
const DEFAULT_LIFETIME_SECONDS = 1_800;
/** Who is somebody else now comes back at once. */
const ROLE_RETRY_MS = 500;
/** Lifetimes end one by one: who comes back after one is not among many. */
const LIFETIME_RETRY_MS = 2_000;

/** Mean time between two heartbeats, ms. */
export function heartbeatMs(env: Env): number {
  return secondsOf(env.HEARTBEAT_SECONDS, DEFAULT_HEARTBEAT_SECONDS) * 1_000;
}

/** How long one stream lives, ms: each another time, so that those that began together do not end together. */
export function lifetimeMs(env: Env): number {
  return secondsOf(env.STREAM_LIFETIME_SECONDS, DEFAULT_LIFETIME_SECONDS) * 1_000 * (0.8 + 0.2 * Math.random());
}

/** What a stream says whose life is over. */
export function lifetimeOver(): { reason: "lifetime"; retry_ms: number } {
  return { reason: "lifetime", retry_ms: Math.round(Math.random() * LIFETIME_RETRY_MS) };
}

/**
 * What a stream says last, when its log has ended it for a reason.
 * @param restartMs when to come back if nothing better is known, ms.
 */
export function goodbyeOf(event: "stream.evicted" | "stream.closing", reason: string, restartMs: number): object {
  if (event === "stream.evicted") return { reason };
  // What the token said of its user is true no more: with a new one the stream goes on, as whoever the user is now.
  if (reason === "session_ended")
    return { reason: "role_changed", retry_ms: Math.round(Math.random() * ROLE_RETRY_MS) };
  if (reason === "rights_changed") return { reason, retry_ms: Math.round(Math.random() * ROLE_RETRY_MS) };
  return { reason: "restart", retry_ms: restartMs };
}

function secondsOf(value: string | undefined, fallback: number): number {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : fallback;
}
