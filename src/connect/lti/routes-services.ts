import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { refuse } from "../../platform/results.ts";
import { ADMIN, entryOf, json, TAGS } from "./routes-common.ts";
import { platformParam, syncBody } from "./schemas.ts";
import { askForMembers } from "./statements/contexts.ts";
import { platformById } from "./statements/platforms.ts";
import { resendScores } from "./statements/scores.ts";

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

/** What goes to and comes from a platform: asked for by hand. */
export function serviceRoutes() {
  return newRouter()
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
    });
}
