import { z } from "@hono/zod-openapi";
import { sql } from "drizzle-orm";
import { nudgeAudit } from "../audit/index.ts";
import { demandLengthOfUsers, fileIdSchema, fileNameSchema } from "../files/index.ts";
import type { Database } from "../platform/database/counted.ts";
import { directory } from "../platform/database/shards.ts";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { courseSlugSchema } from "../platform/ids.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { PEOPLE } from "../platform/roles.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { courseFor, courseParam, json, MANAGE_RULE, TAGS } from "./common.ts";
import { entryOfCourse } from "./members.ts";
import { askForRun } from "./rosters/nightly.ts";
import { previewSchema, type RosterPreview } from "./rosters/shapes.ts";
import { fileKey, findRun, findSource, makeRun, previewKey } from "./rosters/store.ts";
import { MAX_FILE_BYTES } from "./rosters/unpack.ts";
import { runDetail, runView, sourceNameSchema, viewRun } from "./rosters/views.ts";
import { confirmRun } from "./statements.ts";
import { type RunRow, rosterRuns, type SourceRow } from "./tables.ts";

const FILES_PATH = "/courses/{course}/roster/sources/{source}/files";
const NO_STORE = { "cache-control": "no-store" };
/** What a roster may be sent as. */
const TYPES: readonly string[] = [
  "application/zip",
  "application/x-zip-compressed",
  "application/octet-stream",
  "text/csv",
];
const BYTES = { required: true, content: { "*/*": { schema: z.string().openapi({ format: "binary" }) } } };
const sourceParams = z.object({ course: courseSlugSchema, source: sourceNameSchema });
const runParams = z.object({ course: courseSlugSchema, id: fileIdSchema });

const sendRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: MANAGE_RULE,
    rate: "write",
    maxBody: MAX_FILE_BYTES,
    refuses: ["not_found", "length_required", "file_type_not_allowed", "course_unpublished", "concurrent_change"],
  },
  {
    method: "post",
    path: FILES_PATH,
    operationId: "sendRoster",
    tags: TAGS,
    summary: "Send a roster file: the body is its bytes. It is read, and waits to be confirmed",
    request: {
      params: sourceParams,
      query: z.object({ name: fileNameSchema.optional().openapi({ description: "Name of the file, for messages." }) }),
      headers: z.object({
        "content-type": z
          .string()
          .max(200)
          .optional()
          .openapi({ description: `One of: ${TYPES.join(", ")}.` }),
      }),
      body: BYTES,
    },
    responses: { 202: { description: "The run, which reads the file now.", content: json(runView) } },
  },
);
const askRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: MANAGE_RULE,
    rate: "write",
    refuses: ["not_found", "course_unpublished", "concurrent_change", "no_effect"],
  },
  {
    method: "post",
    path: "/courses/{course}/roster/sources/{source}/runs",
    operationId: "runRosterSource",
    tags: TAGS,
    summary: "Fetch a source now. It is read, and waits to be confirmed",
    middleware: [idempotent("never")],
    request: { headers: idempotencyHeader, params: sourceParams },
    responses: { 202: { description: "The run.", content: json(runView) } },
  },
);
const listRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE },
  {
    method: "get",
    path: "/courses/{course}/roster/runs",
    operationId: "listRosterRuns",
    tags: TAGS,
    summary: "Runs of the rosters of a course, the newest first; kept for 30 days",
    request: { params: courseParam, query: z.object(pageQuery) },
    responses: { 200: { description: "A page of runs.", content: json(pageSchema(runView)) } },
  },
);
const readRoute = defineRoute(
  { roles: PEOPLE, rule: MANAGE_RULE, refuses: ["not_found"] },
  {
    method: "get",
    path: "/courses/{course}/roster/runs/{id}",
    operationId: "getRosterRun",
    tags: TAGS,
    summary: "How far a run is, and who comes, goes and changes by it",
    request: { params: runParams },
    responses: { 200: { description: "The run with its preview.", content: json(runDetail) } },
  },
);
const confirmRoute = defineRoute(
  {
    roles: PEOPLE,
    rule: MANAGE_RULE,
    rate: "write",
    refuses: ["not_found", "removal_unconfirmed", "concurrent_change"],
  },
  {
    method: "post",
    path: "/courses/{course}/roster/runs/{id}/confirm",
    operationId: "confirmRosterRun",
    tags: TAGS,
    summary: "Carry out what a run has planned; harmless to repeat",
    middleware: [idempotent("harmless")],
    request: {
      headers: idempotencyHeader,
      params: runParams,
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              confirm_removed: z.int().min(0).nullable().default(null).describe("How many learners are meant to go."),
            })
            .openapi("RosterConfirmation"),
        ),
      },
    },
    responses: { 202: { description: "It is carried out now, or was.", content: json(runView) } },
  },
);

