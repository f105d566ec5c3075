import { z } from "@hono/zod-openapi";
import { and, desc, eq, lt } from "drizzle-orm";
import { nudgeAudit } from "../audit/index.ts";
import type { CourseDatabases } from "../platform/database/course-databases.ts";
import { passOn, respond } from "../platform/http/answers.ts";
import { type AppContext, actorOf, databaseOf, databasesOf } from "../platform/http/context.ts";
import { defineRoute, newRouter } from "../platform/http/define-route.ts";
import { namesTag } from "../platform/http/etag.ts";
import { claimOf, idempotencyHeader, idempotent } from "../platform/http/idempotency.ts";
import { pageQuery, pageSchema, paginate } from "../platform/http/pagination.ts";
import { courseSlugSchema } from "../platform/ids.ts";
import { toInstant } from "../platform/instants.ts";
import { logFault } from "../platform/log.ts";
import { refuse } from "../platform/results.ts";
import { acceptedSecrets } from "../platform/secrets.ts";
import { compile, type Program } from "../unlock/index.ts";
import { findingSchema, type PublishImpact } from "./answers.ts";
import type { CoursePointer } from "./catalog.ts";
import { managedCourse } from "./managed.ts";
import { activate, checkDocument, type MarkStale, type PublishPolicy, publish } from "./publish.ts";
import { publishRoute, refuseWholeDocument } from "./route-publish.ts";
import { courseParam, json, MANAGERS, OWNER_RULE, policySchema, TAGS } from "./routes-common.ts";
import { courseVersions } from "./tables.ts";
import { documentKey, isThere } from "./versions.ts";

/** What the rooms above do for this one. */
export interface CourseRoomDependencies {
  markStale: MarkStale;
  impactOf(
    env: Env,
    databases: CourseDatabases,
    course: string,
    current: CoursePointer | null,
    next: Program,
    policy: PublishPolicy,
    now: number,
  ): Promise<PublishImpact>;
  /** Asks for the recently active learners to be refreshed. */
  warm(env: Env, course: string, activation: number): Promise<void>;
}

const versionView = z
  .object({
    version: z.int(),
    is_active: z.boolean(),
    sha256: z.string(),
    note: z.string().nullable(),
    chapters: z.int(),
    problems: z.int(),
    warnings: z.array(findingSchema),
    published_by: z.string(),
    published_at: z.string(),
  })
  .openapi("CourseVersion");

const versionsRoute = defineRoute(
  { roles: MANAGERS, rule: OWNER_RULE },
  {
    method: "get",
    path: "/courses/{course}/versions",
    operationId: "listVersions",
    tags: TAGS,
    summary: "List versions, newest first",
    request: { params: courseParam, query: z.object(pageQuery) },
    responses: { 200: { description: "A page of versions.", content: json(pageSchema(versionView)) } },
  },
);

const versionParams = z.object({ course: courseSlugSchema, version: z.coerce.number().int().min(1) });

const sourceRoute = defineRoute(
  { roles: MANAGERS, rule: OWNER_RULE },
  {
    method: "get",
    path: "/courses/{course}/versions/{version}",
    operationId: "getVersion",
    tags: TAGS,
    summary: "The document of one version, as it was published",
    request: { params: versionParams },
    responses: {
      200: { description: "The document.", content: json(z.looseObject({ slug: z.string() })) },
      304: { description: "Not modified: the version still has this ETag." },
    },
  },
);

const activateRoute = defineRoute(
  { roles: MANAGERS, rule: OWNER_RULE, rate: "write", refuses: ["shards_full"] },
  {
    method: "post",
    path: "/courses/{course}/versions/{version}/activate",
    operationId: "activateVersion",
    tags: TAGS,
    summary: "Make an existing version the active one",
    middleware: [idempotent("marked")],
    request: {
      headers: idempotencyHeader,
      params: versionParams,
      body: { required: false, content: json(z.strictObject({ policy: policySchema }).openapi("ActivateRequest")) },
    },
    responses: {
      200: {
        description: "Active.",
        content: json(
          z
            .object({ course: z.string(), version: z.int(), activation: z.int(), created: z.boolean() })
            .openapi("Activation"),
        ),
      },
    },
  },
);

