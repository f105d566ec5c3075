import { z } from "@hono/zod-openapi";
import { sql } from "drizzle-orm";
import { addAuditEntryWhere, nudgeAudit } from "../audit/index.ts";
import { fetchCourse, mayManage } from "../courses/index.ts";
import { fileIdSchema } from "../files/index.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { logFault } from "../platform/log.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { reportKey } from "./keys.ts";
import { MAX_UNENDED } from "./limits.ts";
import type { ImportMessage } from "./messages.ts";
import { rosterSchema } from "./people-plan.ts";
import { IMPORT_RULE } from "./rights.ts";
import { importFor } from "./routes.ts";
import { peopleJobView, viewPeopleJob } from "./schemas.ts";
import { findImport, newestOf, noteAsked, peopleStatement } from "./store.ts";
import type { ImportRow } from "./tables.ts";

const TAGS = ["imports"];
const AUTHORS = ["author", "admin"] as const;
const OWN_RULE = "Own imports into courses of one's own; admins all.";
const PEOPLE = "/courses/imports/{id}/people";
const NO_STORE = { "cache-control": "no-store" };

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const importParam = z.object({ id: fileIdSchema });

const readRoute = defineRoute(
  { roles: AUTHORS, rule: OWN_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: PEOPLE,
    operationId: "getImportPeople",
    tags: TAGS,
    summary: "How far the look at the people of an archive is, and their import",
    request: { params: importParam },
    responses: {
      200: {
        description: "The newest of each; null where there is none.",
        content: json(
          z
            .object({ roster: z.union([peopleJobView, z.null()]), people: z.union([peopleJobView, z.null()]) })
            .openapi("ImportPeople"),
        ),
      },
    },
  },
);

const rosterRoute = defineRoute(
  { roles: AUTHORS, rule: OWN_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: `${PEOPLE}/roster`,
    operationId: "getImportRoster",
    tags: TAGS,
    summary: "Who is in the archive, and what importing them would do",
    request: { params: importParam },
    responses: { 200: { description: "The learners; kept for a week.", content: json(rosterSchema) } },
  },
);

const lookRoute = defineRoute(
  { roles: AUTHORS, rule: OWN_RULE, rate: "write", refuses: ["not_found", "quota_exceeded", "forbidden"] },
  {
    method: "post",
    path: `${PEOPLE}/roster`,
    operationId: "readImportRoster",
    tags: TAGS,
    summary: "Look at the people of an archive; nobody is enrolled by it",
    request: { params: importParam },
    responses: { 202: { description: "The look is under way, or was.", content: json(peopleJobView) } },
  },
);

const importRoute = defineRoute(
  {
    roles: AUTHORS,
    rule: OWN_RULE,
    rate: "write",
    refuses: ["not_found", "quota_exceeded", "forbidden", "course_unpublished"],
  },
  {
    method: "post",
    path: PEOPLE,
    operationId: "importPeople",
    tags: TAGS,
    summary: "Enroll the people of an archive whom verified addresses name, with what they did; harmless to repeat",
    request: { params: importParam },
    responses: { 202: { description: "The import is under way.", content: json(peopleJobView) } },
  },
);

/** The people of archives. Mounted at /api/v1. */
export function peopleRoutes() {
  return newRouter()
    .openapi(readRoute, async (c) => {
      const row = await importFor(c, c.req.valid("param").id);
      if (row === null) return respond(c, refuse("not_found").refusal);
      const { roster, people } = await jobsOf(c, row);
      const shown = { roster: roster && viewPeopleJob(roster), people: people && viewPeopleJob(people) };
      return c.json(shown, 200, NO_STORE);
    })
    .openapi(rosterRoute, async (c) => {
      const row = await importFor(c, c.req.valid("param").id);
      const roster = row === null ? null : await newestOf(databaseOf(c), "roster", row.id);
      const stored = roster?.reported === 1 ? await c.env.DOCUMENTS.get(reportKey(roster.id)) : null;
      if (stored === null) return respond(c, refuse("not_found").refusal);
      // Only rosters are stored under the keys of such jobs.
      return passOn(new Response(stored.body, { headers: { ...NO_STORE, "content-type": "application/json" } }));
    })
    .openapi(lookRoute, async (c) => {
      const row = await importFor(c, c.req.valid("param").id);
      if (row === null || row.held === 0) return respond(c, refuse("not_found").refusal);
      const begun = await beginJob(c, "roster", row);
      return begun.ok ? c.json(viewPeopleJob(begun.value), 202, NO_STORE) : respond(c, begun.refusal);
    })
    .openapi(importRoute, async (c) => {
      const row = await importFor(c, c.req.valid("param").id);
      const roster = row === null ? null : await newestOf(databaseOf(c), "roster", row.id);
      if (roster === null || roster.state !== "done" || roster.held === 0) {
        return respond(c, refuse("not_found", { detail: "Look at the people first." }).refusal);
      }
      const begun = await beginJob(c, "people", roster);
      return begun.ok ? c.json(viewPeopleJob(begun.value), 202, NO_STORE) : respond(c, begun.refusal);
    });
}

async function jobsOf(c: AppContext, { id }: ImportRow) {
  const db = databaseOf(c);
  const roster = await newestOf(db, "roster", id);
  return { roster, people: roster === null ? null : await newestOf(db, "people", roster.id) };
}

/** Begins a job about people, or returns the one that is under way. */
async function beginJob(c: AppContext, kind: "roster" | "people", from: ImportRow): Promise<Result<ImportRow>> {
  const db = databaseOf(c);
  const actor = actorOf(c);
  c.get("facts").course_id = from.course_slug;
  const course = await fetchCourse(db, from.course_slug);
  if (course === null) return refuse("not_found", { detail: "The import has made no course." });
  if (!mayManage(actor, course)) return refuse("forbidden", { detail: IMPORT_RULE });
  if (kind === "people" && course.pointer === null) return refuse("course_unpublished");
  const now = Date.now();
  const earlier = await newestOf(db, kind, from.id);
  if (earlier !== null && earlier.state !== "done" && earlier.state !== "failed") return ok(earlier);
  const id = crypto.randomUUID().replaceAll("-", "");
  const by = { kind, owner: actor.id, role: actor.role, request_id: c.get("requestId") };
  const entry = {
    action: "course.people_imported",
    actor,
    target: { type: "course", id: from.course_slug },
    course: from.course_slug,
    request_id: by.request_id,
    details: { kind },
    unique: id,
  } as const;
  const isThere = sql`EXISTS (SELECT 1 FROM course_imports WHERE id = ${id})`;
  await db.batch([peopleStatement(db, id, from, by, now), addAuditEntryWhere(db, entry, now, isThere)]);
  const row = await findImport(db, id);
  if (row === undefined) return refuse("quota_exceeded", { detail: `At most ${MAX_UNENDED} imports under way.` });
  try {
    await c.env.IMPORT_QUEUE.send({ type: "import", id } satisfies ImportMessage);
  } catch (fault) {
    // The minute cron asks again.
    logFault("import_not_sent", fault, { import: id });
    await noteAsked(db, [id], 0).catch((later: unknown) => logFault("import_not_sent", later, { import: id }));
  }
  nudgeAudit(c);
  return ok(row);
}
