import { z } from "@hono/zod-openapi";
import { noteRefusedSignIn } from "../audit/index.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { pageQuery, pageSchema } from "../platform/http/pagination.ts";
import { ROLES } from "../platform/roles.ts";
import { TOO_MANY_GUESSES, withinPasswordLimit } from "./password-limit.ts";
import { answer, answerEnding, body, depsOf, EVERYTHING, NO_STORE, TAGS } from "./routes-common.ts";
import { changePasswordBody, endedView, sessionView } from "./schemas.ts";
import { listSessions, revokeSession } from "./sessions.ts";
import { changePassword } from "./users.ts";

const listSessionsRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Own sessions only." },
  {
    method: "get",
    path: "/auth/sessions",
    operationId: "listSessions",
    tags: TAGS,
    summary: "List your sessions",
    request: { query: z.object(pageQuery) },
    responses: { 200: answer("Sessions that have not ended.", pageSchema(sessionView)) },
  },
);

const revokeSessionRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Own sessions only.", rate: "write", refuses: ["not_found"] },
  {
    method: "delete",
    path: "/auth/sessions/{id}",
    operationId: "endSession",
    tags: TAGS,
    summary: "End one of your sessions",
    request: { params: z.object({ id: z.string().min(1).max(64) }) },
    responses: { 204: { description: "The session has ended." } },
  },
);

const endSessionsRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Own sessions only.", rate: "write" },
  {
    method: "delete",
    path: "/auth/sessions",
    operationId: "endAllSessions",
    tags: TAGS,
    summary: "Sign out everywhere",
    request: {
      query: z.object({
        keep_current: z
          .enum(["true", "false"])
          .default("false")
          .openapi({ description: "True: end all sessions except this one." }),
      }),
    },
    responses: { 200: answer("The sessions have ended.", endedView) },
  },
);

const passwordRoute = defineRoute(
  { roles: ROLES, scope: null, rule: "Your own; limited per user.", rate: "write", refuses: ["invalid_credentials"] },
  {
    method: "post",
    path: "/auth/password",
    operationId: "changePassword",
    tags: TAGS,
    summary: "Change your password; every other session ends",
    request: body(changePasswordBody),
    responses: { 200: answer("Changed.", endedView) },
  },
);

export function sessionRoutes() {
  return newRouter()
    .openapi(listSessionsRoute, async (c) => {
      const page = await listSessions(depsOf(c), actorOf(c), c.req.valid("query"));
      return page.ok ? c.json(page.value, 200, NO_STORE) : respond(c, page.refusal);
    })
    .openapi(revokeSessionRoute, async (c) => {
      const { id } = c.req.valid("param");
      const revoked = await revokeSession(depsOf(c), actorOf(c), id);
      return revoked.ok ? c.body(null, 204) : respond(c, revoked.refusal);
    })
    .openapi(endSessionsRoute, async (c) => {
      const { id, session } = actorOf(c);
      const keep = c.req.valid("query").keep_current === "true";
      // If the caller's token has no session, it cannot be told from the user's other tokens: then only sessions end.
      return answerEnding(c, id, keep ? { except: session, everything: session !== null } : EVERYTHING);
    })
    .openapi(passwordRoute, async (c) => {
      const { id, session } = actorOf(c);
      if (!(await withinPasswordLimit(c.env, id))) return respond(c, TOO_MANY_GUESSES.refusal);
      const { db, now } = depsOf(c);
      const changed = await changePassword(db, id, c.req.valid("json"), now);
      if (!changed.ok) c.executionCtx.waitUntil(noteRefusedSignIn(c, { user: id }, Date.now()));
      return changed.ok
        ? answerEnding(c, id, { except: session, everything: session !== null })
        : respond(c, changed.refusal);
    });
}
