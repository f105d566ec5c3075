import { z } from "@hono/zod-openapi";
import { addAuditEntryStatement, nudgeAudit } from "../../audit/index.ts";
import { findCourseForWrite, isSecret, may } from "../../courses/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../../platform/http/pagination.ts";
import { courseOfItem, courseSlugSchema } from "../../platform/ids.ts";
import { toInstant, toInstantOrNull } from "../../platform/instants.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { PEOPLE } from "../../platform/roles.ts";
import { acceptedSecrets } from "../../platform/secrets.ts";
import { statementIn } from "./kept.ts";
import { MAX_KEPT } from "./limits.ts";
import { DEFAULT_VERBS, FACTS, settingsSchema } from "./settings.ts";
import { newestOutcomes, setStore, storesAfter } from "./statements.ts";
import { findStore, readStore, type Store } from "./store.ts";

const TAGS = ["xapi"];
const RULE = "The owner of the course and its co-authors; admins.";
const MAX_SETTINGS = 1_000_000;
/** Statements that are shown with what became of them. */
const SHOWN = 20;

const params = z.object({ course: courseSlugSchema });
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

const summaryView = z
  .object({
    course: z.string(),
    on: z.boolean(),
    statements: z.int().openapi({ description: "Stored so far." }),
    most_statements: z.int(),
    last_stored_at: z.string().nullable(),
    last_refused: z
      .object({
        at: z.string(),
        code: z.string(),
        errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })),
      })
      .nullable()
      .openapi({ description: "Why a write was refused last. Nothing that was sent is kept." }),
  })
  .openapi("XapiStoreSummary");
const storeView = summaryView
  .extend({
    settings: settingsSchema,
    default_verbs: z.record(z.string(), z.enum(FACTS)),
    newest: z.array(
      z.object({
        id: z.string(),
        stored_at: z.string(),
        verb: z.string(),
        activity: z.string().nullable(),
        voided: z.boolean(),
        fact: z.string().nullable().openapi({
          description:
            "What became of its fact, in the words of an import; `waiting`: it is tried again; `no_fact`: it made none; null: it could make none, as its actor, verb or activity is not known here.",
        }),
      }),
    ),
  })
  .openapi("XapiStore");
const storeBody = settingsSchema
  .extend({ on: z.boolean().openapi({ description: "Off: the store answers 501 and keeps what it has." }) })
  .openapi("XapiStoreRequest");

const readRoute = defineRoute(
  { roles: PEOPLE, rule: RULE, refuses: ["course_not_found"] },
  {
    method: "get",
    path: "/courses/{course}/xapi",
    operationId: "getXapiStore",
    tags: TAGS,
    summary: "The course's store of learning records: its settings, the last statements, why one was refused",
    request: { params },
    responses: { 200: { description: "The store.", content: json(storeView) } },
  },
);
const setRoute = defineRoute(
  { roles: PEOPLE, rule: RULE, rate: "write", maxBody: MAX_SETTINGS, refuses: ["course_not_found"] },
  {
    method: "put",
    path: "/courses/{course}/xapi",
    operationId: "setXapiStore",
    tags: TAGS,
    summary: "Switch the course's store of learning records on or off, and say which statements become which facts",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params, body: { required: true, content: json(storeBody) } },
    responses: { 200: { description: "The store.", content: json(storeView) } },
  },
);
const listRoute = defineRoute(
  { roles: ["admin"], rule: "Admins." },
  {
    method: "get",
    path: "/system/xapi",
    operationId: "listXapiStores",
    tags: TAGS,
    summary: "The stores of learning records of all courses",
    request: { query: z.object(pageQuery) },
    responses: { 200: { description: "A page of stores.", content: json(pageSchema(summaryView)) } },
  },
);

