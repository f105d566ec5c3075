import type { MiddlewareHandler } from "hono";
import type { AppContext, AppEnv } from "../shared/http.ts";
import { logEvent } from "./logging.ts";

/** Form of a request id that is taken over from a client. */
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;
/** A read that takes longer is worth its line, milliseconds. */
const SLOW_READ_MS = 100;

/**
 * Gives every request its id, counts its database statements, and ends it with one log line. Of reads that went as they
 * should (a fresh snapshot, no query, not slow) only the share READ_LOG_RATE is logged, with that share in the line: a
 * line costs more than such a read does. Everything else is always logged.
 */
export function requestLog(): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const started = performance.now();
    const given = c.req.header("x-request-id");
    c.set("requestId", given !== undefined && REQUEST_ID.test(given) ? given : crypto.randomUUID());
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
    const rate = isUneventful(c, latency) ? Number(c.env.READ_LOG_RATE) : 1;
    if (rate < 1 && Math.random() >= rate) return;
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

function isUneventful(c: AppContext, latency: number): boolean {
  return (
    c.get("facts").source === "snapshot" && c.res.status < 400 && c.get("queries").count === 0 && latency < SLOW_READ_MS
  );
}
