import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit, type OwnEntry } from "../../audit/index.ts";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { pageSchema } from "../../platform/http/pagination.ts";
import { toInstant } from "../../platform/instants.ts";
import { type FieldError, refuse } from "../../platform/results.ts";
import { rotateNow } from "./keys.ts";
import { usualOrigins } from "./kinds.ts";
import { outside } from "./outside.ts";
import { isTaken, MAX_PLATFORMS, REGISTRATION_SECONDS, registrationLink } from "./registration.ts";
import {
  platformBody,
  platformDetail,
  platformParam,
  platformView,
  registrationBody,
  registrationView,
  syncBody,
  toolView,
} from "./schemas.ts";
import {
  askForMembers,
  contextsOf,
  dropContextsOf,
  dropMembersOf,
  dropPeopleOf,
  dropPlatform,
  dropScoresOf,
  everyPlatform,
  platformById,
  resendScores,
  setPlatform,
} from "./statements.ts";
import { type Platform, platformRow } from "./tables.ts";
import { contextRow, viewContext, viewPlatform, viewTool } from "./views.ts";

const TAGS = ["lti"];
const RULE = "Admins.";
/** Courses of one platform that are shown. */
const MAX_CONTEXTS = 200;
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const ADMIN = { roles: ["admin"], rule: RULE } as const;

const toolRoute = defineRoute(ADMIN, {
  method: "get",
  path: "/lti/tool",
  operationId: "getLtiTool",
  tags: TAGS,
  summary: "What a platform has to know of this tool, and the ages of its keys",
  responses: { 200: { description: "The tool.", content: json(toolView) } },
});
const rotateRoute = defineRoute(
  { ...ADMIN, rate: "write" },
  {
    method: "post",
    path: "/lti/keys",
    operationId: "rotateLtiKey",
    tags: TAGS,
    summary: "Publish another key, which signs from the next day on",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader },
    responses: { 200: { description: "The tool.", content: json(toolView) } },
  },
);
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
    summary: "Remove a platform; its people keep their accounts and enrollments, and cannot come in by it any more",
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

const registerRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["not_enabled", "no_effect"] },
  {
    method: "post",
    path: "/lti/registrations",
    operationId: "openLtiRegistration",
    tags: TAGS,
    summary: "Make a link by which a platform registers this tool by itself (dynamic registration)",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      body: { required: true, content: json(registrationBody.openapi("LtiRegistrationRequest")) },
    },
    responses: { 201: { description: "The link.", content: json(registrationView) } },
  },
);
const syncRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["not_found"] },
  {
    method: "post",
    path: "/lti/platforms/{platform}/sync",
    operationId: "readLtiMembers",
    tags: TAGS,
    summary: "Read the members of all courses of a platform now; by itself that is done each night",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: platformParam,
      body: { required: true, content: json(syncBody.openapi("LtiSyncRequest")) },
    },
    responses: {
      200: {
        description: "How many courses of the platform are read within a minute.",
        content: json(z.object({ id: z.string(), courses: z.int() }).openapi("LtiSyncAsked")),
      },
    },
  },
);
const resendRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["not_found"] },
  {
    method: "post",
    path: "/lti/platforms/{platform}/resend",
    operationId: "resendLtiScores",
    tags: TAGS,
    summary: "Send scores again that a platform has not taken",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: platformParam },
    responses: {
      200: {
        description: "How many are sent again within a minute.",
        content: json(z.object({ id: z.string(), scores: z.int() }).openapi("LtiScoresResent")),
      },
    },
  },
);

