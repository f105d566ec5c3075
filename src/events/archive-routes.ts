import { z } from "@hono/zod-openapi";
import { and, asc, eq, sql } from "drizzle-orm";
import { orderAudit } from "../audit/index.ts";
import { respond } from "../platform/http/answers.ts";
import { actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { userIdSchema } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { refuse } from "../platform/results.ts";
import { ROLES } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { publishAll } from "./publishing.ts";
import { publishAnswer } from "./schemas.ts";
import { eventLog } from "./tables.ts";
import { EVENT_TYPES, LEVELS, PRIORITIES, subjectOf } from "./types.ts";

const TAGS = ["events"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const archivedSchema = z
  .object({
    id: z.string().openapi({ description: "Position in the receiver's log, from the publisher's answer." }),
    user_id: z.string().nullable().openapi({ description: "Null: everybody." }),
    type: z.enum(EVENT_TYPES),
    at: z.string(),
    level: z.enum(LEVELS),
    priority: z.enum(PRIORITIES),
    data: z.record(z.string(), z.unknown()),
    topic: z
      .string()
      .nullable()
      .openapi({ description: "The topic to whose subscribers it was sent; null: it was sent to `user_id`." }),
  })
  .openapi("ArchivedEvent");

const listRoute = defineRoute(
  { roles: ["service", "admin"], scope: "publish", rule: "Services and admins." },
  {
    method: "get",
    path: "/events/archive",
    operationId: "listArchivedEvents",
    tags: TAGS,
    summary: "Important events of the last seven days, oldest first",
    request: {
      query: z.object({ ...pageQuery, user_id: userIdSchema.optional(), type: z.enum(EVENT_TYPES).optional() }),
    },
    responses: { 200: { description: "A page of events.", content: json(pageSchema(archivedSchema)) } },
  },
);

const replayRoute = defineRoute(
  {
    roles: ["service", "admin"],
    scope: "publish",
    rule: "Services and admins.",
    rate: "write",
    refuses: ["not_found"],
  },
  {
    method: "post",
    path: "/events/archive/{id}/replay",
    operationId: "replayArchivedEvent",
    tags: TAGS,
    summary: "Send an archived event to its receivers once more, as a new event",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: z.object({ id: z.string().min(1).max(40) }) },
    responses: { 200: { description: "The result.", content: json(publishAnswer) } },
  },
);

const dataSchema = z.record(z.string(), z.unknown());

/** The record of important events, to be mounted at /api/v1. */
export function archiveRoutes() {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const { user_id, type, ...page } = c.req.valid("query");
      const scope = `event archive ${user_id ?? ""} ${type ?? ""}`;
      const found = await paginate(
        acceptedSecrets(c.env),
        scope,
        page,
        (after, take) => {
          const [at = "0", id = ""] = after?.split(" ") ?? [];
          return databaseOf(c)
            .select()
            .from(eventLog)
            .where(
              and(
                user_id === undefined ? undefined : eq(eventLog.user_id, user_id),
                type === undefined ? undefined : eq(eventLog.type, type),
                sql`(${eventLog.at}, ${eventLog.id}) > (${Number(at)}, ${id})`,
              ),
            )
            .orderBy(asc(eventLog.at), asc(eventLog.id))
            .limit(take)
            .all();
        },
        (row) => `${row.at} ${row.id}`,
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map(({ at, roles: _roles, data, ...row }) => ({
        ...row,
        at: toInstant(at),
        data: dataSchema.parse(JSON.parse(data)),
      }));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(replayRoute, async (c) => {
      const { id } = c.req.valid("param");
      const row = await databaseOf(c).select().from(eventLog).where(eq(eventLog.id, id)).get();
      if (row === undefined) return respond(c, refuse("not_found").refusal);
      const { type, level, priority, data } = row;
      const roles = row.roles === null ? null : ROLES.filter((role) => row.roles?.split(",").includes(role));
      const call = c.req.valid("header")["idempotency-key"] ?? crypto.randomUUID();
      const key = `replay:${id}:${actorOf(c).id}:${call}`;
      const event = {
        key,
        type,
        level,
        priority,
        roles,
        data,
        subject: subjectOf(type, dataSchema.parse(JSON.parse(data))),
        topic: row.topic,
      };
      const ordered = await orderAudit(c, {
        action: "event.replayed",
        target: { type: "event", id },
        details: { kind: type },
      });
      if (!ordered.ok) return respond(c, ordered.refusal);
      const [outcome] = await publishAll(c.env, [{ user: row.user_id, event }]);
      if (outcome === undefined || outcome.status === "unavailable") {
        return respond(
          c,
          refuse("unavailable", { detail: "The receiver could not be reached.", retry_after: 1 }).refusal,
        );
      }
      return c.json({ results: [{ ...outcome, ...(row.user_id === null ? {} : { user: row.user_id }) }] }, 200);
    });
}
