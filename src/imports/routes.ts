import { and, desc, eq, ne, sql } from "drizzle-orm";
import { nudgeAudit } from "../audit/index.ts";
import { fetchCourse, loadProgram, mayManage } from "../courses/index.ts";
import { demandLengthOfUsers } from "../files/index.ts";
import { impactNow } from "../mirror/index.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf, databasesOf } from "../platform/http/context.ts";
import { newRouter } from "../platform/http/define-route.ts";
import { paginate } from "../platform/http/pagination.ts";
import { refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { dropImport } from "./drop.ts";
import { reportKey } from "./keys.ts";
import { courseToImportInto } from "./rights.ts";
import {
  ARCHIVE_TYPES,
  beginRoute,
  dropRoute,
  IMPORTS_PATH,
  listRoute,
  readRoute,
  reportRoute,
} from "./route-definitions.ts";
import { viewImport } from "./schemas.ts";
import { findImport } from "./store.ts";
import { courseImports, type ImportRow } from "./tables.ts";
import { takeArchive } from "./upload.ts";

const NO_STORE = { "cache-control": "no-store" };

/** Imports of courses. Mounted at /api/v1 before the courses, because their slugs are in the same place of the path. */
export function importRoutes() {
  const router = newRouter();
  router.post(IMPORTS_PATH, demandLengthOfUsers);
  return router
    .openapi(beginRoute, async (c) => {
      const { format, course, name = "archive" } = c.req.valid("query");
      const headers = c.req.valid("header");
      const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
      if (!ARCHIVE_TYPES.includes(type)) {
        const detail = `Accepted are: ${ARCHIVE_TYPES.join(", ")}.`;
        return respond(c, refuse("file_type_not_allowed", { detail }).refusal);
      }
      const actor = actorOf(c);
      const db = databaseOf(c);
      c.get("facts").course_id = course;
      const allowed = await courseToImportInto(db, actor, course);
      if (!allowed.ok) return respond(c, allowed.refusal);
      const announced = {
        owner: actor.id,
        role: actor.role,
        request_id: c.get("requestId"),
        upload_key: headers["idempotency-key"] ?? null,
        format,
        course_slug: course,
        name,
        size: Number(headers["content-length"]),
      };
      const taken = await takeArchive({ env: c.env, db, now: Date.now() }, announced, type, c.req.raw.body);
      if (!taken.ok) return respond(c, taken.refusal);
      nudgeAudit(c);
      const { row, replayed } = taken.value;
      return c.json(viewImport(row), 202, { ...NO_STORE, ...(replayed ? { "idempotency-replayed": "true" } : {}) });
    })
    .openapi(listRoute, async (c) => {
      const { id: user, role } = actorOf(c);
      const isAll = role === "admin";
      const found = await paginate(
        acceptedSecrets(c.env),
        isAll ? "imports" : `imports of ${user}`,
        c.req.valid("query"),
        (after, take) => {
          const [at = Number.MAX_SAFE_INTEGER, id = ""] = after?.split(" ") ?? [];
          return databaseOf(c)
            .select()
            .from(courseImports)
            .where(
              and(
                isAll ? undefined : eq(courseImports.owner, user),
                ne(courseImports.state, "receiving"),
                eq(courseImports.kind, "course"),
                // Also for the first page: with a bound, the query searches the index instead of scanning it.
                sql`(created_at, id) < (${Number(at)}, ${id})`,
              ),
            )
            .orderBy(desc(courseImports.created_at), desc(courseImports.id))
            .limit(take)
            .all();
        },
        (row) => `${row.created_at} ${row.id}`,
      );
      if (!found.ok) return respond(c, found.refusal);
      return c.json({ results: found.value.page.map(viewImport), next_cursor: found.value.next }, 200, NO_STORE);
    })
    .openapi(readRoute, async (c) => {
      const row = await importFor(c, c.req.valid("param").id);
      if (row === null) return respond(c, refuse("not_found").refusal);
      return c.json({ ...viewImport(row), impact: await impactOf(c, row) }, 200, NO_STORE);
    })
    .openapi(reportRoute, async (c) => {
      const row = await importFor(c, c.req.valid("param").id);
      if (row === null) return respond(c, refuse("not_found").refusal);
      const stored = row.reported === 1 ? await c.env.DOCUMENTS.get(reportKey(row.id)) : null;
      if (stored === null) return respond(c, refuse("not_found", { detail: "There is no report of it." }).refusal);
      // Only reports of importers are stored under these keys.
      return passOn(new Response(stored.body, { headers: { ...NO_STORE, "content-type": "application/json" } }));
    })
    .openapi(dropRoute, async (c) => {
      const row = await importFor(c, c.req.valid("param").id);
      if (row === null) return c.body(null, 204);
      c.get("facts").course_id = row.course_slug;
      const by = { actor: actorOf(c), request_id: c.get("requestId"), now: Date.now() };
      await dropImport(c.env, databaseOf(c), row, by);
      nudgeAudit(c);
      return c.body(null, 204);
    });
}

/** The import, if the caller may see it; those of others get the same answer as missing ones. */
export async function importFor(c: AppContext, id: string): Promise<ImportRow | null> {
  const row = await findImport(databaseOf(c), id);
  if (row === undefined || row.state === "receiving" || row.kind !== "course") return null;
  const { id: user, role } = actorOf(c);
  return row.owner === user || role === "admin" ? row : null;
}

/**
 * The effect of activating the draft for the course's learners; null if the course is not live, or the draft is active.
 */
async function impactOf(c: AppContext, { course_slug: slug, version }: ImportRow) {
  if (version === null) return null;
  const db = databaseOf(c);
  const course = await fetchCourse(db, slug);
  if (course === null || course.pointer === null || course.pointer.version === version) return null;
  if (!mayManage(actorOf(c), course)) return null;
  const program = await loadProgram(db, slug, version);
  if (program === null) return null;
  return impactNow(c.env, databasesOf(c), slug, course.pointer, program, "grandfather", Date.now());
}
