import { z } from "@hono/zod-openapi";
import { recordOncePerDay } from "../../audit/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { passOn, respond } from "../../platform/http/answers.ts";
import type { AppContext } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { courseSlugSchema } from "../../platform/ids.ts";
import { ok, type Refusal, type Result, refuse } from "../../platform/results.ts";
import { deleteDocuments, getDocuments, writeDocument } from "./documents.ts";
import { definitionsOf } from "./find.ts";
import { iri } from "./form/values.ts";
import { MAX_BODY } from "./limits.ts";
import { checkParameters, VERSIONS, type XapiRequest, xapiHeaders, xapiRequest } from "./request.ts";
import { readActor, STATEMENT_PARAMETERS } from "./sought.ts";
import { getStatements, postStatements, putStatement } from "./statement-resource.ts";
import { noteRefused } from "./statements.ts";
import { openStore, type Store } from "./store.ts";

// The resources of a learning record store, below /api/v1/xapi/<course>.

const RULE = "Keys with the scope xapi, for their courses; admins.";
const REFUSES = [
  "not_enabled",
  "not_found",
  "user_not_found",
  "statement_conflict",
  "document_exists",
  "precondition_failed",
  "concurrent_change",
  "quota_exceeded",
] as const;
const STATE = ["activityId", "agent", "stateId", "registration", "since"];
const ACTIVITY_PROFILE = ["activityId", "profileId", "since"];
const AGENT_PROFILE = ["agent", "profileId", "since"];

/** Documents are given back with the type that they came with. */
const any = { "*/*": { schema: z.unknown() } };
const withParts = { "application/json": { schema: z.unknown() }, "multipart/mixed": { schema: z.string() } };
const anyJson = { "application/json": { schema: z.unknown() } };
const anyBody = { content: { "*/*": { schema: z.unknown() } } };

function routeOf<const M extends "get" | "put" | "post" | "delete">(
  method: M,
  resource: string,
  operationId: string,
  summary: string,
  parameters: readonly string[],
) {
  const names = method === "post" ? [...parameters, "method"] : parameters;
  const query = z.object(Object.fromEntries(names.map((name) => [name, z.string().max(10_000).optional()])));
  return defineRoute(
    { roles: ["admin", "service"], scope: "xapi", rule: RULE, maxBody: MAX_BODY, refuses: REFUSES },
    {
      method,
      path: `/xapi/{course}/${resource}`,
      operationId,
      tags: ["xapi"],
      summary,
      request: {
        params: z.object({ course: courseSlugSchema }),
        query,
        ...(method === "put" || method === "post" ? { body: anyBody } : {}),
      },
      responses: {
        200: {
          description: "As xAPI has it.",
          content: resource === "statements" ? withParts : /state|profile/.test(resource) ? any : anyJson,
        },
        ...(method === "get" ? {} : { 204: { description: "Done." } }),
      },
    },
  );
}

type Handler = (c: AppContext, store: Store, request: XapiRequest) => Promise<Result<Response>>;
type Handlers = Partial<Record<string, Handler>>;

/** Answers a request in either syntax with the handler of its method. */
async function answer(c: AppContext, course: string, handlers: Handlers) {
  c.get("facts").course_id = course;
  const store = await openStore(c.env, course);
  if (!store.ok) return respond(c, store.refusal);
  const request = await xapiRequest(c);
  const method = request.ok ? request.value.method : c.req.method;
  const handler = handlers[method];
  const answered = !request.ok
    ? request
    : handler === undefined
      ? refuse("invalid_input", { errors: [{ path: "query.method", rule: "method", message: `no ${method} here` }] })
      : await handler(c, store.value, request.value);
  if (answered.ok) {
    const action = method === "GET" ? "xapi.read" : "xapi.written";
    const recorded = await recordOncePerDay(c, { action, target: { type: "course", id: course }, course });
    return recorded.ok ? passOn(answered.value) : respond(c, recorded.refusal);
  }
  if (method === "PUT" || method === "POST") await rememberRefusal(c, course, answered.refusal);
  return respond(c, answered.refusal);
}

/** What a refusal broke, for the page that shows it: nothing of what was sent. */
async function rememberRefusal(c: AppContext, course: string, { code, errors = [] }: Refusal): Promise<void> {
  const shown = errors.slice(0, 3).map(({ path, rule, message }) => ({
    path: path.replace(/[a-z][a-z0-9+.-]*:[^\]]*/gi, "…").slice(0, 200),
    rule,
    message: message.slice(0, 200),
  }));
  const refused = JSON.stringify({ code, errors: shown });
  await noteRefused(directory(c.env), course, Date.now(), refused).run();
}

const statements: Handlers = { GET: getStatements, PUT: putStatement, POST: postStatements };
const documents = (kind: "state" | "activity" | "agent"): Handlers => ({
  GET: (c, store, request) => getDocuments(c, store, kind, request),
  PUT: (c, store, request) => writeDocument(c, store, kind, request),
  POST: (c, store, request) => writeDocument(c, store, kind, request),
  DELETE: (c, store, request) => deleteDocuments(c, store, kind, request),
});

const activities: Handlers = {
  GET: async (c, { course }, request) => {
    const known = checkParameters(request, ["activityId"], ["activityId"]);
    if (!known.ok) return known;
    const id = request.query.get("activityId") ?? "";
    if (!iri.safeParse(id).success) {
      return refuse("invalid_input", { errors: [{ path: "query.activityId", rule: "iri", message: "an IRI" }] });
    }
    const definition = (await definitionsOf(c.env, course, [id])).get(id);
    return ok(Response.json({ objectType: "Activity", id, ...(definition === undefined ? {} : { definition }) }));
  },
};

