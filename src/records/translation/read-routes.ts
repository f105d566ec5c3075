import { z } from "@hono/zod-openapi";
import { respond } from "../../platform/http/answers.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { userIdSchema } from "../../platform/ids.ts";
import { toInstant } from "../../platform/instants.ts";
import { ROLES } from "../../platform/roles.ts";
import { registryOf } from "../backends/index.ts";
import { query } from "../query.ts";
import { callJournal, journalOf } from "../stubs.ts";
import { journalTotals } from "../totals.ts";
import { list, ownerAsked, readOne, viewPage, viewSession, viewTask } from "./reading.ts";
import { sessionIdSchema, sessionView, taskIdSchema, taskView } from "./schemas.ts";
import { SESSION, STATUSES, TASK } from "./types.ts";

const TAGS = ["translation"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const ownRule = { roles: ROLES, scope: "records", rule: "Own records. Services and admins: all records." } as const;

const order = z.enum(["asc", "desc"]).default("asc");
const sessionList = z.object({
  ...pageQuery,
  owner: userIdSchema.optional().openapi({ description: "Services and admins. Others see their own." }),
  status: z.enum(STATUSES).optional(),
  source_language: z.string().max(40).optional(),
  target_language: z.string().max(40).optional(),
  sort: z.enum(["created_at", "updated_at"]).default("created_at"),
  order,
});
const taskList = z.object({
  ...pageQuery,
  status: z.enum(STATUSES).optional(),
  sort: z.enum(["position", "updated_at"]).default("position"),
  order,
});

const listSessionsRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/sessions",
  operationId: "listTranslationSessions",
  tags: TAGS,
  summary: "Sessions, filtered and sorted",
  request: { query: sessionList },
  responses: { 200: { description: "A page of sessions.", content: json(pageSchema(sessionView)) } },
});
const readSessionRoute = defineRoute(
  { ...ownRule, refuses: ["not_found"] },
  {
    method: "get",
    path: "/translation/sessions/{id}",
    operationId: "getTranslationSession",
    tags: TAGS,
    summary: "The latest acknowledged state of a session, with its tasks by state",
    request: { params: z.object({ id: sessionIdSchema }) },
    responses: {
      200: {
        description: "The session.",
        content: json(sessionView.extend({ tasks: z.record(z.enum(STATUSES), z.int()) })),
      },
    },
  },
);
const listTasksOfSessionRoute = defineRoute(
  { ...ownRule, refuses: ["not_found"] },
  {
    method: "get",
    path: "/translation/sessions/{id}/tasks",
    operationId: "listTasksOfSession",
    tags: TAGS,
    summary: "Tasks of a session, in their latest acknowledged state",
    request: { params: z.object({ id: sessionIdSchema }), query: taskList },
    responses: { 200: { description: "A page of tasks.", content: json(pageSchema(taskView)) } },
  },
);
const listTasksRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/tasks",
  operationId: "listTranslationTasks",
  tags: TAGS,
  summary: "Tasks of all sessions, in the order of their last change",
  request: {
    query: z.object({ ...pageQuery, owner: userIdSchema.optional(), status: z.enum(STATUSES).optional(), order }),
  },
  responses: { 200: { description: "A page of tasks.", content: json(pageSchema(taskView)) } },
});
const readTaskRoute = defineRoute(
  { ...ownRule, refuses: ["not_found"] },
  {
    method: "get",
    path: "/translation/tasks/{id}",
    operationId: "getTranslationTask",
    tags: TAGS,
    summary: "The latest acknowledged state of a task",
    request: { params: z.object({ id: taskIdSchema }) },
    responses: { 200: { description: "The task.", content: json(taskView) } },
  },
);
const statsRoute = defineRoute(
  { roles: ["service", "admin"], scope: "records", rule: "Services and admins." },
  {
    method: "get",
    path: "/translation/stats",
    operationId: "getTranslationStats",
    tags: TAGS,
    summary: "Records in the journals, and records that they have stored",
    responses: {
      200: {
        description: "The present numbers of all journals.",
        content: json(
          z.object({
            pending: z.int(),
            parked: z.int(),
            oldest_pending_ms: z.number(),
            acknowledged: z.int(),
            duplicates: z.int(),
            persisted: z.int(),
            purges: z.int(),
            last_flush_at: z.string().nullable(),
            errors: z.array(z.object({ journal: z.int(), error: z.string() })),
            backends: z.record(z.string(), z.object({ status: z.enum(["ok", "unavailable"]), latency_ms: z.number() })),
          }),
        ),
      },
    },
  },
);

