import { appOf } from "./app.ts";
import { AT_EDGE } from "./at-edge.ts";
import { inApi, type LazyApi, lazily } from "./platform/http/lazy-api.ts";

// What one feature needs is imported by its line below, and evaluated with the first request for it.

/** One line per feature, in the order in which routes are compared with a path. Paths of /api/v1 stand without it. Those of AT_EDGE
 * are answered by the edge already. */
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
  lazily(
    ["/.well-known/authzen-configuration"],
    async () => (await import("./connect/decisions/routes.ts")).mountDecisionDiscovery,
  ),
  AT_EDGE.passKeys,
  inApi(["/auth", "/users"], async () => {
    const [{ identityRoutes }, { isKnown }] = await Promise.all([
      import("./identity/routes.ts"),
      import("./privacy/known.ts"),
    ]);
    return identityRoutes({ isKnown });
  }),
  inApi(["/auth/passkeys", "/auth/sign-in/passkey"], async () =>
    (await import("./identity/ways/routes-passkeys.ts")).passkeyRoutes(),
  ),
  inApi(["/keys"], async () => (await import("./identity/keys/routes.ts")).keyRoutes()),
  inApi(["/courses/*/items/*/files", "/courses/*/files"], async () =>
    (await import("./imports/file-routes.ts")).itemFileRoutes(),
  ),
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
  AT_EDGE.reads,
  AT_EDGE.passes,
  AT_EDGE.writes,
  inApi(
    [
      "/courses/*/enrollments",
      "/courses/*/releases",
      "/courses/*/stale",
      "/courses/*/items/*/regrade",
      "/problems/*/submissions",
      "/submissions",
      "/enrollments",
      "/system/freshness",
    ],
    async () => (await import("./enrollment/routes.ts")).enrollmentRoutes(),
  ),
  AT_EDGE.events,
  inApi(["/events/archive"], async () => (await import("./events/archive-routes.ts")).archiveRoutes()),
  inApi(["/courses/*/class"], async () => (await import("./enrollment/routes-class.ts")).classRoutes()),
  inApi(["/translation"], async () => (await import("./records/routes.ts")).recordRoutes()),
  inApi(["/storage/files"], async () => (await import("./files/read-routes.ts")).fileReadRoutes()),
  inApi(["/storage"], async () => (await import("./files/upload-routes.ts")).uploadRoutes()),
  inApi(["/audit"], async () => (await import("./audit/routes.ts")).auditRoutes()),
  inApi(["/courses/*/insight", "/enrollments/*/insight", "/insight"], async () =>
    (await import("./insight/routes.ts")).insightRoutes(),
  ),
  AT_EDGE.presence,
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
      "/courses/*/relock",
      "/courses/*/pause",
      "/courses/*/resume",
      "/invitations",
    ],
    async () => (await import("./people/routes.ts")).peopleRoutes(),
  ),
  inApi(["/organizations", "/courses/*/organization", "/users/batch"], async () =>
    (await import("./people/organizations/routes.ts")).organizationRoutes(),
  ),
  inApi(["/webhooks", "/courses/*/webhooks"], async () =>
    (await import("./connect/webhooks/routes.ts")).webhookRoutes(),
  ),
  inApi(["/auth/sign-on", "/identity-providers", "/group-rules"], async () =>
    (await import("./connect/sso/routes.ts")).singleSignOnRoutes(),
  ),
  inApi(["/scim"], async () => (await import("./connect/scim/routes.ts")).scimRoutes()),
  inApi(["/decisions"], async () => (await import("./connect/decisions/routes.ts")).decisionRoutes()),
  inApi(["/courses/*/xapi", "/system/xapi"], async () =>
    (await import("./connect/xapi/routes-settings.ts")).xapiSettingsRoutes(),
  ),
  inApi(["/xapi"], async () => (await import("./connect/xapi/routes.ts")).xapiRoutes()),
  inApi(["/ofrep/v1"], async () => (await import("./connect/ofrep/routes.ts")).ofrepRoutes()),
  lazily(["/lti"], async () => (await import("./connect/lti/mount.ts")).mountLti),
  inApi(["/lti"], async () => (await import("./connect/lti/routes.ts")).ltiRoutes()),
  inApi(
    [
      "/courses/*/next",
      "/courses/*/search",
      "/courses/*/calendar",
      "/courses/*/certificate",
      "/courses/*/certificates",
      "/courses/*/notices",
      "/courses/*/messages",
      "/courses/*/places",
      "/calendars",
      "/certificates",
      "/observed",
    ],
    async () => (await import("./learner/routes.ts")).learnerRoutes(),
  ),
  inApi(["/users", "/erasures"], async () => (await import("./privacy/routes.ts")).privacyRoutes()),
  inApi(["/system/dead-letters"], async () => (await import("./ops/dead-letter-routes.ts")).deadLetterRoutes()),
  inApi(["/system/mails"], async () => (await import("./mail/routes.ts")).mailRoutes()),
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

/** The whole API. The Worker behind the edge serves all of it, so that it answers whatever the edge forwards. */
export function createApi(): LazyApi {
  return appOf(FEATURES);
}
