import type { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { auditRoutes, auditSection } from "./audit/index.ts";
import { backupRoutes, backupSection } from "./backup/index.ts";
import { courseRoutes } from "./courses/index.ts";
import {
  askForWarmUp,
  enrollmentRoutes,
  impactOf,
  markCourseStale,
  queueSection,
  unlockSection,
} from "./enrollment/index.ts";
import { endStreams, eventRoutes, eventSection } from "./events/index.ts";
import { fileRoutes, fileSection } from "./files/index.ts";
import { authentication, identityRoutes } from "./identity/index.ts";
import { insightRoutes, modelSection } from "./insight/index.ts";
import {
  deadLetterRoutes,
  docsHeaders,
  logFault,
  metricsRoutes,
  mountHealth,
  mountScrape,
  readinessSection,
  renderDocs,
  requestLog,
  switchRoutes,
  switchSection,
} from "./ops/index.ts";
import { presenceRoutes } from "./presence/index.ts";
import { privacyRoutes, privacySection } from "./privacy/index.ts";
import { recordRoutes, recordSection } from "./records/index.ts";
import { type AppContext, type AppEnv, newRouter, respond } from "./shared/http.ts";
import { refuse } from "./shared/results.ts";
import { type AcceptedSecrets, acceptedSecrets, secretDefect } from "./shared/secrets.ts";
import { securityHeaders } from "./shared/security-headers.ts";

/** How long a browser remembers what a preflight answered, seconds. */
const PREFLIGHT_SECONDS = 7_200;

/** What is read from the truth when somebody scrapes; each room tells its own. */
const SECTIONS = [
  unlockSection,
  queueSection,
  recordSection,
  auditSection,
  eventSection,
  fileSection,
  privacySection,
  readinessSection,
  switchSection,
  backupSection,
  modelSection,
];

/** The Hono app: middleware once, then one line per feature router. */
export function createApi(): OpenAPIHono<AppEnv> {
  const app = newRouter();
  app.use(requestLog());
  app.use(securityHeaders());
  mountHealth(app);
  mountScrape(app, SECTIONS);
  app.get("/openapi.json", (c) => c.json(openApiDocument(app, new URL(c.req.url).origin)));
  app.get("/docs", async (c) => {
    const { origin } = new URL(c.req.url);
    return c.body(renderDocs(openApiDocument(app, origin), { origin }), 200, await docsHeaders());
  });
  app.use("/api/*", crossOrigin());
  app.use("/api/*", safeSecret());
  app.use("/api/*", authentication());
  app.route("/api/v1", identityRoutes({ sessionEnded: endStreams }));
  app.route("/api/v1", courseRoutes({ markStale: markCourseStale, impactOf, warm: askForWarmUp }));
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
  app.route("/api/v1", metricsRoutes(SECTIONS));
  app.route("/api/v1", backupRoutes());
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
  });

  app.notFound((c) => respond(c, refuse("not_found").refusal));
  app.onError((fault, c) => {
    if (fault instanceof HTTPException && fault.status === 400) return respond(c, refuse("malformed_json").refusal);
    if (fault instanceof HTTPException && fault.status === 415) {
      return respond(c, refuse("unsupported_media_type").refusal);
    }
    if (fault instanceof SyntaxError && c.req.method !== "GET") return respond(c, refuse("malformed_json").refusal);
    logFault("unhandled", fault, { request_id: c.get("requestId"), route: c.req.routePath });
    return respond(c, refuse("internal", { detail: "The fault was logged under this request id." }).refusal);
  });
  return app;
}

/** The API's description, made from the schemas that validate. */
export function openApiDocument(app: OpenAPIHono<AppEnv>, origin: string) {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Latchkey",
      version: "1",
      description: "Who may open what, right now: courses, enrollments, unlock states and the reasons for every lock.",
    },
    servers: [{ url: origin }],
  });
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
      "x-request-id",
    ],
    exposeHeaders: [
      "content-disposition",
      "content-range",
      "etag",
      "retry-after",
      "x-request-id",
      "idempotency-replayed",
    ],
    maxAge: PREFLIGHT_SECONDS,
  });
  return (c, next) => (c.env.ALLOWED_ORIGINS === "" ? next() : middleware(c, next));
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