/** Reading translation records, to be mounted at /api/v1. */
export function translationReadRoutes() {
  return newRouter()
    .openapi(listSessionsRoute, async (c) => {
      const { owner, status, source_language, target_language, sort, order: direction, ...page } = c.req.valid("query");
      const whose = ownerAsked(c, owner);
      if (!whose.ok) return respond(c, whose.refusal);
      const build = () =>
        query(SESSION)
          .whereGiven("owner", "=", whose.value)
          .whereGiven("status", "=", status)
          .whereGiven("source_language", "=", source_language)
          .whereGiven("target_language", "=", target_language)
          .sortBy(sort, direction === "desc");
      const found = await list(c, SESSION, sort, page, build, [
        whose.value,
        status,
        source_language,
        target_language,
        direction,
      ]);
      return found.ok ? c.json(viewPage(found.value, viewSession), 200) : respond(c, found.refusal);
    })
    .openapi(readSessionRoute, async (c) => {
      const { id } = c.req.valid("param");
      const found = await readOne(c, SESSION, id, id);
      if (!found.ok) return respond(c, found.refusal);
      const tasks = await callJournal(c.env, journalOf(found.value.owner), (stub) => stub.progress(id));
      return tasks.ok ? c.json({ ...viewSession(found.value), tasks: tasks.value }, 200) : respond(c, tasks.refusal);
    })
    .openapi(listTasksOfSessionRoute, async (c) => {
      const { id } = c.req.valid("param");
      const { status, sort, order: direction, ...page } = c.req.valid("query");
      const known = await readOne(c, SESSION, id, id);
      if (!known.ok) return respond(c, known.refusal);
      // Acknowledged items must be in the list: they are stored first, then everything is read in order.
      const flushed = await callJournal(c.env, journalOf(known.value.owner), (stub) => stub.flush());
      if (!flushed.ok) return respond(c, flushed.refusal);
      const build = () =>
        query(TASK)
          .where("session_id", "=", id)
          .whereGiven("status", "=", status)
          .sortBy(sort, direction === "desc");
      const found = await list(c, TASK, sort, page, build, [id, status, direction]);
      return found.ok ? c.json(viewPage(found.value, viewTask), 200) : respond(c, found.refusal);
    })
    .openapi(listTasksRoute, async (c) => {
      const { owner, status, order: direction, ...page } = c.req.valid("query");
      const whose = ownerAsked(c, owner);
      if (!whose.ok) return respond(c, whose.refusal);
      const build = () =>
        query(TASK)
          .whereGiven("owner", "=", whose.value)
          .whereGiven("status", "=", status)
          .sortBy("updated_at", direction === "desc");
      const found = await list(c, TASK, "updated_at", page, build, [whose.value, status, direction]);
      return found.ok ? c.json(viewPage(found.value, viewTask), 200) : respond(c, found.refusal);
    })
    .openapi(readTaskRoute, async (c) => {
      const { id } = c.req.valid("param");
      const found = await readOne(c, TASK, id, id.slice(0, id.lastIndexOf(":")));
      return found.ok ? c.json(viewTask(found.value), 200) : respond(c, found.refusal);
    })
    .openapi(statsRoute, async (c) => {
      const totals = await journalTotals(c.env);
      return c.json(
        {
          pending: totals.pending,
          parked: totals.parked,
          oldest_pending_ms: totals.oldest_ms,
          acknowledged: totals.acknowledged,
          duplicates: totals.duplicates,
          persisted: totals.persisted,
          purges: totals.purges,
          last_flush_at: totals.flushed_at === 0 ? null : toInstant(totals.flushed_at),
          errors: totals.errors.map(({ journal, error }) => ({ journal, error })),
          backends: await registryOf(c.env).health(),
        },
        200,
      );
    });
}