/** A person is whom the request names: nothing is said of them that the caller does not know already. */
const agents: Handlers = {
  GET: async (_c, _store, request) => {
    const known = checkParameters(request, ["agent"], ["agent"]);
    if (!known.ok) return known;
    const found = readActor("agent", request.query.get("agent") ?? "");
    if (!found.ok) return found;
    const { name, mbox, mbox_sha1sum, openid, account } = found.value;
    const lists = Object.entries({ name, mbox, mbox_sha1sum, openid, account }).flatMap(([field, value]) =>
      value === undefined ? [] : [[field, [value]]],
    );
    return ok(Response.json({ objectType: "Person", ...Object.fromEntries(lists) }));
  },
};

const aboutRoute = defineRoute(
  { roles: "public", rule: "Says which versions are spoken." },
  {
    method: "get",
    path: "/xapi/{course}/about",
    operationId: "getXapiAbout",
    tags: ["xapi"],
    summary: "The versions of xAPI that this store speaks",
    request: { params: z.object({ course: courseSlugSchema }) },
    responses: {
      200: {
        description: "The versions.",
        content: { "application/json": { schema: z.object({ version: z.array(z.string()) }) } },
      },
    },
  },
);

/** The store of each course. */
export function xapiRoutes() {
  const router = newRouter();
  router.use("/xapi/*", xapiHeaders());
  return router
    .openapi(
      routeOf("get", "statements", "getXapiStatements", "Read one statement, or find statements", STATEMENT_PARAMETERS),
      (c) => answer(c, c.req.valid("param").course, statements),
    )
    .openapi(
      routeOf("put", "statements", "putXapiStatement", "Store one statement under its id", ["statementId"]),
      (c) => answer(c, c.req.valid("param").course, statements),
    )
    .openapi(routeOf("post", "statements", "postXapiStatements", "Store statements, all or none", []), (c) =>
      answer(c, c.req.valid("param").course, statements),
    )
    .openapi(
      routeOf("get", "activities/state", "getXapiState", "Read a document of state, or list their ids", STATE),
      (c) => answer(c, c.req.valid("param").course, documents("state")),
    )
    .openapi(routeOf("put", "activities/state", "putXapiState", "Write a document of state", STATE), (c) =>
      answer(c, c.req.valid("param").course, documents("state")),
    )
    .openapi(
      routeOf("post", "activities/state", "postXapiState", "Lay a JSON object over a document of state", STATE),
      (c) => answer(c, c.req.valid("param").course, documents("state")),
    )
    .openapi(
      routeOf("delete", "activities/state", "deleteXapiState", "Delete one document of state, or all", STATE),
      (c) => answer(c, c.req.valid("param").course, documents("state")),
    )
    .openapi(
      routeOf(
        "get",
        "activities/profile",
        "getXapiActivityProfile",
        "Read a profile of an activity, or list their ids",
        ACTIVITY_PROFILE,
      ),
      (c) => answer(c, c.req.valid("param").course, documents("activity")),
    )
    .openapi(
      routeOf(
        "put",
        "activities/profile",
        "putXapiActivityProfile",
        "Write a profile of an activity",
        ACTIVITY_PROFILE,
      ),
      (c) => answer(c, c.req.valid("param").course, documents("activity")),
    )
    .openapi(
      routeOf(
        "post",
        "activities/profile",
        "postXapiActivityProfile",
        "Lay a JSON object over a profile of an activity",
        ACTIVITY_PROFILE,
      ),
      (c) => answer(c, c.req.valid("param").course, documents("activity")),
    )
    .openapi(
      routeOf(
        "delete",
        "activities/profile",
        "deleteXapiActivityProfile",
        "Delete a profile of an activity",
        ACTIVITY_PROFILE,
      ),
      (c) => answer(c, c.req.valid("param").course, documents("activity")),
    )
    .openapi(
      routeOf(
        "get",
        "agents/profile",
        "getXapiAgentProfile",
        "Read a profile of an agent, or list their ids",
        AGENT_PROFILE,
      ),
      (c) => answer(c, c.req.valid("param").course, documents("agent")),
    )
    .openapi(
      routeOf("put", "agents/profile", "putXapiAgentProfile", "Write a profile of an agent", AGENT_PROFILE),
      (c) => answer(c, c.req.valid("param").course, documents("agent")),
    )
    .openapi(
      routeOf(
        "post",
        "agents/profile",
        "postXapiAgentProfile",
        "Lay a JSON object over a profile of an agent",
        AGENT_PROFILE,
      ),
      (c) => answer(c, c.req.valid("param").course, documents("agent")),
    )
    .openapi(
      routeOf("delete", "agents/profile", "deleteXapiAgentProfile", "Delete a profile of an agent", AGENT_PROFILE),
      (c) => answer(c, c.req.valid("param").course, documents("agent")),
    )
    .openapi(
      routeOf("get", "activities", "getXapiActivity", "What the store knows of an activity", ["activityId"]),
      (c) => answer(c, c.req.valid("param").course, activities),
    )
    .openapi(routeOf("post", "activities", "postXapiActivity", "The same in the alternate syntax of 1.0.3", []), (c) =>
      answer(c, c.req.valid("param").course, activities),
    )
    .openapi(routeOf("get", "agents", "getXapiAgent", "The identifiers of an agent as a person", ["agent"]), (c) =>
      answer(c, c.req.valid("param").course, agents),
    )
    .openapi(routeOf("post", "agents", "postXapiAgent", "The same in the alternate syntax of 1.0.3", []), (c) =>
      answer(c, c.req.valid("param").course, agents),
    )
    .openapi(aboutRoute, (c) => c.json({ version: [...VERSIONS] }, 200));
}
