import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { auditReads } from "./audit/reads.ts";
import { closedWhileRestoring } from "./backup/closed.ts";
import { authentication } from "./identity/authentication.ts";
import { isMoved } from "./platform/database/shards.ts";
import { respond } from "./platform/http/answers.ts";
import type { AppContext, AppEnv } from "./platform/http/context.ts";
import { newRouter } from "./platform/http/define-route.ts";
import { type Feature, LazyApi } from "./platform/http/lazy-api.ts";
import { requestLog } from "./platform/http/request-log.ts";
import { securityHeaders } from "./platform/http/security-headers.ts";
import { logFault } from "./platform/log.ts";
import { refuse } from "./platform/results.ts";
import { type AcceptedSecrets, acceptedSecrets, secretDefect } from "./platform/secrets.ts";

// What every request needs is imported here, by its file: a room's index.ts knows more.

/** How long a browser remembers what a preflight answered, seconds. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * The Hono app: middleware once, then the features. Features are read as they are asked for; `whole()` has them all.
 * @param first what sees a request before anything else does.
 */
export function appOf(features: readonly Feature[], first: readonly MiddlewareHandler<AppEnv>[] = []): LazyApi {
  // Made once: they remember across requests, and an app is made again when a feature has been read.
  const beforeAll = [...first, requestLog(), securityHeaders()];
  const beforeApi = [crossOrigin(), safeSecret(), authentication(), closedWhileRestoring(), auditReads()];
  return new LazyApi(features, (mounts) => {
    const app = newRouter();
    for (const middleware of beforeAll) app.use(middleware);
    app.get("/health", (c) => c.json({ status: "ok" }));
    // Launches of other platforms are no part of the API, and need the same.
    for (const path of ["/api/*", "/lti/*"]) for (const middleware of beforeApi) app.use(path, middleware);
    for (const mount of mounts) mount(app);
    app.notFound((c) => (wantsPage(c) ? unknownPage(c) : respond(c, refuse("not_found").refusal)));
    app.onError(answerFault);
    return app;
  });
}

/** What a client reads about an error. */
function answerFault(fault: Error, c: AppContext): Response {
  if (fault instanceof HTTPException && fault.status === 400) return respond(c, refuse("malformed_json").refusal);
  if (fault instanceof HTTPException && fault.status === 415) {
    return respond(c, refuse("unsupported_media_type").refusal);
  }
  if (fault instanceof SyntaxError && c.req.method !== "GET") return respond(c, refuse("malformed_json").refusal);
  if (isMoved(fault)) {
    return respond(c, refuse("unavailable", { detail: "The course is being moved.", retry_after: 1 }).refusal);
  }
  logFault("unhandled", fault, { request_id: c.get("requestId"), route: c.req.routePath });
  return respond(c, refuse("internal", { detail: "The log has the cause under this request id." }).refusal);
}

/** Whether a person's browser asks, for an address that is none of the API's. */
function wantsPage(c: AppContext): boolean {
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  return isRead && !c.req.path.startsWith("/api/") && /\btext\/html\b/.test(c.req.header("accept") ?? "");
}

/** The pages, which say that there is no such page, with the status that says so too. */
async function unknownPage(c: AppContext): Promise<Response> {
  const { body, headers } = await c.env.ASSETS.fetch(new URL("/", c.req.url));
  const answer = new Response(body, { status: 404, headers });
  answer.headers.set("cache-control", "no-store");
  answer.headers.delete("etag");
  return answer;
}

/**
 * Lets the pages of other origins call the API: those listed in ALLOWED_ORIGINS, separated by spaces. Who calls is shown
 * by a bearer token, never by a cookie, so credentials are not allowed.
 */
function crossOrigin(): MiddlewareHandler<AppEnv> {
  const middleware = cors({
    origin: (origin, c: AppContext) => (c.env.ALLOWED_ORIGINS.split(" ").includes(origin) ? origin : null),
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: [
      "authorization",
      "content-type",
      "if-none-match",
      "if-range",
      "idempotency-key",
      "last-event-id",
      "range",
      "x-content-sha256",
      "x-latchkey-pass",
      "x-request-id",
    ],
    exposeHeaders: [
      "age",
      "content-disposition",
      "content-range",
      "etag",
      "retry-after",
      "x-request-id",
      "idempotency-replayed",
    ],
    maxAge: PREFLIGHT_SECONDS,
  });
  return (c, next) => {
    const origin = c.req.header("origin");
    const isAsked = c.req.method === "OPTIONS" && c.req.header("access-control-request-method") !== undefined;
    if (isAsked && origin !== undefined && !c.env.ALLOWED_ORIGINS.split(" ").includes(origin)) {
      // The browser shows its own message; this one is what its network view has to say.
      const detail = "Add the origin to the variable ALLOWED_ORIGINS: scheme, host and port, separated by spaces.";
      return Promise.resolve(respond(c, refuse("origin_not_allowed", { detail }).refusal));
    }
    return c.env.ALLOWED_ORIGINS === "" ? next() : middleware(c, next);
  };
}

/** A process with a bad secret refuses to serve: every token it would issue or trust could be forged. */
function safeSecret(): MiddlewareHandler<AppEnv> {
  /** The secrets last found safe: looking at every character again for each request would cost more than routing. */
  let safe: AcceptedSecrets | undefined;
  return async (c, next) => {
    const secrets = acceptedSecrets(c.env);
    if (secrets === safe) return next();
    const [current, previous] = secrets;
    const defect =
      secretDefect(current) ?? (previous === undefined ? null : secretDefect(previous, "AUTH_SECRET_PREVIOUS"));
    if (defect === null) {
      safe = secrets;
      return next();
    }
    logFault("unsafe_secret", new Error(defect));
    const detail = "The server does not have a safe configuration and refuses to serve.";
    return respond(c, refuse("unavailable", { detail }).refusal);
  };
}