export function versionRoutes({ markStale, impactOf, warm }: CourseRoomDependencies) {
  return newRouter()
    .openapi(
      publishRoute,
      async (c) => {
        const { course: slug } = c.req.valid("param");
        const { document, policy, note } = c.req.valid("json");
        const managed = await managedCourse(c, slug);
        if (!managed.ok) return respond(c, managed.refusal);
        const checked = await checkDocument(slug, document, Date.now());
        if (!checked.ok) return respond(c, checked.refusal);
        const db = databaseOf(c);
        if (c.req.valid("query").dry_run === "true") {
          const { outline, warnings } = checked.value;
          const impact = await impactOf(
            c.env,
            databasesOf(c),
            slug,
            managed.value.pointer,
            compile(outline),
            policy,
            Date.now(),
          );
          const counts = { chapters: outline.chapters.length, problems: outline.problems.length };
          return c.json({ dry_run: true as const, ...counts, warnings, impact }, 200);
        }
        const options = {
          policy,
          note,
          actor: actorOf(c),
          request_id: c.get("requestId"),
          markStale,
          claim: claimOf(c),
        };
        const published = await publish(c.env, db, checked.value, options);
        if (!published.ok) return respond(c, published.refusal);
        if (published.value.created) warmLater(c, slug, published.value.activation);
        return c.json(published.value, published.value.created ? 201 : 200);
      },
      (result, c) => (result.success ? undefined : refuseWholeDocument(c, result.target, result.error)),
    )
    .openapi(versionsRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const found = await paginate(
        acceptedSecrets(c.env),
        `versions ${slug}`,
        c.req.valid("query"),
        (before, take) =>
          databaseOf(c)
            .select()
            .from(courseVersions)
            .where(
              and(
                eq(courseVersions.course_slug, slug),
                isThere,
                before === null ? undefined : lt(courseVersions.version, Number(before)),
              ),
            )
            .orderBy(desc(courseVersions.version))
            .limit(take)
            .all(),
        (row) => String(row.version),
      );
      if (!found.ok) return respond(c, found.refusal);
      const results = found.value.page.map((row) => ({
        version: row.version,
        is_active: managed.value.pointer?.version === row.version,
        sha256: row.sha256,
        note: row.note,
        chapters: row.chapter_count,
        problems: row.problem_count,
        warnings: z.array(findingSchema).parse(JSON.parse(row.warnings)),
        published_by: row.published_by,
        published_at: toInstant(row.published_at),
      }));
      return c.json({ results, next_cursor: found.value.next }, 200);
    })
    .openapi(sourceRoute, async (c) => {
      const { course: slug, version } = c.req.valid("param");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const row = await databaseOf(c)
        .select({ sha256: courseVersions.sha256 })
        .from(courseVersions)
        .where(and(eq(courseVersions.course_slug, slug), eq(courseVersions.version, version), isThere))
        .get();
      if (row === undefined) return respond(c, refuse("version_not_found").refusal);
      const etag = `"${row.sha256}"`;
      if (namesTag(c.req.header("if-none-match"), etag)) return new Response(null, { status: 304, headers: { etag } });
      const stored = await c.env.DOCUMENTS.get(documentKey(slug, row.sha256));
      if (stored === null)
        return respond(c, refuse("version_not_found", { detail: "Its document is not stored." }).refusal);
      // Only validated course documents are stored under these keys.
      return passOn(new Response(stored.body, { headers: { "content-type": "application/json", etag } }));
    })
    .openapi(activateRoute, async (c) => {
      const { course: slug, version } = c.req.valid("param");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const { policy = "grandfather" } = c.req.valid("json") ?? {};
      const options = { policy, actor: actorOf(c), request_id: c.get("requestId"), markStale, claim: claimOf(c) };
      const activated = await activate(c.env, databaseOf(c), slug, version, options);
      if (!activated.ok) return respond(c, activated.refusal);
      if (activated.value.created) warmLater(c, slug, activated.value.activation);
      return c.json(activated.value, 200);
    });

  /** A warm-up that cannot be asked for delays nobody: every object notices the new version by itself. */
  function warmLater(c: AppContext, slug: string, activation: number): void {
    nudgeAudit(c);
    c.executionCtx.waitUntil(
      warm(c.env, slug, activation).catch((fault: unknown) => logFault("warm_not_sent", fault, { course_id: slug })),
    );
  }
}
