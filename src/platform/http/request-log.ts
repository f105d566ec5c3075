import type { MiddlewareHandler } from "hono";
import { logEvent } from "../log.ts";
import { meter } from "../metrics/meter.ts";
import type { AppContext, AppEnv } from "./context.ts";

/** The form of a request id that is accepted from a client. */
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;
/** A read that takes longer is always logged, milliseconds. */
const SLOW_READ_MS = 100;

/** Which part of the share of logged uneventful reads applies to answers at the edge. */
const EDGE_SHARE = 0.1;

/**
 * Gives every request its id, counts its database statements, and ends it with one log line. Of reads without events (a
 * fresh snapshot, no query, not slow) only the share READ_LOG_RATE is logged, and of those answered at the edge a tenth
 * of that share. The line names the share. This is because a line costs more than such a read. Everything else is
 * always logged.
 */
export function requestLog(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const started = performance.now();
    c.set("requestId", requestIdOf(c.req.raw));
    const queries = { count: 0 };
    c.set("queries", queries);
    c.set("facts", {});
    c.set("actor", null);
    c.set("tokenRefusal", null);
    await next();
    const latency = performance.now() - started;
    const { headers } = c.res;
    headers.set("x-request-id", c.get("requestId"));
    headers.set("server-timing", `d1;desc="${queries.count} queries"`);
    headers.set("x-content-type-options", "nosniff");
    headers.append("vary", "authorization, accept-language");
    countRequest(c, latency);
    const rate = isUneventful(c, latency) ? uneventfulRate(c) : 1;
    if (rate < 1 && Math.random() >= rate) return;
    notePoint(c, latency, rate);
    logEvent("request", {
      request_id: c.get("requestId"),
      method: c.req.method,
      route: c.req.routePath,
      status: c.res.status,
      latency_ms: Math.round(latency * 100) / 100,
      d1_queries: queries.count,
      user_id: c.get("actor")?.id ?? null,
      ...c.get("facts"),
      ...(rate < 1 ? { sample_rate: rate } : {}),
    });
  };
}

/** The id of a request: its own, or a new one. */
export function requestIdOf({ headers }: Request): string {
  const given = headers.get("x-request-id");
  return given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID();
}

/** Methods that are counted by name; clients may send any other word. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts a request by its route's pattern, never by its path, which contains ids. */
function countRequest(c: AppContext, latency: number): void {
  const { method, routePath } = c.req;
  meter.count("http_requests_total", [METHODS.has(method) ? method : "other", routePath, String(c.res.status)]);
  meter.observe("http_request_duration_seconds", [routePath], latency / 1_000);
  const version = c.env.CF_VERSION_METADATA.id === "" ? "local" : c.env.CF_VERSION_METADATA.id;
  meter.count("version_requests_total", [version, String(c.res.status)]);
  meter.observe("version_request_duration_seconds", [version], latency / 1_000);
  const actor = c.get("actor");
  if (actor?.role === "learner") meter.seen(actor.id, Date.now());
  meter.pushSoon(c.env);
}

/**
 * The same for Analytics Engine, for questions that nobody has asked yet; with the share that the line represents. An
 * installation may do without the binding.
 */
function notePoint(c: AppContext, latency: number, rate: number): void {
  const { method, routePath } = c.req;
  c.env.ANALYTICS?.writeDataPoint({
    indexes: [routePath.slice(0, 96)],
    blobs: [method, routePath, String(c.res.status), c.get("facts").source ?? "", c.get("actor")?.role ?? ""],
    doubles: [latency, c.get("queries").count, 1 / rate],
  });
}

/**
 * An answer at the edge costs half as much as another read, and its line as much: so only a tenth as many are logged.
 */
function uneventfulRate(c: AppContext): number {
  const rate = Number(c.env.READ_LOG_RATE);
  // A setting for every line means every line.
  return rate < 1 && c.get("facts").source === "edge" ? rate * EDGE_SHARE : rate;
}

function isUneventful(c: AppContext, latency: number): boolean {
  const { source } = c.get("facts");
  return (
    (source === "snapshot" || source === "edge") &&
    c.res.status < 400 &&
    c.get("queries").count === 0 &&
    latency < SLOW_READ_MS
  );
}
