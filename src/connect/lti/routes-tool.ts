import { nudgeAudit } from "../../audit/index.ts";
import { publicOrigin } from "../../mail/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { actorOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { toInstant } from "../../platform/instants.ts";
import { refuse } from "../../platform/results.ts";
import { anotherKey, withoutKey } from "./keys.ts";
import { REGISTRATION_SECONDS, registrationLink } from "./registration.ts";
import { ADMIN, entryOf, json, TAGS } from "./routes-common.ts";
import { keyParam, registrationBody, registrationView, toolView } from "./schemas.ts";
import { platformById } from "./statements/platforms.ts";
import { viewTool } from "./views.ts";

const toolRoute = defineRoute(ADMIN, {
  method: "get",
  path: "/lti/tool",
  operationId: "getLtiTool",
  tags: TAGS,
  summary: "What a platform has to know of this tool, and the ages of its keys",
  responses: { 200: { description: "The tool.", content: json(toolView) } },
});
const rotateRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["no_effect"] },
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
const retireRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["not_found"] },
  {
    method: "delete",
    path: "/lti/keys/{kid}",
    operationId: "retireLtiKey",
    tags: TAGS,
    summary: "Take a key away at once: it is published no more, and signs nothing more",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: keyParam },
    responses: { 200: { description: "The tool.", content: json(toolView) } },
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
/** The tool itself: its addresses, its keys, and links by which a platform registers it. */
export function toolRoutes() {
  return newRouter()
    .openapi(toolRoute, async (c) => c.json(await viewTool(c), 200, { "cache-control": "no-store" }))
    .openapi(rotateRoute, async (c) => {
      const another = await anotherKey(c.env, Date.now());
      if (another === null) {
        const detail = "A key that was published less than a day ago waits already. Retire the one that must not sign.";
        return respond(c, refuse("no_effect", { detail }).refusal);
      }
      await directory(c.env).batch([another, entryOf(c, "lti.key_rotated", "keys")]);
      nudgeAudit(c);
      return c.json(await viewTool(c), 200, { "cache-control": "no-store" });
    })
    .openapi(retireRoute, async (c) => {
      const { kid } = c.req.valid("param");
      const changes = await withoutKey(c.env, kid, Date.now());
      if (changes === null) return respond(c, refuse("not_found").refusal);
      await directory(c.env).batch([...changes, entryOf(c, "lti.key_retired", kid)]);
      nudgeAudit(c);
      return c.json(await viewTool(c), 200, { "cache-control": "no-store" });
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
    });
}
