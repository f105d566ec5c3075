import type { OpenAPIHono } from "@hono/zod-openapi";
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
import { type Feature, LazyApi, lazily } from "./platform/http/lazy-api.ts";
import { requestLog } from "./platform/http/request-log.ts";
import { securityHeaders } from "./platform/http/security-headers.ts";
import { logFault } from "./platform/log.ts";
import { refuse } from "./platform/results.ts";
import { type AcceptedSecrets, acceptedSecrets, secretDefect } from "./platform/secrets.ts";

// What every request needs is imported here, by its file: a room's index.ts knows more. What one feature needs is imported
// by its line below, and evaluated with the first request for it.

const API = "/api/v1";

/** How long a browser remembers what a preflight answered, seconds. */
const PREFLIGHT_SECONDS = 7_200;

/** One line per feature, in the order in which routes are compared with a path. Paths of /api/v1 stand without it. */
export const FEATURES = [
  lazily(["/ready"], async () => (await import("./ops/health/routes.ts")).mountReadiness),
  lazily(["/metrics"], async () => {
    const [{ mountScrape }, { SECTIONS }] = await Promise.all([
      import("./ops/metrics/routes.ts"),
      import("./sections.ts"),
    ]);
    return (app) => mountScrape(app, SECTIONS);
  }),
  lazily(["/openapi.json", "/docs"], async () => (await import("./ops/reference.ts")).mountReference),
  lazily(["/.well-known"], async () => (await import("./enrollment/pass/routes.ts")).mountPassKeys),
  inApi(["/auth", "/users"], async () => {
    const [{ identityRoutes }, { isKnown }] = await Promise.all([
      import("./identity/routes.ts"),
      import("./privacy/known.ts"),
    ]);
    return identityRoutes({ isKnown });
  }),
  inApi(["/keys"], async () => (await import("./identity/keys/routes.ts")).keyRoutes()),
  inApi(["/courses/*/items/*/files"], async () => (await import("./imports/file-routes.ts")).itemFileRoutes()),
  inApi(["/courses/*/drafts"], async () => (await import("./imports/draft-routes.ts")).draftRoutes()),
  inApi(["/courses/imports/uploads"], async () => (await import("./imports/part-routes.ts")).partRoutes()),
  inApi(["/courses/imports/*/people"], async () => (await import("./imports/people-routes.ts")).peopleRoutes()),
  inApi(["/courses/imports"], async () => (await import("./imports/routes.ts")).importRoutes()),
  inApi(["/courses/*/working-copy", "/courses/*/preview"], async () =>
    (await import("./courses/routes-studio.ts")).studioRoutes(),
  ),
  inApi(["/courses$", "/courses/*$", "/courses/*/versions"], async () => {
    const [{ courseRoutes }, { markCourseStale }, { impactNow }, { askForWarmUp }] = await Promise.all([
      import("./courses/routes.ts"),
      import("./staleness/marks.ts"),
      import("./mirror/impact-now.ts"),
      import("./enrollment/registry.ts"),
    ]);
    return courseRoutes({ markStale: markCourseStale, impactOf: impactNow, warm: askForWarmUp });
  }),
  inApi(
    ["/courses/*/chapters", "/courses/*/problems", "/courses/*/unlocks", "/courses/*/items", "/chapters", "/problems"],
    async () => (await import("./enrollment/routes-reads.ts")).readRoutes(),
  ),
  inApi(["/courses/*/pass", "/courses/*/versions/*/items", "/courses/*/items/*/content"], async () =>
    (await import("./enrollment/pass/routes.ts")).passRoutes(),
  ),
  inApi(
    [
      "/courses/*/chapters/*/mark_as_completed",
      "/courses/*/enrollments",
      "/courses/*/releases",
      "/courses/*/stale",
      "/courses/*/items/*/regrade",
      "/problems/*/submissions",
      "/problems/*/mark_as_completed",
      "/submissions",
      "/progress",
      "/enrollments",
      "/system/freshness",
    ],
    async () => (await import("./enrollment/routes.ts")).enrollmentRoutes(),
  ),
  inApi(["/auth/sse-token", "/events"], async () => {
    const [{ eventRoutes }, { hearsTopic }] = await Promise.all([
      import("./events/routes.ts"),
      import("./enrollment/topic-rights.ts"),
    ]);
    return eventRoutes({ hears: hearsTopic });
  }),
  inApi(["/courses/*/class"], async () => (await import("./enrollment/routes-class.ts")).classRoutes()),
  inApi(["/translation"], async () => (await import("./records/routes.ts")).recordRoutes()),
  inApi(["/storage"], async () => (await import("./files/routes.ts")).fileRoutes()),
  inApi(["/audit"], async () => (await import("./audit/routes.ts")).auditRoutes()),
  inApi(["/courses/*/insight", "/enrollments/*/insight", "/insight"], async () =>
    (await import("./insight/routes.ts")).insightRoutes(),
  ),
  inApi(["/courses/*/presence"], async () => (await import("./presence/index.ts")).presenceRoutes()),
  inApi(
    [
      "/courses/*/members",
      "/courses/*/owner",
      "/courses/*/observers",
      "/courses/*/people",
      "/courses/*/cohorts",
      "/courses/*/roster",
      "/courses/*/invitations",
      "/courses/*/overrides",
      "/invitations",
    ],
    async () => (await import("./people/routes.ts")).peopleRoutes(),
  ),
  inApi(["/users", "/erasures"], async () => (await import("./privacy/routes.ts")).privacyRoutes()),
  inApi(["/system/dead-letters"], async () => (await import("./ops/dead-letter-routes.ts")).deadLetterRoutes()),
  inApi(["/system/switches"], async () => (await import("./ops/switch-routes.ts")).switchRoutes()),
  inApi(["/system/shards"], async () => (await import("./ops/shards/routes.ts")).shardRoutes()),
  inApi(["/system/metrics"], async () => {
    const [{ metricsRoutes }, { SECTIONS }] = await Promise.all([
      import("./ops/metrics/routes.ts"),
      import("./sections.ts"),
    ]);
    return metricsRoutes(SECTIONS);
  }),
  inApi(["/system/backups", "/system/erasures"], async () => (await import("./backup/routes.ts")).backupRoutes()),
];

/** A feature below /api/v1. */
function inApi(beginnings: readonly string[], read: () => Promise<OpenAPIHono<AppEnv>>): Feature {
  const paths = beginnings.map((beginning) => API + beginning);
  return lazily(paths, async () => {
    const router = await read();
    return (app) => app.route(API, router);
  });
}

/**
 * The Hono app: middleware once, then one line per feature. Features are read as they are asked for; `whole()` has them all.
 */
export function createApi(): LazyApi {
  // Made once: they remember across requests, and an app is made again when a feature has been read.
  const beforeAll = [requestLog(), securityHeaders()];
  const beforeApi = [crossOrigin(), safeSecret(), authentication(), closedWhileRestoring(), auditReads()];
  return new LazyApi(FEATURES, (mounts) => {
    const app = newRouter();
    for (const middleware of beforeAll) app.use(middleware);
    app.get("/health", (c) => c.json({ status: "ok" }));
    for (const middleware of beforeApi) app.use("/api/*", middleware);
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