/** Runs of rosters: a file is read, somebody looks at what it would change, and it is carried out. */
export function rosterRunRoutes() {
  const router = newRouter();
  router.post("/courses/:course/roster/sources/:source/files", demandLengthOfUsers);
  return router
    .openapi(sendRoute, async (c) => {
      const { course, source: name } = c.req.valid("param");
      const type = c.req.valid("header")["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
      if (!TYPES.includes(type)) {
        return respond(c, refuse("file_type_not_allowed", { detail: `Accepted are: ${TYPES.join(", ")}.` }).refusal);
      }
      const source = await sourceFor(c, course, name);
      if (!source.ok) return respond(c, source.refusal);
      const id = newId();
      // Held in memory: it is small, and a body that breaks off leaves nothing behind.
      await c.env.DOCUMENTS.put(fileKey(id), await c.req.arrayBuffer());
      const file_name = c.req.valid("query").name ?? (source.value.format === "csv" ? "roster.csv" : "roster.zip");
      const run = await begin(c, source.value, { id, begun: "sent", file_name });
      if (!run.ok) await c.env.DOCUMENTS.delete(fileKey(id));
      return run.ok ? c.json(viewRun(run.value), 202, NO_STORE) : respond(c, run.refusal);
    })
    .openapi(askRoute, async (c) => {
      const { course, source: name } = c.req.valid("param");
      const source = await sourceFor(c, course, name);
      if (!source.ok) return respond(c, source.refusal);
      const { address, kind } = source.value;
      if (kind === "upload" || address === null) {
        return respond(
          c,
          refuse("no_effect", { detail: "Files of this source are sent; there is nothing to fetch." }).refusal,
        );
      }
      const file_name =
        address
          .split(/[/?]/)
          .findLast((part) => part !== "")
          ?.slice(0, 100) ?? name;
      const run = await begin(c, source.value, { id: newId(), begun: "asked", file_name });
      return run.ok ? c.json(viewRun(run.value), 202, NO_STORE) : respond(c, run.refusal);
    })
    .openapi(listRoute, async (c) => {
      const course = await courseFor(c, c.req.valid("param").course, "manage");
      if (!course.ok) return respond(c, course.refusal);
      const { slug } = course.value;
      const found = await paginate(
        acceptedSecrets(c.env),
        `roster runs ${slug}`,
        c.req.valid("query"),
        (after, take) => {
          const [at = Number.MAX_SAFE_INTEGER, id = ""] = after?.split(" ") ?? [];
          return databaseOf(c)
            .select()
            .from(rosterRuns)
            .where(sql`course_slug = ${slug} AND (created_at, id) < (${Number(at)}, ${id})`)
            .orderBy(sql`created_at DESC, id DESC`)
            .limit(take)
            .all();
        },
        (row) => `${row.created_at} ${row.id}`,
      );
      if (!found.ok) return respond(c, found.refusal);
      return c.json({ results: found.value.page.map(viewRun), next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(readRoute, async (c) => {
      const { course, id } = c.req.valid("param");
      const run = await runFor(c, course, id);
      if (!run.ok) return respond(c, run.refusal);
      return c.json({ ...viewRun(run.value), preview: await previewOf(c, run.value) }, 200, NO_STORE);
    })
    .openapi(confirmRoute, async (c) => {
      const { course, id } = c.req.valid("param");
      const run = await runFor(c, course, id);
      if (!run.ok) return respond(c, run.refusal);
      const row = run.value;
      if (row.state !== "planned") {
        const isDone = ["confirmed", "applying", "done"].includes(row.state);
        if (isDone) return c.json(viewRun(row), 202, NO_STORE);
        return respond(c, refuse("concurrent_change", { detail: "The run is not waiting to be confirmed." }).refusal);
      }
      const preview = await previewOf(c, row);
      if (preview === null)
        return respond(c, refuse("not_found", { detail: "The plan is not kept any more." }).refusal);
      const { goes, enrolled, needs_confirmation } = preview;
      if (needs_confirmation && c.req.valid("json").confirm_removed !== goes) {
        const detail = `${goes} of ${enrolled} learners would be withdrawn.`;
        return respond(c, refuse("removal_unconfirmed", { detail, extra: { goes } }).refusal);
      }
      const confirmed = await confirm(c, databaseOf(c), row);
      return confirmed.ok ? c.json(viewRun(confirmed.value), 202, NO_STORE) : respond(c, confirmed.refusal);
    });
}

const newId = () => crypto.randomUUID().replaceAll("-", "");

async function sourceFor(c: AppContext, slug: string, name: string): Promise<Result<SourceRow>> {
  const course = await courseFor(c, slug, "manage");
  if (!course.ok) return course;
  if (course.value.pointer === null) return refuse("course_unpublished");
  const source = await findSource(databaseOf(c), slug, name);
  return source === null ? refuse("not_found", { detail: "The course has no such source of rosters." }) : ok(source);
}

async function runFor(c: AppContext, slug: string, id: string): Promise<Result<RunRow>> {
  const course = await courseFor(c, slug, "manage");
  if (!course.ok) return course;
  const row = await findRun(databaseOf(c), id);
  return row === null || row.course_slug !== slug ? refuse("not_found") : ok(row);
}

async function previewOf(c: AppContext, row: RunRow): Promise<RosterPreview | null> {
  if (row.held === 0 || row.state === "queued" || row.state === "reading") return null;
  const stored = await c.env.DOCUMENTS.get(previewKey(row.id));
  return stored === null ? null : previewSchema.parse(await stored.json());
}

async function begin(
  c: AppContext,
  { course_slug, name }: SourceRow,
  run: Pick<RunRow, "id" | "begun" | "file_name">,
): Promise<Result<RunRow>> {
  const db = databaseOf(c);
  const { id: owner, role } = actorOf(c);
  const made = { ...run, course_slug, source: name, owner, role, request_id: c.get("requestId") };
  if (!(await makeRun(db, made, Date.now()))) {
    return refuse("concurrent_change", { detail: "A run of this source is under way.", retry_after: 5 });
  }
  await askForRun(c.env, run.id);
  const row = await findRun(db, run.id);
  return row === null ? refuse("not_found") : ok(row);
}

/** Whoever confirms answers for it: the log names them, and their rights are asked while it is carried out. */
async function confirm(c: AppContext, db: Database, row: RunRow): Promise<Result<RunRow>> {
  const { id: owner, role } = actorOf(c);
  const directoryDb = directory(c.env);
  const [set] = await directoryDb.batch([
    confirmRun(directoryDb, row.id, owner, role, c.get("requestId"), Date.now()),
    entryOfCourse(c, "roster.applied", row.course_slug),
  ]);
  nudgeAudit(c);
  const now = await findRun(db, row.id);
  if (now === null || ((set?.meta.changes ?? 0) === 0 && (now.state === "planned" || now.state === "replaced"))) {
    return refuse("concurrent_change", { detail: "A newer run of this source took its place." });
  }
  await askForRun(c.env, row.id);
  return ok(now);
}
