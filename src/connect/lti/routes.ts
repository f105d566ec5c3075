import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { refuse } from "../../platform/results.ts";
import { LEAVING_MS, signOutNow } from "./leave.ts";
import { MAX_PLATFORMS } from "./registration.ts";
import { ADMIN, entryOf, json, TAGS } from "./routes-common.ts";
import { resultsRoutes } from "./routes-results.ts";
import { serviceRoutes } from "./routes-services.ts";
import { toolRoutes } from "./routes-tool.ts";
import { platformBody, platformDetail, platformParam, platformView } from "./schemas.ts";
import { setFor } from "./set-platform.ts";
import { contextsOf, dropContextsOf, dropMembersOf } from "./statements/contexts.ts";
import { dropPeopleOf, sendAway } from "./statements/people.ts";
import { dropPlatform, everyPlatform, platformById } from "./statements/platforms.ts";
import { dropResultsOf } from "./statements/results.ts";
import { dropScoresOf } from "./statements/scores.ts";
import { platformRow } from "./tables.ts";
import { contextRow, viewContext, viewPlatform } from "./views.ts";

/** Courses of one platform that are shown. */
const MAX_CONTEXTS = 200;

const listRoute = defineRoute(ADMIN, {
  method: "get",
  path: "/lti/platforms",
  operationId: "listLtiPlatforms",
  tags: TAGS,
  summary: "Platforms that may launch, and how the last launch of each went",
  responses: { 200: { description: "All of them.", content: json(pageSchema(platformView)) } },
});
const seeRoute = defineRoute(
  { ...ADMIN, refuses: ["not_found"] },
  {
    method: "get",
    path: "/lti/platforms/{platform}",
    operationId: "getLtiPlatform",
    tags: TAGS,
    summary: "One platform",
    request: { params: platformParam },
    responses: { 200: { description: "The platform.", content: json(platformDetail) } },
  },
);
const setRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["no_effect"] },
  {
    method: "put",
    path: "/lti/platforms/{platform}",
    operationId: "setLtiPlatform",
    tags: TAGS,
    summary: "Register a platform, or change it",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: platformParam,
      body: { required: true, content: json(platformBody.openapi("LtiPlatformRequest")) },
    },
    responses: { 200: { description: "The platform.", content: json(platformView) } },
  },
);
const removeRoute = defineRoute(
  { ...ADMIN, rate: "write" },
  {
    method: "delete",
    path: "/lti/platforms/{platform}",
    operationId: "removeLtiPlatform",
    tags: TAGS,
    summary:
      "Remove a platform; its people are signed out at once, keep their accounts and enrollments, and cannot come in by it any more",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: platformParam },
    responses: {
      200: {
        description: "Removed. `changed`: whether it was there before.",
        content: json(z.object({ id: z.string(), changed: z.boolean() }).openapi("LtiPlatformRemoved")),
      },
    },
  },
);

/** What operators call. */
export function ltiRoutes() {
  return newRouter()
    .route("/", toolRoutes())
    .route("/", serviceRoutes())
    .route("/", resultsRoutes())
    .openapi(listRoute, async (c) => {
      const { results } = await everyPlatform(directory(c.env), "", MAX_PLATFORMS).all();
      return c.json(
        {
          results: await Promise.all(
            z
              .array(platformRow)
              .parse(results)
              .map((row) => viewPlatform(c.env, row)),
          ),
          next_cursor: null,
        },
        200,
      );
    })
    .openapi(seeRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const row = await platformById(directory(c.env), id).first();
      if (row === null) return respond(c, refuse("not_found").refusal);
      const { results } = await contextsOf(directory(c.env), id, MAX_CONTEXTS).all();
      const contexts = z.array(contextRow).parse(results).map(viewContext);
      return c.json({ ...(await viewPlatform(c.env, platformRow.parse(row))), contexts }, 200);
    })
    .openapi(setRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const given = c.req.valid("json");
      const set = await setFor(c, id, given);
      return set.ok ? c.json(await viewPlatform(c.env, set.value), 200) : respond(c, set.refusal);
    })
    .openapi(removeRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const db = directory(c.env);
      if ((await platformById(db, id).first()) === null) return c.json({ id, changed: false }, 200);
      const now = Date.now();
      await db.batch([
        dropPlatform(db, id),
        sendAway(db, id, now + LEAVING_MS),
        dropPeopleOf(db, id),
        dropScoresOf(db, id),
        dropContextsOf(db, id),
        dropResultsOf(db, id),
        dropMembersOf(db, id),
        entryOf(c, "lti.platform_removed", id),
      ]);
      nudgeAudit(c);
      await signOutNow(c.env, now);
      return c.json({ id, changed: true }, 200);
    });
}