const refusedSchema = z.object({
  code: z.string(),
  errors: z.array(z.object({ path: z.string(), rule: z.string(), message: z.string() })),
});
const outcomeRow = z.object({
  id: z.string(),
  stored: z.int(),
  voided: z.int(),
  outcome: z.string().nullable(),
  due: z.int().nullable(),
  body: z.string(),
});

function summaryOf({ course, isOn, kept, storedAt, refusedAt, refused }: Store): z.infer<typeof summaryView> {
  const last = refused === null ? null : refusedSchema.parse(JSON.parse(refused));
  return {
    course,
    on: isOn,
    statements: kept,
    most_statements: MAX_KEPT,
    last_stored_at: toInstantOrNull(storedAt),
    last_refused: last === null || refusedAt === null ? null : { at: toInstant(refusedAt), ...last },
  };
}

async function viewOf(env: Env, course: string): Promise<z.infer<typeof storeView>> {
  const store = (await findStore(env, course)) ?? {
    course,
    isOn: false,
    settings: settingsSchema.parse({}),
    kept: 0,
    storedAt: null,
    refusedAt: null,
    refused: null,
  };
  const { results } = await newestOutcomes(directory(env), course, SHOWN).all();
  const newest = results.map((row) => {
    const { id, stored, voided, outcome, due, body } = outcomeRow.parse(row);
    const { verb, object } = statementIn({ stored, body });
    const activity = object.objectType === undefined || object.objectType === "Activity" ? object.id : null;
    const fact = due === null ? outcome : "waiting";
    return { id, stored_at: toInstant(stored), verb: verb.id, activity, voided: voided === 1, fact };
  });
  return { ...summaryOf(store), settings: store.settings, default_verbs: { ...DEFAULT_VERBS }, newest };
}

async function mayManage(c: AppContext, slug: string): Promise<Result<null>> {
  c.get("facts").course_id = slug;
  const course = await findCourseForWrite(() => databaseOf(c), slug);
  if (course === null) return refuse("course_not_found");
  if (may(actorOf(c), "manage", course)) return ok(null);
  if (isSecret(course) && !may(actorOf(c), "read", course)) return refuse("course_not_found");
  return refuse("forbidden", { detail: RULE });
}

/** What staff and operators see and set of stores. */
export function xapiSettingsRoutes() {
  return newRouter()
    .openapi(readRoute, async (c) => {
      const { course } = c.req.valid("param");
      const allowed = await mayManage(c, course);
      return allowed.ok ? c.json(await viewOf(c.env, course), 200) : respond(c, allowed.refusal);
    })
    .openapi(setRoute, async (c) => {
      const { course } = c.req.valid("param");
      const allowed = await mayManage(c, course);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const { on, ...settings } = c.req.valid("json");
      const errors = Object.entries(settings.items)
        .filter(([, { item }]) => courseOfItem(item) !== course)
        .slice(0, SHOWN)
        .map(([activity]) => ({
          path: `items.${activity}.item`,
          rule: "other_course",
          message: "an item of this course",
        }));
      if (errors.length > 0) return respond(c, refuse("invalid_input", { errors }).refusal);
      const db = directory(c.env);
      const now = Date.now();
      const text = JSON.stringify(settings);
      const entry = {
        action: "xapi.changed" as const,
        actor: actorOf(c),
        target: { type: "course", id: course },
        course,
        request_id: c.get("requestId"),
      };
      await db.batch([setStore(db, course, on ? 1 : 0, text, now), addAuditEntryStatement(db, entry, now)]);
      nudgeAudit(c);
      return c.json(await viewOf(c.env, course), 200);
    })
    .openapi(listRoute, async (c) => {
      const found = await paginate(
        acceptedSecrets(c.env),
        "xapi stores",
        c.req.valid("query"),
        async (after, take) => (await storesAfter(directory(c.env), after ?? "", take).all()).results.map(readStore),
        ({ course }) => course,
      );
      if (!found.ok) return respond(c, found.refusal);
      return c.json({ results: found.value.page.map(summaryOf), next_cursor: found.value.next }, 200);
    });
}
