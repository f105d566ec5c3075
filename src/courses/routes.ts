import { z } from "@hono/zod-openapi";
import { and, asc, desc, eq, gt, isNotNull, lt, or } from "drizzle-orm";
import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { nudgeAudit } from "../audit/outbox.ts";
import type { Database } from "../bindings.ts";
import { idempotent } from "../ops/idempotency.ts";
import { logFault } from "../ops/logging.ts";
import {
  type AppContext,
  type AppEnv,
  actorOf,
  databaseOf,
  defineRoute,
  idempotencyHeader,
  languageOf,
  languageQuery,
  newRouter,
  ROLES,
  respond,
} from "../shared/http.ts";
import { courseSlugSchema } from "../shared/ids.ts";
import { toInstant } from "../shared/instants.ts";
import { pageQuery, pageSchema, paginate } from "../shared/pagination.ts";
import { ok, type Result, refuse } from "../shared/results.ts";
import { acceptedSecrets } from "../shared/secrets.ts";
import { inLanguage, localizedTextSchema } from "../shared/text.ts";
import { compile, MAX_RULE_DEPTH, nestingExceeds, type Program } from "../unlock/index.ts";
import { mayManage } from "./access.ts";
import { type CourseEntry, type CoursePointer, fetchCourse } from "./catalog.ts";
import { courseDocumentSchema, MAX_DOCUMENT_BYTES } from "./document.ts";
import { activate, checkDocument, documentKey, type MarkStale, type PublishPolicy, publish } from "./publish.ts";
import { courses, courseVersions } from "./tables.ts";

/** What the rooms above do for this one. */
export interface CourseRoomDependencies {
  markStale: MarkStale;
  impactOf(
    db: Database,
    course: string,
    current: CoursePointer | null,
    next: Program,
    policy: PublishPolicy,
    now: number,
  ): Promise<object>;
  /** Asks for the recently active learners to be refreshed. */
  warm(env: Env, course: string, activation: number): Promise<void>;
}

/**
 * Deepest nesting of a publish body: document, chapters, chapter, problems, problem, and two levels for each of the
 * rule's sixteen, with room for its leaf. Checked before anything recurses.
 */
const MAX_NESTING = 44;

