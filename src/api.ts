import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { auditReads, auditSection } from "./audit/index.ts";
import { auditRoutes } from "./audit/routes.ts";
import { backupRoutes, backupSection, closedWhileRestoring } from "./backup/index.ts";
import { courseRoutes } from "./courses/routes.ts";
import { askForWarmUp } from "./enrollment/index.ts";
import { enrollmentRoutes, mountPassKeys } from "./enrollment/routes.ts";
import { eventDataSchema, eventSection } from "./events/index.ts";
import { eventRoutes } from "./events/routes.ts";
import { fileRoutes, fileSection } from "./files/index.ts";
import { authentication } from "./identity/index.ts";
import { identityRoutes, keyRoutes } from "./identity/routes.ts";
import { importSection } from "./imports/index.ts";
import { importRoutes } from "./imports/routes.ts";
import { insightRoutes, modelSection } from "./insight/index.ts";
import { impactNow } from "./mirror/index.ts";
import {
  deadLetterRoutes,
  metricsRoutes,
  mountHealth,
  mountReference,
  mountScrape,
  movesSection,
  readinessSection,
  shardRoutes,
  switchRoutes,
  switchSection,
} from "./ops/index.ts";
import { isMoved } from "./platform/database/shards.ts";
import { respond } from "./platform/http/answers.ts";
import type { AppContext, AppEnv } from "./platform/http/context.ts";
import { newRouter } from "./platform/http/define-route.ts";
import { requestLog } from "./platform/http/request-log.ts";
import { securityHeaders } from "./platform/http/security-headers.ts";
import { logFault } from "./platform/log.ts";
import { refuse } from "./platform/results.ts";
import { type AcceptedSecrets, acceptedSecrets, secretDefect } from "./platform/secrets.ts";
import { presenceRoutes } from "./presence/index.ts";
import { isKnown, privacyRoutes, privacySection } from "./privacy/index.ts";
import { recordSection } from "./records/index.ts";
import { recordRoutes } from "./records/routes.ts";
import { markCourseStale, queueSection, unlockSection } from "./staleness/index.ts";

/** How long a browser remembers what a preflight answered, seconds. */
const PREFLIGHT_SECONDS = 7_200;

/** What is read from the truth when somebody scrapes; each room has its own. */
const SECTIONS = [
  unlockSection,
  queueSection,
  recordSection,
  auditSection,
  eventSection,
  fileSection,
  importSection,
  privacySection,
  readinessSection,
  switchSection,
  backupSection,
  modelSection,
  movesSection,
];

/** The Hono app: middleware once, then one line per feature router. */
export function createApi(): OpenAPIHono<AppEnv> {
  const app = newRouter();
  app.use(requestLog());
  app.use(securityHeaders());
  mountHealth(app);
  mountScrape(app, SECTIONS);
  mountReference(app);
  mountPassKeys(app);
  app.use("/api/*", crossOrigin());
  app.use("/api/*", safeSecret());
  app.use("/api/*", authentication());
  app.use("/api/*", closedWhileRestoring());
  app.use("/api/*", auditReads());
  app.route("/api/v1", identityRoutes({ isKnown }));
  app.route("/api/v1", keyRoutes());
  app.route("/api/v1", importRoutes());
  app.route("/api/v1", courseRoutes({ markStale: markCourseStale, impactOf: impactNow, warm: askForWarmUp }));
  app.route("/api/v1", enrollmentRoutes());
  app.route("/api/v1", eventRoutes());
  app.route("/api/v1", recordRoutes());
  app.route("/api/v1", fileRoutes());
  app.route("/api/v1", auditRoutes());
  app.route("/api/v1", insightRoutes());
  app.route("/api/v1", presenceRoutes());
  app.route("/api/v1", privacyRoutes());
  app.route("/api/v1", deadLetterRoutes());
  app.route("/api/v1", switchRoutes());
  app.route("/api/v1", shardRoutes());
  app.route("/api/v1", metricsRoutes(SECTIONS));
  app.route("/api/v1", backupRoutes());
  app.openAPIRegistry.register("EventData", eventDataSchema);
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });

  app.notFound((c) => (wantsPage(c) ? unknownPage(c) : respond(c, refuse("not_found").refusal)));
  app.onError((fault, c) => {
    if (fault instanceof HTTPException && fault.status === 400) return respond(c, refuse("malformed_json").refusal);
    if (fault instanceof HTTPException && fault.status === 415) {
      return respond(c, refuse("unsupported_media_type").refusal);
    }
    if (fault instanceof SyntaxError && c.req.method !== "GET") return respond(c, refuse("malformed_json").refusal);
    if (isMoved(fault)) {
      return respond(c, refuse("unavailable", { detail: "The course is being moved.", retry_after: 1 }).refusal);
    }
    logFault("unhandled", fault, { request_id: c.get("requestId"), route: c.req.routePath });
    return respond(c, refuse("internal", { detail: "The fault was logged under this request id." }).refusal);
  });
  return app;
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
    const detail = "The server is not configured safely and refuses to serve.";
    return respond(c, refuse("unavailable", { detail }).refusal);
  };
}
