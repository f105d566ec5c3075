import { z } from "@hono/zod-openapi";
import { respond } from "../../platform/http/answers.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { userIdSchema } from "../../platform/ids.ts";
import { ROLES } from "../../platform/roles.ts";
import { registryOf } from "../backends/index.ts";
import { query } from "../query.ts";
import { callJournal, journalOf } from "../stubs.ts";
import { list, ownerAsked, readOne, viewPage, viewSession, viewTask } from "./reading.ts";
import { restoreStream } from "./restore.ts";
import { sessionIdSchema, sessionView } from "./schemas.ts";
import { OPEN_STATUSES, SESSION } from "./types.ts";

const TAGS = ["translation"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const ownRule = { roles: ROLES, scope: "records", rule: "Own records. Services and admins: all records." } as const;

const incompleteRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/recovery/incomplete-sessions",
  operationId: "listIncompleteSessions",
  tags: TAGS,
  summary: "Sessions with unfinished tasks, the longest unchanged first",
  request: { query: z.object({ ...pageQuery, owner: userIdSchema.optional() }) },
  responses: { 200: { description: "A page of sessions.", content: json(pageSchema(sessionView)) } },
});
const restoreRoute = defineRoute(
  { ...ownRule, rate: "write", refuses: ["not_found"] },
  {
    method: "post",
    path: "/translation/recovery/restore/{id}",
    operationId: "restoreSession",
    tags: TAGS,
    summary: "A session and its pending and processing tasks, as a stream of lines",
    request: { params: z.object({ id: sessionIdSchema }) },
    responses: {
      200: {
        description:
          'The first line is the session, then one task on each line, then `{"end": true, "tasks": n}`. If that is missing, the stream was cut.',
        content: { "text/jsonl": { schema: z.string() } },
      },
    },
  },
);

/** Finding work that was left, and taking it up again. Mounted at /api/v1. */
export function recoveryRoutes() {
  return newRouter()
    .openapi(incompleteRoute, async (c) => {
      const { owner, ...page } = c.req.valid("query");
      const whose = ownerAsked(c, owner);
      if (!whose.ok) return respond(c, whose.refusal);
      // One state at a time for everybody's: an index has each in the order of its last change. An owner's are few.
      const all = () => query(SESSION).whereGiven("owner", "=", whose.value).sortBy("updated_at");
      const build = () =>
        whose.value === undefined
          ? OPEN_STATUSES.map((status) => all().where("status", "=", status))
          : all().where("status", "in", OPEN_STATUSES);
      const found = await list(c, SESSION, "updated_at", page, build, [whose.value, "incomplete"]);
      return found.ok ? c.json(viewPage(found.value, viewSession), 200) : respond(c, found.refusal);
    })
    .openapi(restoreRoute, async (c) => {
      const { id } = c.req.valid("param");
      const session = await readOne(c, SESSION, id, id);
      if (!session.ok) return respond(c, session.refusal);
      const flushed = await callJournal(c.env, journalOf(session.value.owner), (stub) => stub.flush());
      if (!flushed.ok) return respond(c, flushed.refusal);
      const headers = { "content-type": "text/jsonl; charset=utf-8", "cache-control": "no-store" };
      return new Response(restoreStream(registryOf(c.env), session.value, viewSession, viewTask), { headers });
    });
}