const TAGS = ["courses"];
const localized = z.union([z.string(), z.object({ en: z.string().optional(), zh: z.string().optional() })]);
const courseView = z
  .object({
    slug: z.string(),
    title: z.string(),
    owner_id: z.string(),
    active_version: z.int().nullable(),
    activation: z.int(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Course");
const finding = z.object({ path: z.string(), rule: z.string(), message: z.string() });
const versionView = z
  .object({
    version: z.int(),
    is_active: z.boolean(),
    sha256: z.string(),
    note: z.string().nullable(),
    chapters: z.int(),
    problems: z.int(),
    warnings: z.array(finding),
    published_by: z.string(),
    published_at: z.string(),
  })
  .openapi("CourseVersion");
const publishedView = z
  .object({
    course: z.string(),
    version: z.int(),
    activation: z.int(),
    created: z.boolean(),
    chapters: z.int(),
    problems: z.int(),
    warnings: z.array(finding),
  })
  .openapi("PublishedVersion");
const impactView = z
  .object({
    dry_run: z.literal(true),
    chapters: z.int(),
    problems: z.int(),
    warnings: z.array(finding),
    impact: z
      .looseObject({
        enrollments: z.int(),
        evaluated: z.int(),
        gaining: z.int(),
        losing: z.int(),
        items: z.array(z.object({ item: z.string(), gain: z.int(), lose: z.int() })),
      })
      .openapi("Impact"),
  })
  .openapi("PublishImpact");
const policySchema = z.enum(["grandfather", "relock"]).default("grandfather").openapi({
  description: "grandfather: what was opened stays open. relock: the new rules apply to everyone at once.",
});
const courseParam = z.object({ course: courseSlugSchema });
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const AUTHORS = ["author", "admin"] as const;
const OWNER_RULE = "Authors: own courses only.";

/** Stops a hostile tower of brackets before zod recurses over it. */
const refuseDeepNesting: MiddlewareHandler<AppEnv> = async (c, next) => {
  const body: unknown = await c.req.json();
  if (!nestingExceeds(body, MAX_NESTING)) return next();
  const message = `Nested deeper than ${MAX_NESTING} levels; rules may be ${MAX_RULE_DEPTH} deep.`;
  return respond(c, { code: "invalid_input", errors: [{ path: "", rule: "too_deep", message }] });
};

const listRoute = defineRoute(
  { roles: ROLES, rule: "Learners see published courses; authors also their own; admins all." },
  {
    method: "get",
    path: "/courses",
    tags: TAGS,
    summary: "List courses",
    request: { query: z.object({ ...pageQuery, lang: languageQuery }) },
    responses: { 200: { description: "A page of courses.", content: json(pageSchema(courseView)) } },
  },
);
const createCourseRoute = defineRoute(
  { roles: AUTHORS, rule: "The creator owns the course.", rate: "write" },
  {
    method: "post",
    path: "/courses",
    tags: TAGS,
    summary: "Create a course without a version yet",
    middleware: [idempotent()],
    request: {
      headers: idempotencyHeader,
      body: {
        required: true,
        content: json(z.strictObject({ slug: courseSlugSchema, title: localizedTextSchema(200) }).openapi("NewCourse")),
      },
    },
    responses: { 201: { description: "Created.", content: json(courseView) } },
  },
);
const readCourseRoute = defineRoute(
  { roles: ROLES, rule: "An unpublished course is seen by its author and admins only." },
  {
    method: "get",
    path: "/courses/{course}",
    tags: TAGS,
    summary: "Read a course",
    request: { params: courseParam, query: z.object({ lang: languageQuery }) },
    responses: { 200: { description: "The course.", content: json(courseView) } },
  },
);
const publishRoute = defineRoute(
  { roles: AUTHORS, rule: OWNER_RULE, maxBody: MAX_DOCUMENT_BYTES, rate: "write" },
  {
    method: "post",
    path: "/courses/{course}/versions",
    tags: TAGS,
    summary: "Publish a document as the next version, or (dry_run) only say what that would do",
    middleware: [every(refuseDeepNesting, idempotent())],
    request: {
      headers: idempotencyHeader,
      params: courseParam,
      query: z.object({ dry_run: z.enum(["true", "false"]).default("false") }),
      body: {
        required: true,
        content: json(
          z
            .strictObject({
              document: courseDocumentSchema,
              policy: policySchema,
              note: z.string().max(500).nullable().default(null),
            })
            .openapi("PublishRequest"),
        ),
      },
    },
    responses: {
      200: {
        description: "Dry run, or the active version already is this document.",
        content: json(z.union([publishedView, impactView])),
      },
      201: { description: "Published and active.", content: json(publishedView) },
    },
  },
);
const versionsRoute = defineRoute(
  { roles: AUTHORS, rule: OWNER_RULE },
  {
    method: "get",
    path: "/courses/{course}/versions",
    tags: TAGS,
    summary: "List versions, newest first",
    request: { params: courseParam, query: z.object(pageQuery) },
    responses: { 200: { description: "A page of versions.", content: json(pageSchema(versionView)) } },
  },
);
const versionParams = z.object({ course: courseSlugSchema, version: z.coerce.number().int().min(1) });
const sourceRoute = defineRoute(
  { roles: AUTHORS, rule: OWNER_RULE },
  {
    method: "get",
    path: "/courses/{course}/versions/{version}",
    tags: TAGS,
    summary: "The document of one version, as it was published",
    request: { params: versionParams },
    responses: { 200: { description: "The document.", content: json(z.looseObject({ slug: z.string() })) } },
  },
);
const activateRoute = defineRoute(
  { roles: AUTHORS, rule: OWNER_RULE, rate: "write" },
  {
    method: "post",
    path: "/courses/{course}/versions/{version}/activate",
    tags: TAGS,
    summary: "Make an existing version the active one",
    middleware: [idempotent()],
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

export function courseRoutes({ markStale, impactOf, warm }: CourseRoomDependencies) {
  return newRouter()
    .openapi(listRoute, async (c) => {
      const actor = actorOf(c);
      const published = isNotNull(courses.active_version);
      const mine = actor.role === "author" ? or(published, eq(courses.owner_id, actor.id)) : published;
      const found = await paginate(
        acceptedSecrets(c.env),
        `courses ${actor.id} ${actor.role}`,
        c.req.valid("query"),
        (after, take) =>
          databaseOf(c)
            .select()
            .from(courses)
            .where(and(gt(courses.slug, after ?? ""), actor.role === "admin" ? undefined : mine))
            .orderBy(asc(courses.slug))
            .limit(take)
            .all(),
        (row) => row.slug,
      );
      if (!found.ok) return respond(c, found.refusal);
      return c.json({ results: found.value.page.map((row) => viewOf(c, row)), next_cursor: found.value.next }, 200);
    })
    .openapi(createCourseRoute, async (c) => {
      const { slug, title } = c.req.valid("json");
      const now = Date.now();
      const row = { slug, owner_id: actorOf(c).id, title: JSON.stringify(title), created_at: now, updated_at: now };
      const inserted = await databaseOf(c).insert(courses).values(row).onConflictDoNothing().returning().get();
      if (inserted === undefined) return respond(c, refuse("course_exists").refusal);
      await fetchCourse(databaseOf(c), slug);
      return c.json(viewOf(c, inserted), 201);
    })
    .openapi(readCourseRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const row = await databaseOf(c).select().from(courses).where(eq(courses.slug, slug)).get();
      const entry = row === undefined ? null : { slug, owner_id: row.owner_id, pointer: null };
      const isVisible = row?.active_version != null || (entry !== null && mayManage(actorOf(c), entry));
      if (row === undefined || !isVisible) return respond(c, refuse("course_not_found").refusal);
      return c.json(viewOf(c, row), 200);
    })
    .openapi(publishRoute, async (c) => {
      const { course: slug } = c.req.valid("param");
      const { document, policy, note } = c.req.valid("json");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const checked = checkDocument(slug, document);
      if (!checked.ok) return respond(c, checked.refusal);
      const db = databaseOf(c);
      if (c.req.valid("query").dry_run === "true") {
        const { outline, warnings } = checked.value;
        const impact = await impactOf(db, slug, managed.value.pointer, compile(outline), policy, Date.now());
        const counts = { chapters: outline.chapters.length, problems: outline.problems.length };
        // SAFETY: the declared response names the fields of the impact; the room above types them.
        return c.json(
          { dry_run: true as const, ...counts, warnings, impact: impact as z.infer<typeof impactView>["impact"] },
          200,
        );
      }
      const options = { policy, note, actor: actorOf(c), request_id: c.get("requestId"), markStale };
      const published = await publish(c.env, db, checked.value, options);
      if (!published.ok) return respond(c, published.refusal);
      if (published.value.created) warmLater(c, slug, published.value.activation);
      return c.json(published.value, published.value.created ? 201 : 200);
    })
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
        warnings: z.array(finding).parse(JSON.parse(row.warnings)),
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
        .where(and(eq(courseVersions.course_slug, slug), eq(courseVersions.version, version)))
        .get();
      if (row === undefined) return respond(c, refuse("version_not_found").refusal);
      const stored = await c.env.DOCUMENTS.get(documentKey(slug, row.sha256));
      if (stored === null)
        return respond(c, refuse("version_not_found", { detail: "Its document is not stored." }).refusal);
      // SAFETY: only validated course documents are stored under these keys; the stream is passed on unread.
      return new Response(stored.body, {
        headers: { "content-type": "application/json", etag: `"${row.sha256}"` },
      }) as never;
    })
    .openapi(activateRoute, async (c) => {
      const { course: slug, version } = c.req.valid("param");
      const managed = await managedCourse(c, slug);
      if (!managed.ok) return respond(c, managed.refusal);
      const { policy = "grandfather" } = c.req.valid("json") ?? {};
      const options = { policy, actor: actorOf(c), request_id: c.get("requestId"), markStale };
      const activated = await activate(databaseOf(c), slug, version, options);
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

/** The course if the caller may manage it. Others' unpublished courses are not admitted to exist. */
async function managedCourse(c: AppContext, slug: string): Promise<Result<CourseEntry>> {
  c.get("facts").course_id = slug;
  const course = await fetchCourse(databaseOf(c), slug);
  if (course === null) return refuse("course_not_found");
  if (mayManage(actorOf(c), course)) return ok(course);
  return course.pointer === null ? refuse("course_not_found") : refuse("forbidden", { detail: OWNER_RULE });
}

function viewOf(c: AppContext, row: typeof courses.$inferSelect) {
  const title = localized.parse(JSON.parse(row.title));
  const texts = typeof title === "string" ? { en: title } : { en: title.en ?? title.zh ?? "", zh: title.zh };
  return {
    slug: row.slug,
    title: inLanguage(texts, languageOf(c)),
    owner_id: row.owner_id,
    active_version: row.active_version,
    activation: row.activation,
    created_at: toInstant(row.created_at),
    updated_at: toInstant(row.updated_at),
  };
}