/** What operators call. */
export function ltiRoutes() {
  return newRouter()
    .openapi(toolRoute, async (c) => c.json(await viewTool(c), 200, { "cache-control": "no-store" }))
    .openapi(rotateRoute, async (c) => {
      await rotateNow(c.env, Date.now());
      await directory(c.env).batch([entryOf(c, "lti.key_rotated", "keys")]);
      nudgeAudit(c);
      return c.json(await viewTool(c), 200, { "cache-control": "no-store" });
    })
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
      const errors = faultsIn(c.env, given);
      if (errors.length > 0) return respond(c, refuse("invalid_input", { errors }).refusal);
      const { kind, issuer, auth_url, deployments, courses, teachers } = given;
      const origins = given.origins ?? usualOrigins(kind, issuer, auth_url);
      const db = directory(c.env);
      try {
        await db.batch([
          setPlatform(
            db,
            id,
            given.name,
            kind,
            issuer,
            given.client_id,
            auth_url,
            given.token_url,
            given.jwks_url,
            JSON.stringify({ deployments, origins, courses, teachers }),
            actorOf(c).id,
            Date.now(),
            MAX_PLATFORMS,
          ),
          entryOf(c, "lti.platform_set", id),
        ]);
      } catch (fault) {
        if (!isTaken(fault)) throw fault;
        const message = "Another platform here has this issuer and client id.";
        return respond(c, refuse("invalid_input", { errors: [{ path: "client_id", rule: "taken", message }] }).refusal);
      }
      nudgeAudit(c);
      const row = await platformById(db, id).first();
      if (row === null) {
        return respond(c, refuse("no_effect", { detail: `There are at most ${MAX_PLATFORMS} platforms.` }).refusal);
      }
      return c.json(await viewPlatform(c.env, platformRow.parse(row)), 200);
    })
    .openapi(registerRoute, async (c) => {
      const { platform, ...rest } = c.req.valid("json");
      const origin = publicOrigin(c.env, c.req.url);
      if (origin === null) return respond(c, refuse("not_enabled", { detail: "Set PUBLIC_URL first." }).refusal);
      const db = directory(c.env);
      if ((await platformById(db, platform).first()) !== null) {
        return respond(c, refuse("no_effect", { detail: "A platform of this id is registered already." }).refusal);
      }
      const now = Date.now();
      const address = await registrationLink(c.env, origin, { platform, ...rest, by: actorOf(c).id }, now);
      await db.batch([entryOf(c, "lti.registration_opened", platform)]);
      nudgeAudit(c);
      const expires_at = toInstant(now + REGISTRATION_SECONDS * 1_000);
      return c.json({ platform, address, expires_at }, 201, { "cache-control": "no-store" });
    })
    .openapi(syncRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const { confirm_removed } = c.req.valid("json");
      const db = directory(c.env);
      if ((await platformById(db, id).first()) === null) return respond(c, refuse("not_found").refusal);
      const [asked] = await db.batch([
        askForMembers(db, id, Date.now(), confirm_removed ?? null),
        entryOf(c, "lti.members_asked", id),
      ]);
      nudgeAudit(c);
      return c.json({ id, courses: asked?.meta.changes ?? 0 }, 200);
    })
    .openapi(resendRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const db = directory(c.env);
      if ((await platformById(db, id).first()) === null) return respond(c, refuse("not_found").refusal);
      const [resent] = await db.batch([resendScores(db, id, Date.now()), entryOf(c, "lti.scores_resent", id)]);
      nudgeAudit(c);
      return c.json({ id, scores: resent?.meta.changes ?? 0 }, 200);
    })
    .openapi(removeRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const db = directory(c.env);
      if ((await platformById(db, id).first()) === null) return c.json({ id, changed: false }, 200);
      await db.batch([
        dropPlatform(db, id),
        dropPeopleOf(db, id),
        dropScoresOf(db, id),
        dropContextsOf(db, id),
        dropMembersOf(db, id),
        entryOf(c, "lti.platform_removed", id),
      ]);
      nudgeAudit(c);
      return c.json({ id, changed: true }, 200);
    });
}

function entryOf(c: AppContext, action: OwnEntry["action"], id: string): D1PreparedStatement {
  const target = { type: "lti", id };
  const entry = { action, actor: actorOf(c), target, request_id: c.get("requestId") };
  return addAuditEntryStatement(directory(c.env), entry, Date.now());
}

/** Its addresses are fetched, or people are sent there: all are https, and of the public network. */
function faultsIn(env: Env, given: Pick<Platform, "auth_url" | "token_url" | "jwks_url">): FieldError[] {
  return (["auth_url", "token_url", "jwks_url"] as const).flatMap((path) => {
    const fault = outside(env).check(given[path]);
    return fault === null ? [] : [{ path, ...fault }];
  });
}
