import { HTTPException } from "hono/http-exception";
import { countedDatabase } from "./bindings.ts";
import { authentication, identityRoutes } from "./identity/index.ts";
import { logEvent, logFault } from "./ops/logging.ts";
import { newRouter, respond } from "./shared/http.ts";
import { refuse } from "./shared/results.ts";
import { secretDefect } from "./shared/secrets.ts";

/** Longest request id taken over from a client. */
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** The Hono app: middleware once, then one line per feature router. */
export function createApi() {
  const app = newRouter();

  app.use(async (c, next) => {
    const started = performance.now();
    const given = c.req.header("x-request-id");
    c.set("requestId", given !== undefined && REQUEST_ID.test(given) ? given : crypto.randomUUID());
    const queries = { count: 0 };
    c.set("queries", queries);
    c.set("db", countedDatabase(c.env.DB, queries));
    c.set("facts", {});
    c.set("actor", null);
    c.set("tokenRefusal", null);
    await next();
    const latency = performance.now() - started;
    c.res.headers.set("x-request-id", c.get("requestId"));
    c.res.headers.set("server-timing", `d1;desc="${queries.count} queries"`);
    c.res.headers.set("x-content-type-options", "nosniff");
    c.res.headers.append("vary", "authorization, accept-language");
    logEvent("request", {
      request_id: c.get("requestId"),
      method: c.req.method,
      route: c.req.routePath,
      status: c.res.status,
      latency_ms: Math.round(latency * 100) / 100,
      d1_queries: queries.count,
      user_id: c.get("actor")?.id ?? null,
      ...c.get("facts"),
    });
  });

  app.use(async (c, next) => {
    const defect = secretDefect(c.env.AUTH_SECRET);
    if (defect === null) return next();
    logFault("unsafe_secret", new Error(defect));
    return respond(
      c,
      refuse("unavailable", { detail: "The server is not configured safely and refuses to serve." }).refusal,
    );
  });

  app.use("/api/*", authentication());

  app.route("/api/v1", identityRoutes());

  app.notFound((c) => respond(c, refuse("not_found").refusal));
  app.onError((fault, c) => {
    if (fault instanceof HTTPException && fault.status === 400) return respond(c, refuse("malformed_json").refusal);
    logFault("unhandled", fault, { request_id: c.get("requestId"), route: c.req.routePath });
    return respond(c, refuse("internal", { detail: "The fault was logged under this request id." }).refusal);
  });

  return app;
}
