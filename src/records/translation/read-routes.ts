import { z } from "@hono/zod-openapi";
import { type AppContext, actorOf, defineRoute, newRouter, respond } from "../../shared/http.ts";
import { userIdSchema } from "../../shared/ids.ts";
import { toInstant } from "../../shared/instants.ts";
import { pageQuery, pageSchema, paginate } from "../../shared/pagination.ts";
import { ok, type Result, refuse } from "../../shared/results.ts";
import { ROLES } from "../../shared/roles.ts";
import { registryOf } from "../backends/index.ts";
import { type QueryBuilder, query } from "../query.ts";
import { callJournal, journalOf } from "../stubs.ts";
import { journalTotals } from "../totals.ts";
import { fieldOf, type RecordType, type StoredRecord } from "../types.ts";
import { ownerFor, reachesAll } from "./access.ts";
import { restoreStream } from "./restore.ts";
import { sessionIdSchema, sessionView, taskIdSchema, taskView } from "./schemas.ts";
import { OPEN_STATUSES, SESSION, STATUSES, TASK } from "./types.ts";

const TAGS = ["translation"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const ownRule = { roles: ROLES, rule: "Own records; services and admins everybody's." } as const;

const order = z.enum(["asc", "desc"]).default("asc");
const sessionList = z.object({
  ...pageQuery,
  owner: userIdSchema.optional().openapi({ description: "Services and admins; others see their own." }),
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
  tags: TAGS,
  summary: "Sessions, filtered and sorted",
  request: { query: sessionList },
  responses: { 200: { description: "A page of sessions.", content: json(pageSchema(sessionView)) } },
});
const readSessionRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/sessions/{id}",
  tags: TAGS,
  summary: "A session as last acknowledged, with its tasks by state",
  request: { params: z.object({ id: sessionIdSchema }) },
  responses: {
    200: {
      description: "The session.",
      content: json(sessionView.extend({ tasks: z.record(z.enum(STATUSES), z.int()) })),
    },
  },
});
const listTasksOfSessionRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/sessions/{id}/tasks",
  tags: TAGS,
  summary: "Tasks of a session, as last acknowledged",
  request: { params: z.object({ id: sessionIdSchema }), query: taskList },
  responses: { 200: { description: "A page of tasks.", content: json(pageSchema(taskView)) } },
});
const listTasksRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/tasks",
  tags: TAGS,
  summary: "Tasks of all sessions, in the order of their last change",
  request: {
    query: z.object({ ...pageQuery, owner: userIdSchema.optional(), status: z.enum(STATUSES).optional(), order }),
  },
  responses: { 200: { description: "A page of tasks.", content: json(pageSchema(taskView)) } },
});
const readTaskRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/tasks/{id}",
  tags: TAGS,
  summary: "A task as last acknowledged",
  request: { params: z.object({ id: taskIdSchema }) },
  responses: { 200: { description: "The task.", content: json(taskView) } },
});
const incompleteRoute = defineRoute(ownRule, {
  method: "get",
  path: "/translation/recovery/incomplete-sessions",
  tags: TAGS,
  summary: "Sessions with work left, the longest untouched first",
  request: { query: z.object({ ...pageQuery, owner: userIdSchema.optional() }) },
  responses: { 200: { description: "A page of sessions.", content: json(pageSchema(sessionView)) } },
});
const restoreRoute = defineRoute(
  { ...ownRule, rate: "write" },
  {
    method: "post",
    path: "/translation/recovery/restore/{id}",
    tags: TAGS,
    summary: "A session and its pending and processing tasks, as a stream of lines",
    request: { params: z.object({ id: sessionIdSchema }) },
    responses: {
      200: {
        description:
          'Line 1 the session, then a task each, last `{"end": true, "tasks": n}`; without it the stream was cut.',
        content: { "text/jsonl": { schema: z.string() } },
      },
    },
  },
);
const statsRoute = defineRoute(
  { roles: ["service", "admin"], rule: "Services and admins." },
  {
    method: "get",
    path: "/translation/stats",
    tags: TAGS,
    summary: "What the journals hold, and what they have stored",
    responses: {
      200: {
        description: "Numbers of now, over all journals.",
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
      // What was acknowledged is seen: it is stored first, then read in order.
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
    .openapi(incompleteRoute, async (c) => {
      const { owner, ...page } = c.req.valid("query");
      const whose = ownerAsked(c, owner);
      if (!whose.ok) return respond(c, whose.refusal);
      const build = () =>
        query(SESSION).whereGiven("owner", "=", whose.value).where("status", "in", OPEN_STATUSES).sortBy("updated_at");
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

/** Whose records a list shows: the caller's own, or whose a service asks for; undefined is everybody's. */
function ownerAsked(c: AppContext, owner: string | undefined): Result<string | undefined> {
  const actor = actorOf(c);
  if (reachesAll(actor)) return ok(owner);
  return owner === undefined || owner === actor.id
    ? ok(actor.id)
    : refuse("forbidden", { detail: "These are not yours." });
}

/** One record as last acknowledged: from the journal if it is newer there. */
async function readOne(c: AppContext, type: RecordType, id: string, session: string): Promise<Result<StoredRecord>> {
  const owner = ownerFor(actorOf(c), id);
  if (!owner.ok) return owner;
  const waiting = await callJournal(c.env, journalOf(owner.value), (stub) => stub.pending(session, [id]));
  if (!waiting.ok) return waiting;
  if (waiting.value.deleted) return refuse("not_found");
  const [record = (await registryOf(c.env).primary(type).read(type, [id]))[0]] = waiting.value.records;
  return record === undefined ? refuse("not_found") : ok(record);
}

async function list(
  c: AppContext,
  type: RecordType,
  sort: string,
  page: { limit: number; cursor?: string | undefined },
  build: () => QueryBuilder,
  scope: readonly (string | undefined)[],
): Promise<Result<{ page: StoredRecord[]; next: string | null }>> {
  return paginate(
    c.env.AUTH_SECRET,
    `${type.name} ${sort} ${JSON.stringify(scope)}`,
    page,
    (after, take) => {
      const position = after === null ? null : positionSchema.parse(JSON.parse(after));
      return registryOf(c.env).primary(type).query(type, build().limit(take).after(position).build());
    },
    (record) => JSON.stringify({ value: fieldOf(record, sort), id: record.id }),
  );
}

const positionSchema = z.object({ value: z.union([z.string(), z.number(), z.null()]), id: z.string() });

function viewPage<T>({ page, next }: { page: StoredRecord[]; next: string | null }, view: (record: StoredRecord) => T) {
  return { results: page.map(view), next_cursor: next };
}

function viewSession(record: StoredRecord): z.output<typeof sessionView> {
  return sessionView.parse({ ...JSON.parse(record.body), ...stampsOf(record) });
}

function viewTask(record: StoredRecord): z.output<typeof taskView> {
  return taskView.parse({ ...JSON.parse(record.body), ...stampsOf(record) });
}

function stampsOf({ created_at, updated_at }: StoredRecord) {
  return { created_at: toInstant(created_at), updated_at: toInstant(updated_at) };
}
