import { z } from "@hono/zod-openapi";
import { nudgeAudit } from "../../audit/index.ts";
import { fetchCourse, loadProgram } from "../../courses/index.ts";
import { directory } from "../../platform/database/shards.ts";
import { respond } from "../../platform/http/answers.ts";
import { type AppContext, databaseOf } from "../../platform/http/context.ts";
import { defineRoute, newRouter } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { type FieldError, refuse } from "../../platform/results.ts";
import { outside } from "./outside.ts";
import { ADMIN, entryOf, json, TAGS } from "./routes-common.ts";
import { contextView, platformParam, resultsBody } from "./schemas.ts";
import { contextOf } from "./statements/contexts.ts";
import { platformById } from "./statements/platforms.ts";
import { askForResults, dropResultsOfColumn, setResults } from "./statements/results.ts";
import { contextRow, viewContext } from "./views.ts";

const setRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["not_found"] },
  {
    method: "put",
    path: "/lti/platforms/{platform}/results",
    operationId: "setLtiResults",
    tags: TAGS,
    summary: "Say which columns of the gradebook of one of its courses are read, and for which items",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: platformParam,
      body: { required: true, content: json(resultsBody.openapi("LtiResultsRequest")) },
    },
    responses: { 200: { description: "The course of the platform.", content: json(contextView) } },
  },
);
const askRoute = defineRoute(
  { ...ADMIN, rate: "write", refuses: ["not_found"] },
  {
    method: "post",
    path: "/lti/platforms/{platform}/results",
    operationId: "readLtiResults",
    tags: TAGS,
    summary:
      "Read the gradebooks of a platform now, with everything they say; by itself what differs is read each night",
    middleware: [idempotent("harmless")],
    request: { headers: idempotencyHeader, params: platformParam },
    responses: {
      200: {
        description: "How many gradebooks of the platform are read within a minute.",
        content: json(z.object({ id: z.string(), courses: z.int() }).openapi("LtiResultsAsked")),
      },
    },
  },
);

const reachedRow = contextRow.extend({ columns_url: z.string().nullable(), members_url: z.string() });

/** What is wrong with columns: their addresses, and the items. */
async function faultsIn(
  c: AppContext,
  { course: slug, columns }: z.output<typeof resultsBody>,
  { columns_url, members_url }: z.output<typeof reachedRow>,
): Promise<FieldError[]> {
  const faults: FieldError[] = [];
  const say = (path: string, rule: string, message: string) => faults.push({ path, rule, message });
  const { check } = outside(c.env);
  // The token is for the server that a launch has named.
  const origin = new URL(columns_url ?? members_url).origin;
  const course = columns.length === 0 ? null : await fetchCourse(databaseOf(c), slug);
  const version = course?.pointer?.version;
  if (columns.length > 0 && version === undefined) say("course", "unpublished", "The course is not published.");
  const program = version === undefined ? null : await loadProgram(databaseOf(c), slug, version);
  for (const [index, { line_item, item }] of columns.entries()) {
    const path = `columns.${index}`;
    const fault = check(line_item);
    if (fault !== null) faults.push({ path: `${path}.line_item`, ...fault });
    else if (new URL(line_item).origin !== origin) {
      say(`${path}.line_item`, "other_server", `The gradebook of this platform is at ${origin}.`);
    }
    if (columns.findIndex((one) => one.line_item === line_item) < index) {
      say(`${path}.line_item`, "duplicate", "Each column is read for one item.");
    }
    if (program !== null && !program.indexOf.has(item)) {
      say(`${path}.item`, "unknown_item", "The published course has no such item.");
    }
  }
  return faults;
}

/** What operators say of results that come in. */
export function resultsRoutes() {
  return newRouter()
    .openapi(setRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const given = c.req.valid("json");
      const db = directory(c.env);
      if ((await platformById(db, id).first()) === null) return respond(c, refuse("not_found").refusal);
      const key = [id, given.deployment, given.context, given.course] as const;
      const found = await contextOf(db, ...key).first();
      if (found === null) {
        const message = "Nobody has opened this course from there yet with a right to its gradebook or its members.";
        const errors = [{ path: "context", rule: "unknown_context", message }];
        return respond(c, refuse("invalid_input", { errors }).refusal);
      }
      const before = reachedRow.parse(found);
      const errors = await faultsIn(c, given, before);
      if (errors.length > 0) return respond(c, refuse("invalid_input", { errors }).refusal);
      const columns = JSON.stringify(given.columns);
      const named = new Set(given.columns.map(({ line_item }) => line_item));
      const gone = before.results.filter(({ line_item }) => !named.has(line_item));
      await db.batch([
        setResults(db, ...key, columns, Date.now()),
        ...gone.map(({ line_item }) => dropResultsOfColumn(db, ...key, line_item)),
        entryOf(c, "lti.results_set", id),
      ]);
      nudgeAudit(c);
      const after = await contextOf(db, ...key).first();
      // Removed at this moment, with its platform.
      if (after === null) return respond(c, refuse("not_found").refusal);
      return c.json(viewContext(contextRow.parse(after)), 200);
    })
    .openapi(askRoute, async (c) => {
      const { platform: id } = c.req.valid("param");
      const db = directory(c.env);
      if ((await platformById(db, id).first()) === null) return respond(c, refuse("not_found").refusal);
      const [asked] = await db.batch([askForResults(db, id, Date.now()), entryOf(c, "lti.results_asked", id)]);
      nudgeAudit(c);
      return c.json({ id, courses: asked?.meta.changes ?? 0 }, 200);
    });
}
